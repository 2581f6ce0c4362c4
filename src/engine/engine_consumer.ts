/**
 * Handles a durable batch: updates the views, advances the jobs, answers the callers. While another
 * process leads the journal, only the views are updated.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId } from "../core/ids.ts";
import type { Applied } from "../core/job_fold.ts";
import type { EngineParts, JobEngineOptions } from "./engine_parts.ts";
import type { Clock, JournalConsumer } from "./ports.ts";
import type { LoopTurns } from "./run/scheduler.ts";
import type { JobTable } from "./writer/job_table.ts";

export function engineConsumer(
  parts: EngineParts,
  onJournalFailed: JobEngineOptions["onJournalFailed"],
): JournalConsumer {
  const { clock, projection, writer, pastEvents } = parts;
  const letGo = new LettingGo(projection.table, parts.turns, clock);
  return {
    known: (upTo) => projection.table.index?.known(upTo),
    restore: (lines) => projection.restore(lines),
    replay: (entry) => projection.replay(entry),
    durable: (entries) => {
      if (parts.leads) onDurableBatch(parts, entries);
      else onAdoptedBatch(parts, entries);
      if (projection.table.isLettingGo) letGo.soon();
      pastEvents.durable(writer.durableLogId);
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
    if (this.#isUnderWay) return;
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

function onDurableBatch(
  parts: EngineParts,
  entries: readonly JobEventLogEntry[],
): void {
  const { duties, heldPlaces, pauseControls, breakers, supervisor, writer, feed, turns } = parts;
  const { shown, givenBack, changed, failed, isPausedOtherwise } = see(parts, entries);
  for (const applied of shown) for (const duty of duties) duty.see(applied);
  if (isPausedOtherwise) pauseControls.changed();
  if (failed.size > 0) breakers.consider(failed);
  turns.passed();
  // Before queued jobs begin in the place of those that have ended.
  for (const type of changed) heldPlaces.limitsChanged(type);
  supervisor.durable(shown);
  heldPlaces.gaveBack(givenBack);
  writer.answerDurable();
  feed.wake();
  for (const type of changed) parts.shares.notifyChanged(type);
  parts.workers.grantNext();
  parts.threadWorkers.grantNext();
}

/** Another process recorded the batch, so only views are updated. */
function onAdoptedBatch(parts: EngineParts, entries: readonly JobEventLogEntry[]): void {
  parts.writer.adopt(entries);
  see(parts, entries);
  parts.feed.wake();
}

/** The changes in a batch that others must learn of. */
interface Seen {
  readonly shown: readonly Applied[];
  /** Jobs that lost their place because a pause now holds them. */
  readonly givenBack: readonly JobId[];
  /** Types whose limits changed. */
  readonly changed: ReadonlySet<string>;
  /** Types with a failed attempt. */
  readonly failed: ReadonlySet<string>;
  readonly isPausedOtherwise: boolean;
}

function see(parts: EngineParts, entries: readonly JobEventLogEntry[]): Seen {
  const shown = parts.writer.durable(entries);
  const inOrder = seeInOrder(parts, entries, shown);
  const changed = new Set<string>();
  for (const entry of entries) {
    const type = parts.limitChanges.see(entry);
    if (type !== undefined) changed.add(type);
  }
  for (const applied of shown) {
    parts.starts.see(applied);
    for (const view of parts.views) view.see(applied);
  }
  return { shown, changed, ...inOrder };
}

/**
 * Updates pauses, the places that jobs hold, and the rules that begin pauses, before anything else
 * continues; in the order of the journal, as at a start.
 */
function seeInOrder(
  { pauses, failures, places, projection: { table } }: EngineParts,
  entries: readonly JobEventLogEntry[],
  shown: readonly Applied[],
): Pick<Seen, "givenBack" | "failed" | "isPausedOtherwise"> {
  let isPausedOtherwise = false;
  const givenBack: JobId[] = [];
  const failed = new Set<string>();
  let next = 0;
  for (const entry of entries) {
    if (pauses.see(entry)) {
      isPausedOtherwise = true;
      givenBack.push(...places.pausesChanged());
    }
    const applied = shown[next];
    if (applied?.entry.logId === entry.logId) {
      if (places.see(applied)) givenBack.push(applied.job.jobId);
      next++;
    }
    const type = failures.see(entry, pauses.all, (jobId) => table.head(jobId)?.type);
    if (type !== undefined) failed.add(type);
  }
  return { givenBack, failed, isPausedOtherwise };
}
