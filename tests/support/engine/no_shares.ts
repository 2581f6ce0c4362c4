/** For queues whose jobs have no limits. */

import type { QueueShares } from "../../../src/engine/run/worker_queue.ts";

export const NO_SHARES: QueueShares = {
  epoch: 0,
  forget: () => {},
  isOpen: () => true,
  take: () => {},
  subscribe: () => {},
};
