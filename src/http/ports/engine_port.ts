/** What the HTTP edge needs from the engine; `JobEngine` implements it. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { About } from "../../explain/about.ts";
import type { EventExplanation } from "../../explain/event_explanation.ts";
import type { Citation, Explanation } from "../../explain/explanation.ts";
import type { EventId, JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Origin } from "../../core/origin.ts";
import type { Point } from "../../core/point.ts";
import type { QueueExplanation } from "../../explain/queue_explanation.ts";
import type { Replay, StepsWanted } from "../../explain/replay_steps.ts";
import type { Supposition } from "../../explain/supposition.ts";
import type { Hold } from "../../engine/queries/entry_pages.ts";
import type { Account } from "../../engine/queries/explainer.ts";
import type { JobLists } from "../../engine/queries/job_lists.ts";
import type { JobSurvey } from "../../engine/queries/job_survey.ts";
import type { JournalInfo } from "../../engine/ports.ts";
import type { WhatIfReport } from "../../engine/queries/replays.ts";
import type {
  ControlRequest,
  Created,
  CreateRequest,
  DefinitionInfo,
  EntryOfJob,
  HeldPause,
  IncomingEvent,
  ListPage,
  ListQuery,
  Outcome,
  PointDifference,
  Receipt,
  RetryRequest,
  ShownInput,
  Transition,
} from "../../engine/requests.ts";

/**
 * A write resolves once its entries are on disk; it rejects with `JournalFullError`,
 * `JournalFailedError` or, before anything is recorded, `OverCapacityError`. Reads show durable
 * entries only.
 */
export interface EnginePort {
  create(request: CreateRequest): Promise<Outcome<Created>>;
  /** Like `create` for each of them, in order; all in one batch. */
  createAll(
    requests: readonly CreateRequest[],
  ): Promise<readonly PromiseSettledResult<Outcome<Created>>[]>;
  control(jobId: JobId, request: ControlRequest): Promise<Outcome<JobState>>;
  /** The new job. */
  retry(jobId: JobId, request: RetryRequest): Promise<Outcome<JobState>>;
  /** One receipt for each event, in order; with an unknown `jobId` it is `rejected`. */
  deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]>;

  job(jobId: JobId): JobState | undefined;
  /** The input of a job, with secrets masked. */
  input(jobId: JobId): Promise<Outcome<ShownInput>>;
  list(query: ListQuery): ListPage;
  /** Lists and searches of jobs. */
  readonly lists: Pick<JobLists, keyof JobLists>;
  /** Figures about all jobs. */
  readonly survey: Pick<JobSurvey, keyof JobSurvey>;
  /** The entries at these positions, which must ascend. */
  entriesAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
  /** The job's own entries with `logId > after`, oldest first, at most `limit`. */
  history(jobId: JobId, after: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;
  /** The job's own entries with `logId < before`, newest first, at most `limit`. */
  historyBack(jobId: JobId, before: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;
  /** The positions of a job's entries, ascending. */
  positions(jobId: JobId): readonly LogId[];
  /** The job as of a point, by default now, and what each entry up to it did. */
  replay(
    jobId: JobId,
    point?: Point,
    wanted?: StepsWanted,
    hold?: Hold,
  ): Promise<Outcome<Replay>>;
  /** The difference between two points of a job's history; `to` is now by default. */
  diff(jobId: JobId, from: Point, to?: Point, hold?: Hold): Promise<Outcome<PointDifference>>;
  /** What would have happened to a job; records nothing. */
  whatIf(
    jobId: JobId,
    supposition: Supposition,
    wanted?: StepsWanted,
    hold?: Hold,
  ): Promise<Outcome<WhatIfReport>>;
  /** Entries of the whole journal with `logId > after`, oldest first, at most `limit`. */
  entries(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;
  /** `undefined` if the entry changed no job. */
  transitionAt(entry: EntryOfJob): Transition | undefined;
  readonly headLogId: LogId;
  /** Why a job is as it is; `undefined` if there is none with this id. */
  explain(jobId: JobId, hold?: Hold): Promise<Explanation<Citation> | undefined>;
  /** The same as of a point, from what was on record then. */
  explainAt(jobId: JobId, point: Point, hold?: Hold): Promise<Outcome<Explanation<Citation>>>;
  /** Why a job is as it is, with the entries behind the explanation. */
  account(jobId: JobId, hold?: Hold): Promise<Account | undefined>;
  /** Everything that carries a value, and what became of it. */
  explainAbout(value: string, hold?: Hold): Promise<About<Citation>>;
  /** Whether the work as a whole is held up, and why. */
  explainQueue(): Promise<QueueExplanation<Citation>>;
  /** What became of an event; `undefined` if no entry has this id. */
  explainEvent(eventId: EventId, hold?: Hold): Promise<EventExplanation<Citation> | undefined>;

  /** Resolves as soon as `headLogId > after`, after the time, or when `signal` aborts. */
  changed(after: LogId, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** The job once it is as wanted, or as it is after the time or when `signal` aborts. */
  waitFor(
    jobId: JobId,
    wanted: (job: JobState) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<JobState>;

  /** The pauses in force. */
  pauses(): readonly HeldPause[];
  /** The pause as it was; `undefined` if there is none with this id. */
  endPause(pauseId: string, origin?: Origin): Promise<HeldPause | undefined>;

  definitions(): readonly DefinitionInfo[];
  journalInfo(): Promise<JournalInfo>;
  /** The journal has failed: nothing can be written until the process starts again. */
  readonly failed: boolean;
  /** A recent write found no space; reads continue. */
  readonly full: boolean;
  /** The process is stopping: nothing new is accepted. */
  readonly draining: boolean;
}
