/** What the HTTP edge needs from the engine; `JobEngine` is one that has it. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { About } from "../../explain/about.ts";
import type { EventExplanation } from "../../explain/event_explanation.ts";
import type { Citation, Explanation } from "../../explain/explanation.ts";
import type { EventId, JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Point } from "../../core/point.ts";
import type { QueueExplanation } from "../../explain/queue_explanation.ts";
import type { Replay, StepsWanted } from "../../explain/replay_steps.ts";
import type { Supposition } from "../../explain/supposition.ts";
import type { Hold } from "../../engine/queries/entry_pages.ts";
import type { Account } from "../../engine/queries/explainer.ts";
import type { JobLists } from "../../engine/queries/job_lists.ts";
import type { JobSurvey } from "../../engine/queries/job_survey.ts";
import type { JournalInfo } from "../../engine/ports.ts";
import type { PauseControls } from "../../engine/run/pause_controls.ts";
import type { WhatIfReport } from "../../engine/queries/replays.ts";
import type {
  ControlRequest,
  Created,
  CreateRequest,
  DefinitionInfo,
  EntryOfJob,
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
 * Every write resolves only when its entries are on disk, and rejects with
 * `JournalFullError`, `JournalFailedError` or, before anything is recorded,
 * `OverCapacityError`. Every read shows durable entries only.
 */
export interface EnginePort {
  create(request: CreateRequest): Promise<Outcome<Created>>;
  /** Each as `create` does, in its place; all of them in one batch. */
  createAll(
    requests: readonly CreateRequest[],
  ): Promise<readonly PromiseSettledResult<Outcome<Created>>[]>;
  control(jobId: JobId, request: ControlRequest): Promise<Outcome<JobState>>;
  /** The new job. */
  retry(jobId: JobId, request: RetryRequest): Promise<Outcome<JobState>>;
  /** One receipt for each event, in order; an unknown `jobId` makes it `rejected`. */
  deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]>;

  job(jobId: JobId): JobState | undefined;
  /** What a job was given, with marks for what is secret. */
  input(jobId: JobId): Promise<Outcome<ShownInput>>;
  list(query: ListQuery): ListPage;
  /** What is told of many jobs at once. */
  readonly lists: Pick<JobLists, keyof JobLists>;
  /** What is told of all of them at one look. */
  readonly survey: Pick<JobSurvey, keyof JobSurvey>;
  /** The entries at these positions, which must ascend. */
  entriesAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
  /** The job's own entries with `logId > after`, oldest first, at most `limit`. */
  history(jobId: JobId, after: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;
  /** The job's own entries with `logId < before`, newest first, at most `limit`. */
  historyBack(jobId: JobId, before: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;
  /** The positions of a job's entries, ascending. */
  positions(jobId: JobId): readonly LogId[];
  /** The job as of a point, now when absent, and what entries up to it did. */
  replay(
    jobId: JobId,
    point?: Point,
    wanted?: StepsWanted,
    hold?: Hold,
  ): Promise<Outcome<Replay>>;
  /** What differs between two points of a job's life; `to` is now, when absent. */
  diff(jobId: JobId, from: Point, to?: Point, hold?: Hold): Promise<Outcome<PointDifference>>;
  /** What would have become of a job; records nothing. */
  whatIf(
    jobId: JobId,
    supposition: Supposition,
    wanted?: StepsWanted,
    hold?: Hold,
  ): Promise<Outcome<WhatIfReport>>;
  /** Entries of the whole journal with `logId > after`, oldest first, at most `limit`. */
  entries(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;
  /** `undefined` when the entry changed no job. */
  transitionAt(entry: EntryOfJob): Transition | undefined;
  readonly headLogId: LogId;
  /** Why a job is as it is; `undefined` when there is none with this id. */
  explain(jobId: JobId, hold?: Hold): Promise<Explanation<Citation> | undefined>;
  /** The same as of a point, by what was on record then. */
  explainAt(jobId: JobId, point: Point, hold?: Hold): Promise<Outcome<Explanation<Citation>>>;
  /** Why a job is as it is, with the entries that the explanation is made from. */
  account(jobId: JobId, hold?: Hold): Promise<Account | undefined>;
  /** Everything that carries a value, and what became of each. */
  explainAbout(value: string, hold?: Hold): Promise<About<Citation>>;
  /** Why the work as a whole stands still, or that it goes on. */
  explainQueue(): Promise<QueueExplanation<Citation>>;
  /** What became of an event; `undefined` when no entry has this id. */
  explainEvent(eventId: EventId, hold?: Hold): Promise<EventExplanation<Citation> | undefined>;

  /** Resolves as soon as `headLogId > after`, after the time, or when `signal` aborts. */
  changed(after: LogId, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** The job when it is as wanted, or as it is after the time or when `signal` aborts. */
  waitFor(
    jobId: JobId,
    wanted: (job: JobState) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<JobState>;

  /** What holds many jobs at once. */
  readonly pauses: Pick<PauseControls, "all" | "begin" | "end">;

  definitions(): readonly DefinitionInfo[];
  journalInfo(): Promise<JournalInfo>;
  /** The journal has failed: nothing can be written until the process starts again. */
  readonly failed: boolean;
  /** Writes have just failed for want of room; reads go on. */
  readonly full: boolean;
  /** The process is stopping: nothing new is taken. */
  readonly draining: boolean;
}
