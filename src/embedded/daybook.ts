/** Daybook inside a program, as its code sees it. */

import type { JsonForm } from "../core/json_form.ts";
import type {
  AnyJobDefinition,
  InputSchema,
  JobDefinition,
  SubmittedInput,
} from "../engine/definition.ts";
import type { DeliveredEvent, EventReceipt } from "./event.ts";
import type { Job, JobStateName } from "./job.ts";
import type { Issue } from "./refused_error.ts";

/** What a Daybook inside a program is made of. */
export interface OpenOptions {
  /**
   * The folder of the journal. It is made when it is missing, in a folder that must be there;
   * no other process may have it open.
   */
  readonly journal: string;
  /** The types of jobs that there are. */
  readonly definitions: readonly AnyJobDefinition[];
  /**
   * Settings by the names of the flags that `deno task start --help` lists, without dashes,
   * such as `{ "max-running": "4", "segment-bytes": "8MiB", "allowed-hosts": "shop.example" }`.
   * Nothing is taken from the environment. What belongs to a server (`port`, `hostname`,
   * `token-file`, `webhook-hosts`, `stall-exit`, `log`) is refused.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told of what an operator should know. Default `console.error`. */
  readonly warn?: (message: string) => void;
  /**
   * The disk failed in a way that leaves open what is on it: from now on nothing is taken, and
   * the program should end and be started again. Where recorded data was found to be not what
   * was written, `cause` is a {@link JournalDamagedError}. Default: a warning that says so.
   */
  readonly onJournalFailed?: (error: Error) => void;
}

/** What a job is submitted with, beside its input. */
export interface SubmitOptions {
  /** 1 to 128 characters of `A-Z a-z 0-9 . _ : ~ -`; a second job with this id is refused. */
  readonly jobId?: string;
  /**
   * 1 to 255 visible ASCII characters. Submitting the same again with the same key gives the
   * job that there is.
   */
  readonly idempotencyKey?: string;
  /** -1000 to 1000; lower goes first. Default 0. */
  readonly priority?: number;
  /** At most 32, to find it by. */
  readonly labels?: Readonly<Record<string, string>>;
  /** RFC 3339; at most `max-start-delay` (15 minutes) from now. */
  readonly startAt?: string;
  /** `false`: it is only created, until `POST /jobs/:id/start`. Default `true`. */
  readonly start?: boolean;
}

/** One of many jobs. */
export interface SubmittedJob<Input> extends SubmitOptions {
  /** Typed by the schema of the definition, which it has to satisfy. */
  readonly input: Input;
}

/** What became of one of many jobs. */
export interface JobReceipt {
  /** `null` where it was rejected and came without an id. */
  readonly jobId: string | null;
  /** `duplicate`: its key came before with the same content. `rejected`: it is not on record. */
  readonly disposition: "created" | "duplicate" | "rejected";
  /** Of the job, when it was created. */
  readonly state?: JobStateName;
  /** Why it was rejected. */
  readonly reason?: string;
  /** What is wrong with it; pointers begin with its place among the jobs, as in `/3/input`. */
  readonly errors?: readonly Issue[];
}

/**
 * What can be done with a job. `start`: it starts. `wake`: a backoff ends now. `suspend`: it begins
 * nothing new. `resume`: a suspended job goes on, and a parked one tries again. `retry`: a failed
 * job becomes a new one, which takes over what still stands. `cancel`: it ends, and what it did is
 * undone where it can be.
 */
export type JobControl = "start" | "wake" | "suspend" | "resume" | "retry" | "cancel";

/** What is said with a control. */
export interface ControlOptions {
  /** Recorded with it; at most 1,000 characters. */
  readonly reason?: string;
  /** Of `cancel`, where the job is parked: undoes nothing. */
  readonly leave?: boolean;
  /** Of `retry`: the task that it begins with. */
  readonly from?: string;
  /** Of `retry`: also when there is a retry of the job already, which is refused otherwise. */
  readonly again?: boolean;
}

/** How long to wait for a job. */
export interface WaitOptions {
  /** In milliseconds; then the job is given as it is. */
  readonly timeoutMs: number;
  /** Ends the wait in the same way. */
  readonly signal?: AbortSignal;
}

/** As of when a job is explained. */
export interface ExplainOptions {
  /**
   * A logId, an eventId, or an RFC 3339 time: why it was so then, from what was on record by then.
   * Nothing is offered to be done. Now, unless it is given.
   */
  readonly at?: string | number;
}

/**
 * A Daybook in this process, from `openDaybook`. What a call has acknowledged is on disk.
 * What has no method here has a route: `daybook.fetch` answers all of them.
 */
export interface EmbeddedDaybook extends AsyncDisposable {
  /**
   * Answers every route of Daybook, to be served or mounted. It asks for no token: whoever
   * reaches it may do everything, so put your own middleware before it. It answers only hosts
   * of the loopback and those of the setting `allowed-hosts`.
   */
  readonly fetch: (request: Request) => Response | Promise<Response>;

  /**
   * Creates a job, and starts it unless told otherwise.
   *
   * @param input Typed by the schema of the definition, which it has to satisfy.
   * @throws {RefusedError} when nothing was recorded; its `kind` says why.
   * @throws {JournalFailedError} when nobody knows whether it was: submit it again after the
   * restart, with the same `jobId` or `idempotencyKey`.
   */
  submit<Schema extends InputSchema, ExpectationName extends string, Output>(
    definition: JobDefinition<Schema, ExpectationName, Output>,
    input: SubmittedInput<Schema>,
    options?: SubmitOptions,
  ): Promise<Job<JsonForm<Output>>>;

  /**
   * Creates many jobs of one type, in one batch. Each is judged by itself: one that is rejected
   * does not keep the others from being created.
   *
   * @returns A receipt for each, in its place.
   * @throws {RefusedError} when none could be recorded, for a reason that is not theirs.
   * @throws {JournalFailedError} when nobody knows whether they were.
   */
  submitAll<Schema extends InputSchema, ExpectationName extends string, Output>(
    definition: JobDefinition<Schema, ExpectationName, Output>,
    jobs: readonly SubmittedJob<SubmittedInput<Schema>>[],
  ): Promise<readonly JobReceipt[]>;

  /**
   * Records an event, and gives it to the jobs that expect it.
   *
   * @throws {RefusedError} when nothing was recorded; its `kind` says why.
   * @throws {JournalFailedError} when nobody knows whether it was: deliver it again after the
   * restart, with the same `eventId`.
   */
  deliver(event: DeliveredEvent): Promise<EventReceipt>;

  /**
   * Starts, cancels, suspends, resumes, wakes or retries a job.
   *
   * @returns The job as it is now; of a retry, the new one.
   * @throws {RefusedError} when there is no such job, or its state does not allow it.
   * @throws {JournalFailedError} when nobody knows whether it was recorded.
   */
  control(jobId: string, control: JobControl, options?: ControlOptions): Promise<Job>;

  /** A job as it is now, or `undefined` when there is none with this id. */
  job(jobId: string): Job | undefined;

  /**
   * A job once it is Done or Failed, or as it is when the time is up, the signal aborts or
   * Daybook closes: look at its `state`.
   *
   * @param job Its id; or what `submit` gave, so that the type of the output is known.
   * @throws {RefusedError} `unknown-job` when there is none.
   */
  wait<Output>(job: string | Job<Output>, options: WaitOptions): Promise<Job<Output>>;

  /**
   * Why a job is as it is, in prose that cites lines of the journal, as
   * `GET /jobs/:id/explain` has it. Calls in it have no host: only you know where you serve
   * `fetch`.
   *
   * @throws {RefusedError} `unknown-job` when there is none; `unknown-point` when `at` is before
   * its first entry or names no entry; `invalid-request` when it can be no point.
   */
  explain(jobId: string, options?: ExplainOptions): Promise<string>;

  /**
   * Stops in order: takes nothing new, ends streams and waits, lets running tasks end for the
   * time of the setting `drain` (10 s), and seals the journal. What is unfinished goes on when
   * the journal is opened again.
   *
   * @param closeServer Stops the server that serves `fetch`, if there is one: called once
   * the streams have ended, which would keep it open, and before the journal is closed.
   */
  close(closeServer?: () => Promise<unknown>): Promise<void>;

  /** The same as `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
