/** Stops a server: the first signal drains it, a second one ends it at once. */

import { counted } from "../core/counted.ts";
import { durationText } from "../core/duration.ts";
import type { Daybook } from "./daybook.ts";
import type { Listener } from "./listener.ts";
import { onStopSignal } from "./system.ts";

/** The action of the first signal. */
let stop: (() => Promise<void>) | undefined;

export function stopOnSignal(how: () => Promise<void>): void {
  if (stop === undefined) onStopSignal(async () => await stop?.());
  stop = how;
}

/**
 * A leader drains, and seals the journal.
 *
 * @throws {Error} if it could not stop cleanly.
 */
export async function stopInOrder(
  daybook: Daybook,
  server: Listener,
  drainMs: number,
  warn: (message: string) => void,
): Promise<void> {
  warn(stoppingText(daybook.engine.activity.busyWorkers, drainMs));
  await daybook.stop(() => server.shutdown());
  warn(stoppedText(daybook));
}

function stoppingText(busyWorkers: number, drainMs: number): string {
  if (busyWorkers === 0) return "stopping";
  const jobs = counted(busyWorkers, "running job");
  return `stopping: ${jobs} may take ${durationText(drainMs)} to end their tasks; ` +
    "a second signal ends them now";
}

function stoppedText({ leads, journal }: Daybook): string {
  const { logId } = journal.head;
  if (leads) {
    return logId === 0 ? "stopped; the journal is empty" : "stopped, and the journal is sealed";
  }
  return logId === 0 ? "stopped; it has no copy" : `stopped; the copy ends at logId ${logId}`;
}
