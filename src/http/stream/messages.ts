/** Server-sent events as text: section 8 of the design. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { EnginePort } from "../ports/engine_port.ts";

const RECONNECT_MS = 2_000;

/**
 * A message that dispatches no event, for it has no data, but moves the reader's
 * `Last-Event-ID`: never beyond what was scanned for it.
 */
export function heartbeatAt(position: LogId): string {
  return `: heartbeat\nid: ${position}\n\n`;
}

/** What every stream begins with. */
export function greetingAt(position: LogId): string {
  return `retry: ${RECONNECT_MS}\n${heartbeatAt(position)}`;
}

/**
 * The journal gives recent entries as the same objects to all who read them, so each is
 * put into text once for all filters, and forgotten with it.
 */
const MESSAGES = new WeakMap<JobEventLogEntry, string>();

export function messageOf(
  entry: JobEventLogEntry,
  engine: Pick<EnginePort, "transitionAt">,
): string {
  let message = MESSAGES.get(entry);
  if (message === undefined) {
    const transition = engine.transitionAt(entry);
    const data = transition === undefined
      ? entry
      : { ...entry, job: { jobId: entry.jobId, ...transition } };
    message = `id: ${entry.logId}\ndata: ${JSON.stringify(data)}\n\n`;
    MESSAGES.set(entry, message);
  }
  return message;
}
