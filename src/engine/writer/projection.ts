/** Everything derived from the entries of a journal. No jobs run here. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import { noteLimits } from "../../core/changed_limits.ts";
import { notePause } from "../../core/pauses.ts";
import { EventIds } from "./event_ids.ts";
import { refuseEntry } from "./framework_schemas.ts";
import { InForce, isFailedAttempt, RecentFailures } from "./in_force.ts";
import { JobTable } from "./job_table.ts";
import type { JobIndex } from "../job_index.ts";
import type { JournalConsumer, JournalHead } from "../ports.ts";
import { Places, type RateOf, Starts } from "./places.ts";
import { captureContent, captureLiving, restoreContent } from "./snapshot_content.ts";

/** What a batch changed besides jobs. */
export class Changes {
  /** Whether pauses have begun or ended. */
  isPausedOtherwise = false;
  /** Jobs that lost their place because a pause now holds them. */
  readonly givenBack: JobId[] = [];
  /** Types whose limits changed. */
  readonly limited = new Set<string>();
  /** Types with a failed attempt. */
  readonly failed = new Set<string>();
}

export class Projection implements JournalConsumer {
  readonly table: JobTable;
  readonly eventIds: EventIds;
  readonly pauses = new InForce(notePause, ({ pauseId }) => pauseId);
  /** Limits with which operators override those in the code, by type. */
  readonly limitChanges = new InForce(noteLimits, ({ type }) => type);
  readonly failures = new RecentFailures();
  readonly places = new Places(this.pauses);
  readonly starts: Starts;
  #hasBegun = false;
  /** Whether all jobs are known from the lines alone: neither a snapshot nor the index was used. */
  isWhole = false;

  /**
   * @param index Stores ended jobs. Without an index they stay in memory.
   * @param rateOf The rates of types. Starts are kept only for types with a rate.
   */
  constructor(index?: JobIndex, rateOf: RateOf = () => undefined) {
    this.starts = new Starts((type) => {
      const changed = this.limitChanges.get(type);
      return changed === undefined ? rateOf(type) : changed.limits.rate;
    });
    this.eventIds = new EventIds(index);
    this.table = new JobTable(index, this.eventIds);
  }

  restore(lines: readonly string[]): boolean {
    this.#hasBegun = restoreContent(lines, this);
    this.table.isStarting = this.#hasBegun;
    return this.#hasBegun;
  }

  /**
   * Empties the index if no snapshot was restored that relies on it.
   *
   * @param kept Keeps the index up to this point of it instead, if it can.
   */
  begin(kept?: JournalHead): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { index } = this.table;
    if (kept !== undefined && index?.begin(kept) === true) return;
    index?.begin(undefined);
    this.isWhole = true;
  }

  replay(entry: JobEventLogEntry): void {
    this.begin();
    if (this.table.isLettingGo) this.table.letGo();
    this.eventIds.add(entry);
    this.see(entry, this.table.apply(entry));
  }

  /**
   * Updates everything but the jobs and ids; at a start as in operation, in the order of the journal.
   *
   * @param applied The effect of the entry on its job, if it has one.
   * @param changes Collects what others have to act on.
   */
  see(entry: JobEventLogEntry, applied: Applied | undefined, changes?: Changes): void {
    if (this.pauses.see(entry)) {
      const released = this.places.pausesChanged();
      if (changes !== undefined) changes.isPausedOtherwise = true;
      changes?.givenBack.push(...released);
    }
    if (this.limitChanges.see(entry) && "type" in entry.attributes) {
      changes?.limited.add(entry.attributes.type as string);
    }
    if (applied !== undefined) {
      if (this.places.see(applied)) changes?.givenBack.push(applied.job.jobId);
      this.starts.see(applied);
    }
    const type = applied === undefined ? this.#typeOf(entry) : applied.job.type;
    const failed = this.failures.see(entry, this.pauses.all, type);
    if (failed !== undefined) changes?.failed.add(failed);
  }

  /** The type of a job that has left memory, if it matters: reading it takes time. */
  #typeOf(entry: JobEventLogEntry): string | undefined {
    const { jobId } = entry;
    if (jobId === undefined || !isFailedAttempt(entry)) return undefined;
    return this.table.head(jobId)?.type;
  }

  durable(entries: readonly JobEventLogEntry[]): void {
    for (const entry of entries) this.replay(entry);
  }

  capture(head: JournalHead): Iterable<string> {
    return captureContent(this, head);
  }

  /** Like `capture`, for an engine with an index. */
  captureLiving(head: JournalHead): Iterable<string> {
    return captureLiving(this, head);
  }

  refuse(entry: JobEventLogEntry): string | undefined {
    return refuseEntry(entry);
  }

  /** Does nothing: only durable entries are projected here. */
  lost(): void {}

  /** Does nothing: the caller that appends gets the error. */
  failed(): void {}
}
