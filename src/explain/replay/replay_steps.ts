/** A job's history step by step: for each entry, the row that applied, what it changed, and why. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import type { JobState } from "../../core/job_state.ts";
import type { RuleName } from "../../core/rules.ts";
import { type Change, changesKnowing } from "./changes.ts";
import { explainStep } from "./why.ts";

export interface ReplayStep {
  readonly logId: LogId;
  readonly eventType: string;
  /** The row of the state table; see `RULES`. */
  readonly rule: RuleName;
  readonly changed: readonly Change[];
  readonly why: string;
}

/** Selects some of the steps, since there may be very many. */
export interface StepsWanted {
  /** Steps after this position; from the first when absent. */
  readonly after?: LogId | undefined;
  /** At most this many; all when absent. */
  readonly limit?: number | undefined;
  /** And the steps at these positions, wherever they are. */
  readonly also?: ReadonlySet<LogId> | undefined;
}

export interface Replay {
  readonly job: JobState;
  readonly steps: readonly ReplayStep[];
  /** When there are more steps: pass this as `after` to continue. */
  readonly next?: LogId;
}

/** A page of steps ends once its steps have this many changes. */
const CHANGES_MAX = 20_000;

/** Collects the wanted steps; others cost nothing. */
export class SelectedSteps {
  readonly steps: ReplayStep[] = [];
  #count = 0;
  #changes = 0;
  #last: LogId | undefined;
  #next: LogId | undefined;

  constructor(private readonly wanted: StepsWanted = {}) {}

  /** When there are more; see `Replay`. */
  get next(): { readonly next?: LogId } {
    return this.#next === undefined ? {} : { next: this.#next };
  }

  add(logId: LogId, make: () => ReplayStep): void {
    const { after = 0, also } = this.wanted;
    const isNext = logId > after && this.#hasRoom(logId);
    if (!isNext && also?.has(logId) !== true) return;
    const step = make();
    this.steps.push(step);
    if (!isNext) return;
    this.#count += 1;
    this.#changes += step.changed.length;
    this.#last = logId;
  }

  #hasRoom(logId: LogId): boolean {
    const { limit = Infinity } = this.wanted;
    if (this.#next !== undefined) return false;
    if (this.#count < limit && (limit === Infinity || this.#changes < CHANGES_MAX)) return true;
    this.#next = this.#last ?? logId - 1;
    return false;
  }
}

/** Folds entries of one job, oldest first. Memory depends on the steps that are wanted. */
export class Replaying {
  readonly #fold = new JobFold();
  readonly #selected: SelectedSteps;

  constructor(wanted?: StepsWanted) {
    this.#selected = new SelectedSteps(wanted);
  }

  /** @throws {TypeError} when the first is not `job.JobCreated`. */
  apply(entry: JobEventLogEntry): void {
    const folded = this.#fold.apply(entry);
    this.#selected.add(entry.logId, () => replayStep(entry, folded));
  }

  /** Up to the last entry. @throws {TypeError} when there is none. */
  get replay(): Replay {
    const { job } = this.#fold;
    if (job === undefined) throw new TypeError("Cannot replay a job: it has no entries");
    return { job, steps: this.#selected.steps, ...this.#selected.next };
  }
}

export function replayStep(entry: JobEventLogEntry, applied: Applied): ReplayStep {
  const { before, job, rule, conditionBefore, condition } = applied;
  return {
    logId: entry.logId,
    eventType: entry.eventType,
    rule,
    changed: changesKnowing(before, job, conditionBefore, condition),
    why: explainStep(before, entry, applied),
  };
}
