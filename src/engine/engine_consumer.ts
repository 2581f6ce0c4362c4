/**
 * Handles a durable batch: updates the views, advances the jobs, answers the callers. While another
 * process leads the journal, only the views are updated.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { Applied } from "../core/job_fold.ts";
import { runToEnd, type Work } from "../core/work.ts";
import { inTimedTurns } from "./turns.ts";
import type { EngineParts, JobEngineOptions } from "./engine_parts.ts";
import type { Clock, JournalConsumer } from "./ports.ts";
import type { LoopTurns } from "./run/scheduler.ts";
import type { JobTable } from "./writer/job_table.ts";
import { Changes } from "./writer/projection.ts";

export function engineConsumer(
  parts: EngineParts,
  onJournalFailed: JobEngineOptions["onJournalFailed"],
): JournalConsumer {
  const { clock, projection, writer, pastEvents } = parts;
  const { table } = projection;
  const letGo = new LettingGo(table, parts.turns, clock);
  function* onDurable(entries: readonly JobEventLogEntry[]): Work<void> {
    if (parts.leads) yield* onOwn(parts, entries);
    else onAdopted(parts, entries);
    pastEvents.durable(writer.durableLogId);
  }
  function* inSlices(
    slices: readonly (readonly JobEventLogEntry[])[],
    isLarge: boolean,
  ): Work<void> {
    for (const slice of slices) {
      yield* onDurable(slice);
      yield;
    }
    if (!isLarge) return letGo.soon();
    // The snapshot that may follow would write all of it to the index at once.
    for (; table.isLettingGo; yield) table.letGo();
  }
  function onBatch(entries: readonly JobEventLogEntry[]): void {
    runToEnd(onDurable(entries));
    letGo.soon();
  }
  return {
    known: (upTo) => table.index?.known(upTo),
    restore: (lines) => projection.restore(lines),
    point: () => table.index?.point(),
    keep: (point) => projection.begin(point),
    replay: (entry) => projection.replay(entry),
    // Between slices, the next batch and a snapshot wait.
    durable(entries) {
      const slices = writer.slices(entries);
      if (slices === undefined) return onBatch(entries);
      return inTimedTurns(inSlices(slices, entries.length > LARGE), clock);
    },
    lost: (error) => writer.lost(error),
    capture: (head) => projection.capture(head),
    refuse: (entry) => projection.refuse(entry),
    failed(error) {
      parts.failed = true;
      writer.failed(error);
      onJournalFailed?.(error);
    },
  };
}

/** A batch of more entries, such as a large retry, moves the jobs that it ends to the index itself. */
const LARGE = 1_000;

/** Ended jobs leave memory a few at a time, since many may end at once and each may be large. */
class LettingGo {
  #isUnderWay = false;

  constructor(
    private readonly table: Pick<JobTable, "isLettingGo" | "letGo">,
    private readonly turns: Pick<LoopTurns, "next">,
    private readonly clock: Pick<Clock, "pause">,
  ) {}

  /** Deferred, so that nothing that waits for the batch is delayed. */
  soon(): void {
    if (this.#isUnderWay || !this.table.isLettingGo) return;
    this.#isUnderWay = true;
    this.turns.next(() => void this.#all());
  }

  async #all(): Promise<void> {
    this.table.letGo();
    while (this.table.isLettingGo) {
      await this.clock.pause();
      this.table.letGo();
    }
    this.#isUnderWay = false;
  }
}

/**
 * This process recorded the entries. With places to pause: by then they are visible, and the rest
 * only follows from it.
 */
function* onOwn(parts: EngineParts, entries: readonly JobEventLogEntry[]): Work<void> {
  const { duties, heldPlaces, pauseControls, supervisor, writer, waitingCallers, turns } = parts;
  const changes = new Changes();
  const shown = see(parts, entries, changes);
  yield;
  for (const applied of shown) for (const duty of duties) duty.see(applied);
  if (changes.isPausedOtherwise) pauseControls.changed();
  if (changes.failed.size > 0) pauseControls.failed(changes.failed);
  turns.passed();
  // Before queued jobs begin in the place of those that have ended.
  for (const type of changes.limited) heldPlaces.limitsChanged(type);
  supervisor.durable(shown);
  heldPlaces.gaveBack(changes.givenBack);
  yield;
  writer.answerDurable();
  waitingCallers.wake();
  for (const type of changes.limited) parts.shares.notifyChanged(type);
  parts.workers.grantNext();
  parts.threadWorkers.grantNext();
}

/** Another process recorded the entries, so only views are updated. */
function onAdopted(parts: EngineParts, entries: readonly JobEventLogEntry[]): void {
  parts.writer.adopt(entries);
  see(parts, entries);
  parts.waitingCallers.wake();
}

/** Makes entries visible: jobs first, then what else is derived, before anything continues. */
function see(
  { projection, views, writer }: EngineParts,
  entries: readonly JobEventLogEntry[],
  changes?: Changes,
): readonly Applied[] {
  const shown = writer.durable(entries);
  let next = 0;
  for (const entry of entries) {
    const applied = shown[next]?.entry.logId === entry.logId ? shown[next++] : undefined;
    projection.see(entry, applied, changes);
  }
  for (const applied of shown) for (const view of views) view.see(applied);
  return shown;
}
