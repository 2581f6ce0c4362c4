/**
 * A job's entries as an explanation needs them: what began, ended and moved it. Of very many
 * entries some are kept.
 */

import { ascending, firstIndex, inOrder } from "../../core/ascending.ts";
import type { Condition } from "../../core/condition.ts";
import { lengthMs } from "../../core/duration.ts";
import {
  type FrameworkEntry,
  isCorrelated,
  isFromOutside,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { JobEventType } from "../../core/framework_events.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import { compensationOf, isTerminal, type JobState } from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import type { RuleName } from "../../core/rules.ts";
import { isOwnEvent } from "../../core/awaited_events.ts";
import {
  type Attempt,
  AttemptsNoted,
  type ConditionSpan,
  ConditionSpans,
  KeptEntries,
  type KeptEntry,
} from "./kept_history.ts";

/** Entries of a state that are counted instead of looked at one by one. */
interface PassedEntries {
  readonly count: number;
  /** The first and the last of them; some between may have been looked at. */
  readonly from: LogId;
  readonly to: LogId;
}

/** An entry that moved the job, by a row of the state table. */
interface MovedBy {
  readonly entry: JobEventLogEntry;
  readonly rule: RuleName;
}

type ByType = ReadonlyMap<string, readonly JobEventLogEntry[]>;

export interface OutlinedHistory {
  readonly job: JobState;
  /** Positions of all entries. */
  readonly logIds: readonly LogId[];
  readonly passed: PassedEntries | undefined;
  readonly spans: readonly ConditionSpan[];
  /** By condition, the length of the spans that were not kept. */
  readonly passedMs: ReadonlyMap<Condition, number>;
  readonly attempts: ReadonlyMap<TaskId, readonly Attempt[]>;
  readonly compensations: ReadonlyMap<TaskId, readonly Attempt[]>;
  /** The entry that moved the job out of Running with an error, and the one that ended it. */
  readonly failedBy: MovedBy | undefined;
  readonly endedBy: MovedBy | undefined;
  readonly conditionSince: JobEventLogEntry;
  readonly created: FrameworkEntry<"job.JobCreated">;
  /** The first one; of the others the latest. */
  readonly started: FrameworkEntry<"job.JobStarted"> | undefined;
  readonly suspended: FrameworkEntry<"job.JobSuspended"> | undefined;
  readonly resumed: FrameworkEntry<"job.JobResumed"> | undefined;
  readonly parked: FrameworkEntry<"job.JobParked"> | undefined;
  readonly waiting: FrameworkEntry<"job.TaskWaiting"> | undefined;
  readonly inputRemoved: FrameworkEntry<"job.InputRemoved"> | undefined;
  /** The latest. */
  readonly retries: readonly FrameworkEntry<"job.JobRetried">[];
  /** The entries that are kept, by position. */
  readonly entries: ReadonlyMap<LogId, JobEventLogEntry>;
  /** Those of them from outside, by the type of the event, oldest first. */
  readonly facts: ByType;
  /** The same for events recorded by Daybook, of the types in the plan. */
  readonly ownFacts: ByType;
  /** Positions of those that counted for an expectation, or moved the job. */
  readonly counted: ReadonlySet<LogId>;
  /** Original ids of the events that reached this job. */
  readonly reachedBy: ReadonlySet<string>;
  /** Whether an entry is the job's own, kept or not. */
  isOwn(logId: LogId): boolean;
  /** Whether it is an event that reached the job through an entry that stands for it. */
  hasReached(logId: LogId): boolean;
}

export const OutlinedHistory = {
  /** @throws {TypeError} when there are no entries, or the first is not `job.JobCreated`. */
  of(entries: readonly JobEventLogEntry[]): OutlinedHistory {
    const gathering = new OutlineGathering();
    for (const entry of entries) gathering.add(entry);
    const wanted = new Set(gathering.unkept);
    return gathering.outlined(entries.filter(({ logId }) => wanted.has(logId)));
  },
} as const;

const RETRIES_MAX = 100;

/** Gathers a job's entries, oldest first. */
export class OutlineGathering {
  readonly #fold = new JobFold();
  readonly #kept = new KeptEntries();
  readonly #logIds: LogId[] = [];
  /** The causes of entries that stand for an event. */
  readonly #causes: LogId[] = [];
  readonly #spans = new ConditionSpans();
  readonly #attempts = new AttemptsNoted();
  readonly #latest = new Map<string, JobEventLogEntry>();
  #retries: FrameworkEntry<"job.JobRetried">[] = [];
  #created: FrameworkEntry<"job.JobCreated"> | undefined;
  #started: FrameworkEntry<"job.JobStarted"> | undefined;
  #failedBy: MovedBy | undefined;
  #endedBy: MovedBy | undefined;
  #conditionSince: JobEventLogEntry | undefined;
  #ownTypes: ReadonlySet<string> | undefined;

  /** @throws {TypeError} when the first is not `job.JobCreated`. */
  add(entry: JobEventLogEntry): void {
    const folded = this.#fold.apply(entry);
    this.#created ??= entry as FrameworkEntry<"job.JobCreated">;
    this.#logIds.push(entry.logId);
    const dueAt = folded.condition === "backingOff" ? dueAtOf(folded.job) : undefined;
    if (this.#spans.note(entry, folded.condition, dueAt)) this.#conditionSince = entry;
    this.#noteMove(entry, folded);
    this.#noteFrameworkFact(entry);
    if (isCorrelated(entry) && entry.causedBy !== undefined) this.#causes.push(entry.causedBy);
    const kind = this.#kindOf(entry, folded);
    this.#kept.add({ entry, kind, counted: kind !== "other" && hasCounted(folded) });
  }

  /** Positions of entries that were not kept but are shown, since they settled something. */
  get unkept(): readonly LogId[] {
    const known = new Set(this.#kept.all.map(({ entry }) => entry.logId));
    const last = this.#fold.job?.expected.flatMap(({ by }) => by.at(-1) ?? []) ?? [];
    return ascending(last.filter((logId) => !known.has(logId)));
  }

  /**
   * @param recalled The entries at the positions of `unkept`.
   * @throws {TypeError} when there are no entries.
   */
  outlined(recalled: readonly JobEventLogEntry[]): OutlinedHistory {
    const { job } = this.#fold;
    const [created, conditionSince] = [this.#created, this.#conditionSince];
    if (job === undefined || created === undefined || conditionSince === undefined) {
      throw new TypeError("Cannot explain a job: it has no entries");
    }
    const kept = this.#kept.all;
    const entries = kept.map(({ entry }) => entry);
    const all = recalled.length === 0 ? entries : inOrder([...entries, ...recalled]);
    const facts = byType(kept, "fact");
    const [logIds, causes] = [ascending(this.#logIds), ascending(this.#causes)];
    const latest = <Type extends JobEventType>(type: Type) =>
      this.#latest.get(type) as FrameworkEntry<Type> | undefined;
    return {
      job,
      logIds,
      passed: this.#passed(kept),
      spans: this.#spans.all,
      passedMs: this.#spans.passedMs,
      attempts: this.#attempts.tasks,
      compensations: this.#attempts.compensations,
      failedBy: this.#failedBy,
      endedBy: this.#endedBy,
      conditionSince,
      created,
      started: this.#started,
      suspended: latest("job.JobSuspended"),
      resumed: latest("job.JobResumed"),
      parked: latest("job.JobParked"),
      waiting: latest("job.TaskWaiting"),
      inputRemoved: latest("job.InputRemoved"),
      retries: this.#retries,
      entries: new Map(all.map((entry) => [entry.logId, entry])),
      facts,
      ownFacts: byType(kept, "ownFact"),
      counted: new Set(kept.flatMap(({ entry, counted }) => counted ? [entry.logId] : [])),
      reachedBy: new Set([...facts.values()].flat().map(originalId)),
      isOwn: (logId) => includes(logIds, logId),
      hasReached: (logId) => includes(causes, logId),
    };
  }

  #passed(kept: readonly KeptEntry[]): PassedEntries | undefined {
    const count = this.#kept.passed;
    if (count === 0) return undefined;
    const known = new Set(kept.map(({ entry }) => entry.logId));
    const passed = (logId: LogId) => !known.has(logId);
    const [from, to] = [this.#logIds.find(passed), this.#logIds.findLast(passed)];
    return { count, from: from ?? 0, to: to ?? 0 };
  }

  #noteMove(entry: JobEventLogEntry, { before, job, rule }: Applied): void {
    const isFailure = rule === "running/error-failed" || rule === "running/left-in-place" ||
      rule === "running/error-compensating";
    if (isFailure) this.#failedBy = { entry, rule };
    if (isTerminal(job) && before?.state !== job.state) this.#endedBy = { entry, rule };
  }

  #noteFrameworkFact(entry: JobEventLogEntry): void {
    if (entry.stratum !== "framework") return;
    switch (entry.eventType) {
      case "job.JobStarted":
        this.#started ??= entry;
        break;
      case "job.JobRetried":
        this.#retries = [...this.#retries, entry].slice(-RETRIES_MAX);
        break;
      case "job.JobSuspended":
      case "job.JobResumed":
      case "job.JobParked":
      case "job.TaskWaiting":
      case "job.InputRemoved":
        this.#latest.set(entry.eventType, entry);
        break;
      default:
        this.#attempts.note(entry);
    }
  }

  #kindOf(entry: JobEventLogEntry, { job }: Applied): KeptEntry["kind"] {
    if (isFromOutside(entry)) return "fact";
    this.#ownTypes ??= new Set(
      job.plan.expected.filter(isOwnEvent).map(({ matcher }) => matcher.eventType),
    );
    return this.#ownTypes.has(entry.eventType) ? "ownFact" : "other";
  }
}

/** When the first backoff ends, of a task or a compensation. */
export function dueAtOf({ tasks }: JobState): string | undefined {
  return tasks.flatMap((task) => {
    const due = task.status === "backingOff" ? task : compensationOf(task);
    return due?.status === "backingOff" ? [due.retryAt] : [];
  }).toSorted()[0];
}

/** Whether it counted for an expectation, or moved the job. */
function hasCounted({ before, job, matched }: Applied): boolean {
  return matched.length > 0 || before?.state !== job.state;
}

function byType(kept: readonly KeptEntry[], wanted: KeptEntry["kind"]): ByType {
  const ofKind = kept.flatMap(({ entry, kind }) => kind === wanted ? [entry] : []);
  return Map.groupBy(ofKind, (entry) => toMatchable(entry).eventType as string);
}

/** @param positions In ascending order. */
function includes(positions: readonly LogId[], logId: LogId): boolean {
  const at = firstIndex(0, positions.length, (at) => (positions[at] ?? 0) >= logId);
  return positions[at] === logId;
}

/** How long an ended job took, from its creation on. */
export function tookMs({ created, endedBy }: OutlinedHistory): number | undefined {
  return endedBy && lengthMs(created.receivedAt, endedBy.entry.receivedAt);
}

/** The entry without its large parts, which explanations do not use. */
export function outline(entry: JobEventLogEntry): JobEventLogEntry {
  if (isCorrelated(entry)) {
    return { ...entry, attributes: { ...entry.attributes, attributes: {} } };
  }
  return { ...entry, attributes: {} } as JobEventLogEntry;
}

/** The id of an event when it came from outside. */
export function originalId(entry: JobEventLogEntry): string {
  return isCorrelated(entry) ? entry.attributes.eventId : entry.eventId;
}
