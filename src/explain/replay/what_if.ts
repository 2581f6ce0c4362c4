/**
 * What the outcome of a job would have been under another plan or history. Entries are only
 * projected: code that would have run differently is not run, so its effects stay as recorded.
 */

import type { Condition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { EventId, LogId } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import type { JobPlan } from "../../core/job_plan.ts";
import { recordedFailure } from "../../core/job_resource.ts";
import type { JobState, StateName } from "../../core/job_state.ts";
import { entryEventIds } from "../../core/point.ts";
import type { RuleName } from "../../core/rules.ts";
import type { Work } from "../../core/work.ts";
import {
  type Replay,
  type ReplayStep,
  replayStep,
  SelectedSteps,
  type StepsWanted,
} from "./replay_steps.ts";
import {
  type IfPossible,
  type Supposed,
  type SupposedEntry,
  type SupposedHistory,
  supposeHistory,
} from "./supposition.ts";
import { explainStep } from "./why.ts";

/** The job after an entry. */
export interface Standing {
  readonly state: StateName;
  readonly condition: Condition;
  readonly rule: RuleName;
}

/** The first position at which the outcome differs. */
export interface FirstDifference {
  readonly logId: LogId;
  readonly eventType: string;
  /** `null` when the record has no such entry. */
  readonly actual: Standing | null;
  /** `null` when the entry is left out. */
  readonly whatIf: Standing | null;
  readonly why: string;
}

export interface WhatIf extends Replay {
  /** `null` when state, condition, counts and kind of failure are the same throughout. */
  readonly firstDifference: FirstDifference | null;
}

/**
 * Projects a job under a supposition, beside the job as recorded, with the wanted steps: as work
 * with a pause after each position.
 */
export function* supposing(supposed: Supposed, wanted?: StepsWanted): Work<IfPossible<WhatIf>> {
  const history = yield* supposeHistory(supposed);
  return history.ok ? { ok: true, value: yield* compare(history.value, wanted) } : history;
}

interface Played {
  readonly entry: JobEventLogEntry;
  readonly folded: Applied;
  /** The earlier entry with the same event. */
  readonly repeats?: LogId;
}

function* compare(
  { recorded, supposed }: SupposedHistory,
  wanted: StepsWanted | undefined,
): Work<WhatIf> {
  const selected = new SelectedSteps(wanted);
  const comparison = new OutcomeComparison();
  let firstDifference: FirstDifference | null = null;
  let [one, other]: (Applied | undefined)[] = [];
  let last: Played | undefined;
  const fold = new JobFold();
  for (const [left, right] of sideBySide(playRecorded(recorded), playSupposed(supposed, fold))) {
    one = left?.folded ?? one;
    other = right?.folded ?? other;
    if (right !== undefined) selected.add(right.entry.logId, () => toReplayStep(right));
    if (right !== undefined) last = right;
    if (firstDifference === null && comparison.differ(one, other)) {
      firstDifference = differenceAt(left, right, last === undefined ? "" : toReplayStep(last).why);
    }
    yield;
  }
  const { job } = fold;
  if (job === undefined) throw new TypeError("Cannot project a job: it has no entries");
  return { job, steps: selected.steps, ...selected.next, firstDifference };
}

function* playRecorded(entries: readonly JobEventLogEntry[]): Generator<Played> {
  const fold = new JobFold();
  for (const entry of entries) yield { entry, folded: fold.apply(entry) };
}

/** An event that comes a second time changes nothing, whichever of the two is supposed. */
function* playSupposed(entries: readonly SupposedEntry[], fold: JobFold): Generator<Played> {
  const seen = new Map<EventId, LogId>();
  let last: Applied | undefined;
  for (const { entry, origin } of entries) {
    if (origin === "past" && !takesEvents(last?.job)) continue;
    const ids = entryEventIds(entry);
    const repeats = ids.map((id) => seen.get(id)).find((logId) => logId !== undefined);
    last = last !== undefined && repeats !== undefined ? repeated(last) : fold.apply(entry);
    yield { entry, folded: last, ...(repeats === undefined ? {} : { repeats }) };
    if (repeats === undefined) { for (const id of ids) seen.set(id, entry.logId); }
  }
}

/** Whether the engine would have correlated an event with the job. */
function takesEvents(job: JobState | undefined): boolean {
  return job?.state === "Running" || job?.state === "Compensating";
}

function repeated(last: Applied): Applied {
  const { job, condition } = last;
  const unchanged = { before: job, conditionBefore: condition, matched: [] };
  return { ...last, ...unchanged, rule: "any/already-applied" };
}

/** Both histories by position. If only one of them has an entry, the other has none there. */
function* sideBySide(
  left: Generator<Played>,
  right: Generator<Played>,
): Generator<readonly [Played | undefined, Played | undefined]> {
  let [one, other] = [nextPlayed(left), nextPlayed(right)];
  while (one !== undefined || other !== undefined) {
    const position = Math.min(one?.entry.logId ?? Infinity, other?.entry.logId ?? Infinity);
    const pair = [one, other].map((played) =>
      played?.entry.logId === position ? played : undefined
    );
    yield [pair[0], pair[1]];
    if (pair[0] !== undefined) one = nextPlayed(left);
    if (pair[1] !== undefined) other = nextPlayed(right);
  }
}

function nextPlayed(plays: Generator<Played>): Played | undefined {
  const next = plays.next();
  return next.done ? undefined : next.value;
}

function toReplayStep({ entry, folded, repeats }: Played): ReplayStep {
  const selected = replayStep(entry, folded);
  if (repeats === undefined) return selected;
  const why = `The event came before, as entry ${repeats}: a second delivery changes nothing.`;
  return { ...selected, why };
}

/** @param why The reason given for the supposed step. */
function differenceAt(
  actual: Played | undefined,
  supposed: Played | undefined,
  why: string,
): FirstDifference {
  const { logId, eventType } = (supposed ?? actual as Played).entry;
  return {
    logId,
    eventType,
    actual: toStanding(actual),
    whatIf: toStanding(supposed),
    why: supposed === undefined && actual !== undefined ? leftOutText(actual) : why,
  };
}

function leftOutText({ entry, folded }: Played): string {
  return `Entry ${entry.logId} is left out. On record: ${
    explainStep(folded.before, entry, folded)
  }`;
}

function toStanding(played: Played | undefined): Standing | null {
  if (played === undefined) return null;
  const { job, rule, condition } = played.folded;
  return { state: job.state, condition, rule };
}

/** Indexes of one expectation in two plans; `undefined` when a plan has none of its id. */
type Places = readonly [left: number | undefined, right: number | undefined];

/** Caches how two plans correspond, so that many states can be compared cheaply. */
class OutcomeComparison {
  #plans: readonly [JobPlan, JobPlan] | undefined;
  #places: readonly Places[] = [];

  /**
   * Whether state, condition, kind of failure, or the count of an expectation differs after these
   * steps. An expectation that only one of the plans has counts as unmatched in the other.
   */
  differ(one: Applied | undefined, other: Applied | undefined): boolean {
    if (one === undefined || other === undefined) return one !== other;
    const [left, right] = [one.job, other.job];
    return left.state !== right.state ||
      recordedFailure(left)?.kind !== recordedFailure(right)?.kind ||
      one.condition !== other.condition ||
      this.#placesOf(left.plan, right.plan).some(([here, there]) =>
        matchedAt(left, here) !== matchedAt(right, there)
      );
  }

  #placesOf(left: JobPlan, right: JobPlan): readonly Places[] {
    if (this.#plans?.[0] !== left || this.#plans[1] !== right) {
      this.#plans = [left, right];
      this.#places = placesIn(left, right);
    }
    return this.#places;
  }
}

function placesIn(left: JobPlan, right: JobPlan): readonly Places[] {
  const [here, there] = [left, right].map(({ expected }) =>
    new Map(expected.map(({ id }, index) => [id, index]))
  );
  const ids = new Set([...here?.keys() ?? [], ...there?.keys() ?? []]);
  return [...ids].map((id) => [here?.get(id), there?.get(id)]);
}

function matchedAt(job: JobState, index: number | undefined): number {
  return index === undefined ? 0 : job.expected[index]?.matched ?? 0;
}
