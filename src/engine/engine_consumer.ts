/** Handles a durable batch: updates the views, advances the jobs, answers the callers. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { EngineParts, JobEngineOptions } from "./engine_parts.ts";
import type { EngineStatus } from "./engine_status.ts";
import type { JournalConsumer } from "./ports.ts";

type ConsumerParts = Pick<
  EngineParts,
  "projection" | "writer" | "views" | "supervisor" | "feed" | "workers" | "turns" | "pacer"
>;

export function engineConsumer(
  parts: ConsumerParts,
  { onJournalFailed }: JobEngineOptions,
  status: EngineStatus,
): JournalConsumer {
  const { projection, writer } = parts;
  return {
    restore: (lines) => projection.restore(lines),
    replay: (entry) => projection.replay(entry),
    durable: (entries) => {
      goOn(parts, entries);
      if (projection.table.isLettingGo) parts.turns.next(() => projection.table.letGo());
      const { facts } = projection;
      if (facts.hasToWrite) void parts.pacer.all({ spentMs: 0 }, facts.writing());
    },
    lost: (error) => writer.lost(error),
    capture: (head) => projection.capture(head),
    refuse: (entry) => projection.refuse(entry),
    failed(error) {
      status.failed = true;
      writer.failed(error);
      onJournalFailed?.(error);
    },
  };
}

function goOn(
  { writer, views, supervisor, feed, workers, turns }: ConsumerParts,
  entries: readonly JobEventLogEntry[],
): void {
  const shown = writer.durable(entries);
  for (const applied of shown) {
    for (const view of views) view.see(applied);
  }
  turns.passed();
  supervisor.durable(shown);
  writer.answerWaiting();
  feed.wake();
  workers.grantNext();
}
