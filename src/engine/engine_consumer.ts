/** What becomes of entries that are durable: jobs are projected, and go on. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId } from "../core/ids.ts";
import type { EngineParts, JobEngineOptions } from "./engine_parts.ts";
import type { EngineStatus } from "./engine_status.ts";
import type { Applied } from "./job_table.ts";
import type { JournalConsumer } from "./ports.ts";

type ConsumerParts = Pick<
  EngineParts,
  | "projection"
  | "recorder"
  | "ended"
  | "census"
  | "attention"
  | "traces"
  | "supervisor"
  | "feed"
  | "inputRemovals"
>;

export function engineConsumer(
  parts: ConsumerParts,
  { onJournalFailed, onDefect = () => {} }: JobEngineOptions,
  status: EngineStatus,
): JournalConsumer {
  const { projection, recorder } = parts;
  return {
    restore: (lines) => projection.restore(lines),
    replay: (entry) => void recorder.see(entry),
    durable: (entries) => goOn(parts, entries, onDefect),
    capture: () => projection.capture(),
    refuse: (entry) => projection.refuse(entry),
    failed(error) {
      status.failed = true;
      onJournalFailed?.(error);
    },
  };
}

/** Projects a batch, lets jobs go on, and wakes those who wait. */
function goOn(
  { recorder, ended, census, attention, traces, supervisor, feed, inputRemovals }: ConsumerParts,
  entries: readonly JobEventLogEntry[],
  onDefect: (error: unknown) => void,
): void {
  const touched = new Set<JobId>();
  const steps: Applied[] = [];
  for (const entry of entries) {
    const applied = recorder.see(entry);
    if (applied === undefined) continue;
    steps.push(applied);
    ended.see(applied);
    census.see(applied);
    attention.see(applied);
    traces.see(applied);
    inputRemovals.see(applied);
    touched.add(applied.job.jobId);
  }
  for (const applied of steps) {
    try {
      supervisor.see(applied);
    } catch (error) {
      onDefect(error); // One job's run must not stop the journal, which waits for this.
    }
  }
  feed.wake(touched);
}
