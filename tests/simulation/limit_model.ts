/**
 * Limits of a job type, derived from the durable entries alone: which are in force, and that no job
 * takes a place or starts beyond them.
 */

import { deriveCondition } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { MAIN_TASK } from "../../src/core/ids.ts";
import { JobFold } from "../../src/core/job_fold.ts";
import { findTask, type JobState } from "../../src/core/job_state.ts";
import { type ChangedLimits, noteLimits } from "../../src/core/changed_limits.ts";
import { notePause } from "../../src/core/pauses.ts";
import type { LimitValues } from "../../src/core/place_limits.ts";
import type { TypeLimits } from "../../src/engine/requests.ts";
import { InForce } from "../../src/engine/writer/in_force.ts";
import { Places } from "../../src/engine/writer/places.ts";

/** The type of most jobs, and the limits in its code, if there are any. */
export const LIMITED_TYPE = "sim.work";
export const CODE_LIMITS = { maxRunning: 2, perKey: 1, rate: { count: 3, perMs: 2_000 } };
/** Limits that may replace them. */
export const OTHER_LIMITS: readonly LimitValues[] = [
  { maxRunning: 1 },
  { maxRunning: 4, perKey: 2 },
  { perKey: 1, rate: { count: 1, perMs: 5_000 } },
  { rate: { count: 10, perMs: 1_000 } },
  {},
];

/** How long a grant under previous limits may take to be recorded: three slow syncs. */
const GRACE_MS = 5_000;

interface Past {
  readonly limits: LimitValues;
  readonly untilMs: number;
}

export class LimitModel {
  #changed: readonly ChangedLimits[] = [];
  /** Recently replaced limits. */
  #past: Past[] = [];
  readonly #pauses = new InForce(notePause, ({ pauseId }) => pauseId);
  readonly #places = new Places(this.#pauses);
  readonly #keys = new Map<string, string | undefined>();
  /** Starts of jobs since the last change, by the times on record. */
  #starts: number[] = [];
  #isLimited = false;

  /** @param nowMs By the monotonic clock. */
  constructor(
    private readonly violate: (what: string) => void,
    private readonly nowMs: () => number,
  ) {}

  /** From the beginning, the type of most jobs has limits. */
  limit(): void {
    this.#isLimited = true;
  }

  /** Applies the next durable entry, with its job after the entry. */
  see(entry: JobEventLogEntry, job: JobState | undefined): void {
    if (!this.#isLimited) return;
    if (this.#pauses.see(entry)) this.#places.pausesChanged();
    const before = this.#limits;
    const changed = noteLimits(this.#changed, entry);
    if (changed !== this.#changed) {
      this.#changed = changed;
      this.#past.push({ limits: before, untilMs: this.nowMs() + GRACE_MS });
      this.#starts = [];
    }
    if (job?.type !== LIMITED_TYPE) return;
    this.#keys.set(job.jobId, job.key);
    const had = this.#places.has(job.jobId);
    const { isAtWork } = new JobFold(job);
    const condition = deriveCondition(job);
    this.#places.see({ entry, job, condition, isAtWork } as Parameters<Places["see"]>[0]);
    if (!had && this.#places.has(job.jobId)) this.#seeTaken(entry.logId, job);
    const { eventType, taskId, attributes, receivedAt } = entry;
    const begins = eventType === "job.TaskStarted" && taskId === MAIN_TASK &&
      "attempt" in attributes && attributes["attempt"] === 1;
    if (begins) this.#seeBegun(entry.logId, Date.parse(receivedAt));
  }

  /** Whether a job lacks only a worker to continue. */
  hasRoomFor(job: JobState, timeOfDayMs: number): boolean {
    if (!this.#isLimited || job.type !== LIMITED_TYPE || this.#places.has(job.jobId)) return true;
    const { maxRunning = Infinity, perKey = Infinity, rate } = this.#limits;
    if (this.#held >= maxRunning || this.#heldBy(job.key) >= perKey) return false;
    if (rate === undefined || findTask(job, MAIN_TASK) !== undefined) return true;
    return this.#begunSince(timeOfDayMs - rate.perMs) < rate.count;
  }

  /** The engine's view of limits must agree with the entries. */
  compare(told: readonly TypeLimits[]): void {
    if (!this.#isLimited) return;
    const live = JSON.stringify(told.flatMap(({ change }) => change?.by ?? []));
    const noted = JSON.stringify(this.#changed.map(({ by }) => by));
    if (live !== noted) {
      this.violate(`limits are reported as changed by ${live}, but were changed by ${noted}`);
    }
  }

  /** Every recorded place is taken; a pending one may be too. */
  compareHeld(told: readonly TypeLimits[]): void {
    const held = told.find(({ type }) => type === LIMITED_TYPE)?.held ?? 0;
    if (!this.#isLimited || held >= this.#held) return;
    this.violate(`${this.#held} places are held by what is on record, and ${held} are taken`);
  }

  get #limits(): LimitValues {
    return this.#changed[0]?.limits ?? CODE_LIMITS;
  }

  /** Those in force now, and those in force when the entries recorded now were decided. */
  #most(of: (limits: LimitValues) => number): number {
    this.#past = this.#past.filter(({ untilMs }) => untilMs > this.nowMs());
    return Math.max(...[this.#limits, ...this.#past.map(({ limits }) => limits)].map(of));
  }

  get #held(): number {
    return this.#places.all.length;
  }

  #heldBy(key: string | undefined): number {
    return this.#places.all.filter(([jobId]) => this.#keys.get(jobId) === key).length;
  }

  #begunSince(afterMs: number): number {
    return this.#starts.filter((startMs) => startMs > afterMs).length;
  }

  #seeTaken(logId: number, { jobId, key }: JobState): void {
    const most = this.#most(({ maxRunning = Infinity }) => maxRunning);
    if (this.#held > most) this.violate(`${jobId} is one too many of ${most} at ${logId}`);
    const mostOfKey = this.#most(({ perKey = Infinity }) => perKey);
    if (this.#heldBy(key) <= mostOfKey) return;
    this.violate(`${jobId} is one too many of ${mostOfKey} of key ${key} at ${logId}`);
  }

  #seeBegun(logId: number, atMs: number): void {
    this.#starts.push(atMs);
    const isWithin = ({ rate }: LimitValues) =>
      rate === undefined || this.#begunSince(atMs - rate.perMs) <= rate.count;
    if (this.#most((limits) => isWithin(limits) ? 1 : 0) === 1) return;
    this.violate(`one job too many started at ${logId}`);
  }
}
