/** The API of a Daybook embedded in a program, without a server or a process of its own. */

import type { JsonForm } from "../core/json_form.ts";
import type {
  AnyJobDefinition,
  InputSchema,
  JobDefinition,
  SubmittedInput,
} from "../engine/definition.ts";
import type { Job } from "./job.ts";
import type {
  DeliveredEvent,
  EventReceipt,
  JobReceipt,
  SubmitOptions,
  SubmittedJob,
} from "./submission.ts";
import type { TypeLimits } from "../engine/requests.ts";
import type { LimitChange, Pause, PauseOptions } from "./pauses_and_limits.ts";
import type { StepsOptions, SupposedJob, Suppositions } from "./what_if.ts";

/** What to open: the journal, the job types, and the settings. */
export interface OpenOptions {
  /**
   * The journal's folder. Created if missing; its parent must exist. No other process may have it
   * open.
   */
  readonly journal: string;
  /** The job types. */
  readonly definitions: readonly AnyJobDefinition[];
  /**
   * Settings by flag name, without dashes, as `deno task start --help` lists them: `{
   * "max-running": "4", "segment-bytes": "8MiB", "allowed-hosts": "shop.example" }`. Nothing is
   * read from the environment. Settings of the server (`port`, `hostname`, `token-file`,
   * `webhook-hosts`, `stall-exit`, `log`) are refused.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with warnings for the operator. Default: `console.error`. */
  readonly warn?: (message: string) => void;
  /**
   * Called when the journal can no longer be written, and it is unknown what reached the disk. From
   * then on every write is refused: restart the program. If recorded data is damaged, `cause` is a
   * {@link JournalDamagedError}. Default: a warning.
   */
  readonly onJournalFailed?: (error: Error) => void;
}

/**
 * The controls of a job. `start`: start it. `wake`: end a backoff, a sleep or a timed wait now.
 * `suspend`: start nothing new. `resume`: continue a suspended job, or try a parked one again.
 * `retry`: create a new job from a failed one, reusing the results that are still valid. `cancel`: end
 * it, and undo what can be undone.
 */
export type JobControl = "start" | "wake" | "suspend" | "resume" | "retry" | "cancel";

/** Options of a control. */
export interface ControlOptions {
  /** Recorded with the control; at most 1,000 characters. */
  readonly reason?: string;
  /** For `cancel` of a parked job: undo nothing. */
  readonly leave?: boolean;
  /** For `retry`: the task to begin with. */
  readonly from?: string;
  /** For `retry`: also if the job was already retried, which is otherwise refused. */
  readonly again?: boolean;
}

/** Options of a wait. */
export interface WaitOptions {
  /** In milliseconds; after this time the job is returned in its current state. */
  readonly timeoutMs: number;
  /** Ends the wait early, in the same way. */
  readonly signal?: AbortSignal;
}

/** Options of `explain`. */
export interface ExplainOptions {
  /**
   * A logId, an eventId, or an RFC 3339 time: explain the job as of then, from what was on record.
   * Before an eventId that looks like one of the others, write `event/`: `event/17`. Suggests no
   * actions. Default: now.
   */
  readonly at?: string | number;
}

/**
 * A Daybook in this process, returned by `openDaybook`. Once a call resolves, its effect is on
 * disk. For everything without a method, `daybook.fetch` serves every HTTP route.
 */
export interface EmbeddedDaybook extends AsyncDisposable {
  /**
   * Serves every route of Daybook; mount it in your own server. It checks no token: anyone who can
   * reach it may do everything, so put your own middleware in front. It answers only for loopback
   * hosts and for those in the setting `allowed-hosts`.
   */
  readonly fetch: (request: Request) => Response | Promise<Response>;

  /**
   * Creates a job, and starts it unless `start` is `false`.
   *
   * @param input Typed by the definition's schema, and checked against it.
   * @throws {RefusedError} if nothing was recorded; `kind` says why.
   * @throws {JournalFailedError} if it is unknown whether it was recorded: submit it again after
   * the restart, with the same `jobId` or `idempotencyKey`.
   */
  submit<Schema extends InputSchema, ExpectationName extends string, Output>(
    definition: JobDefinition<Schema, ExpectationName, Output>,
    input: SubmittedInput<Schema>,
    options?: SubmitOptions,
  ): Promise<Job<JsonForm<Output>>>;

  /**
   * Creates many jobs of one type in one batch. Each is checked separately: a rejected job does not
   * affect the others.
   *
   * @returns A receipt for each job, in the same order.
   * @throws {RefusedError} if none could be recorded, for a reason that is independent of the jobs.
   * @throws {JournalFailedError} if it is unknown whether they were recorded.
   */
  submitAll<Schema extends InputSchema, ExpectationName extends string, Output>(
    definition: JobDefinition<Schema, ExpectationName, Output>,
    jobs: readonly SubmittedJob<SubmittedInput<Schema>>[],
  ): Promise<readonly JobReceipt[]>;

  /**
   * Records an event and delivers it to the jobs that expect it.
   *
   * @throws {RefusedError} if nothing was recorded; `kind` says why.
   * @throws {JournalFailedError} if it is unknown whether it was recorded: deliver it again after
   * the restart, with the same `eventId`.
   */
  deliver(event: DeliveredEvent): Promise<EventReceipt>;

  /**
   * Starts, cancels, suspends, resumes, wakes or retries a job.
   *
   * @returns The current job; for a retry, the new job.
   * @throws {RefusedError} if there is no such job, or its state does not allow the control.
   * @throws {JournalFailedError} if it is unknown whether it was recorded.
   */
  control(jobId: string, control: JobControl, options?: ControlOptions): Promise<Job>;

  /** The current job; `undefined` if there is none with this id. */
  job(jobId: string): Job | undefined;

  /**
   * Waits until a job is Done or Failed. Also returns when the time is up, the signal aborts or
   * Daybook closes: check `state`.
   *
   * @param job Its id, or what `submit` returned, which types the output.
   * @throws {RefusedError} `unknown-job` if there is none.
   */
  wait<Output>(job: string | Job<Output>, options: WaitOptions): Promise<Job<Output>>;

  /**
   * Explains the state of a job, in prose that cites the journal, as `GET /jobs/:id/explain` does.
   * The calls in it name no host, since only you know where `fetch` is served.
   *
   * @throws {RefusedError} `unknown-job` if there is none; `unknown-point` if `at` is before its
   * first entry or names no entry; `invalid-request` if `at` is malformed.
   */
  explain(jobId: string, options?: ExplainOptions): Promise<string>;

  /**
   * Shows what would happen to a job with another plan, without some entries, with more events, or
   * with other limits of its type, as `POST /jobs/:id/what-if` does. Records nothing.
   *
   * @throws {RefusedError} `unknown-job` if there is none; `invalid-request` if the supposition is
   * invalid; `unknown-point` if `upTo` names no entry; `job-too-long`.
   */
  whatIf(jobId: string, suppositions: Suppositions, options?: StepsOptions): Promise<SupposedJob>;

  /**
   * Pauses jobs: they start no attempts until the pause ends. While it is in force, an equal call
   * returns the same pause.
   *
   * @returns The pause, which survives restarts.
   * @throws {RefusedError} `invalid-request` or `unknown-type`; `over-capacity` if the maximum
   * number of pauses is in force.
   * @throws {JournalFailedError} if it is unknown whether it was recorded: call it again after the
   * restart.
   */
  pause(options: PauseOptions): Promise<Pause>;

  /** The pauses in force, the oldest first, with what each holds. */
  pauses(): readonly Pause[];

  /**
   * Ends a pause: the jobs that it held can start.
   *
   * @returns The pause that ended.
   * @throws {RefusedError} `unknown-pause` if none with this id is in force.
   * @throws {JournalFailedError} if it is unknown whether it was recorded.
   */
  endPause(pauseId: string): Promise<Pause>;

  /** The limits of all types that have limits, ordered by type, with their use. */
  limits(): readonly TypeLimits[];

  /**
   * Replaces all limits of a type's code: a limit that is left out is lifted. The change survives
   * restarts, until `restoreLimits`. Running jobs are not affected.
   *
   * @returns The limits now in force.
   * @throws {RefusedError} `invalid-request`; `unknown-limits` if no definition of the type is
   * loaded.
   * @throws {JournalFailedError} if it is unknown whether it was recorded.
   */
  changeLimits(type: string, change: LimitChange): Promise<TypeLimits>;

  /**
   * Restores the limits of the code.
   *
   * @returns The limits now in force.
   * @throws {RefusedError} `unknown-limits` if the limits of the type were not changed.
   * @throws {JournalFailedError} if it is unknown whether it was recorded.
   */
  restoreLimits(type: string): Promise<TypeLimits>;

  /**
   * Stops in order: accepts nothing new, ends streams and waits, gives running tasks the time in
   * the setting `drain` (10 s), and seals the journal. Unfinished jobs continue when the journal is
   * opened again.
   *
   * @param closeServer Stops the server that serves `fetch`, if any. Called after the streams and the
   * running tasks have ended; reads are answered until then. It may take three seconds; then the
   * journal is closed.
   */
  close(closeServer?: () => Promise<unknown>): Promise<void>;

  /** The same as `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a journal in this process, and continues its unfinished jobs.
 *
 * @throws {TypeError} if a setting or a definition is invalid.
 * @throws {JournalLockedError} if another process holds the journal.
 * @throws {JournalUnusableError} if the journal, or the key of a sealed input, cannot be used.
 * @throws {JournalDamagedError} if recorded data is damaged.
 *
 * @example
 * ```ts
 * import { defineJob, openDaybook } from "@daybook/daybook";
 * import * as v from "valibot";
 *
 * const pay = defineJob({
 *   type: "order.pay",
 *   version: 1,
 *   input: v.object({ orderId: v.string() }),
 *   expects: ({ orderId }) => ({
 *     paid: { eventType: "bank.OrderPaid", correlation: { equals: { orderId } } },
 *   }),
 *   run: async (ctx) => (await ctx.expect("paid"))[0].occurredAt,
 * });
 *
 * await using daybook = await openDaybook({ journal: "journal", definitions: [pay] });
 * const job = await daybook.submit(pay, { orderId: "42" });
 * await daybook.deliver({ eventType: "bank.OrderPaid", attributes: { orderId: "42" } });
 * const { state, output } = await daybook.wait(job, { timeoutMs: 5_000 });
 * console.log(state, output);
 * ```
 */
export async function openDaybook(options: OpenOptions): Promise<EmbeddedDaybook> {
  // Imported here: a module of definitions is loaded in each thread, which does not need the
  // engine.
  const { openInProcess } = await import("./in_process.ts");
  return await openInProcess(options);
}
