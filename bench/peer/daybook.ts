/** Daybook itself, as one of those that are compared. */

import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { PLACES, THREE_TASKS, UNTIL_DONE } from "../targets/job_bodies.ts";
import { HttpPeer } from "./http_peer.ts";
import type { PeerSystem } from "./peer.ts";

export const daybook: PeerSystem = {
  name: "Daybook",
  steps: "three tasks",
  durability: "before each answer",
  install: () =>
    Promise.resolve({
      async start() {
        await using started = new AsyncDisposableStack();
        const server = started.use(await startDaybook({ flags: PLACES }));
        started.use(await keepCompany(server.url));
        return new HttpPeer({
          port: server.port,
          path: "/jobs",
          body: THREE_TASKS,
          prefer: UNTIL_DONE,
          pids: [server.pid],
          started: started.move(),
        });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};
