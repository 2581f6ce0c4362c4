/** Implements the API of an embedded Daybook on an engine in the same process. */

import {
  parsePoint,
  parseSupposition,
  POINT_RULE,
  STEP_PARAMETERS,
  supposedJob,
} from "../documents/supposition.ts";
import { deliver, judgeEvent } from "../documents/events.ts";
import { parseJson } from "../documents/json_document.ts";
import { parseQuery } from "../documents/parameters.ts";
import { createAll, givenId, judgedJob, toIdempotency } from "../documents/jobs.ts";
import { draining, unknownJob, valueOrThrow } from "../documents/engine_refusal.ts";
import {
  beginPause,
  changeLimits,
  controlled,
  endPause,
  restoreLimits,
} from "../documents/controls.ts";
import { invalidParameter, Refusal } from "../documents/refusal.ts";
import { explanationText } from "../explain/explanation_text.ts";
import { copyJson, type JsonObject, type JsonValue } from "../core/json.ts";
import type { JsonForm } from "../core/json_form.ts";
import { CONTROL_NAMES } from "../core/controls.ts";
import { ID_PATTERN, type JobId } from "../core/ids.ts";
import { isTerminal } from "../core/job_state.ts";
import { shownValue } from "../core/shown_value.ts";
import { errorMessage } from "../core/thrown.ts";
import type { InputSchema, JobDefinition, SubmittedInput } from "../engine/definition.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { Clock } from "../engine/ports.ts";
import type { CreateRequest, TypeLimits } from "../engine/requests.ts";
import { optionsFlaw } from "../core/given_options.ts";
import { recordable } from "../engine/recordable.ts";
import { parseCreateRequest } from "../documents/create_request.ts";
import type { Point } from "../core/point.ts";
import { curlCall } from "../explain/open/requests_to_send.ts";
import type {
  ControlOptions,
  EmbeddedDaybook,
  ExplainOptions,
  JobControl,
  WaitOptions,
} from "./daybook.ts";
import { type Job, toJob } from "./job.ts";
import type {
  DeliveredEvent,
  EventReceipt,
  JobReceipt,
  SubmitOptions,
  SubmittedJob,
} from "./submission.ts";
import { orRefused, toIssue } from "./refused_error.ts";
import type { LimitChange, Pause, PauseOptions } from "./pauses_and_limits.ts";
import type { StepsOptions, SupposedJob, Suppositions } from "./what_if.ts";

interface InProcessHost {
  readonly engine: JobEngine;
  readonly clock: Clock;
  readonly maxStartDelayMs: number;
  readonly fetch: EmbeddedDaybook["fetch"];
  /** See `EmbeddedDaybook.close`; called once. */
  stop(closeServer: () => Promise<unknown>): Promise<void>;
}

/** What is done with warnings, unless the program takes them. */
export function warnOnConsole(message: string): void {
  console.error(`daybook: ${message}`);
}

/** A copy of an answer, which is JSON: the caller may change it, and parts of it are the engine's. */
export function own<Answer>(answer: Answer): Answer {
  return copyJson(answer as JsonValue) as Answer;
}

/**
 * A value of the program as JSON.
 *
 * @throws {Refusal} `invalid-request`, with the path of what JSON would lose or change.
 */
function documentOf(what: string, value: unknown): JsonValue {
  let form: JsonValue | undefined;
  try {
    form = recordable(value, what, Infinity);
  } catch (error) {
    throw new Refusal("invalid-request", errorMessage(error));
  }
  return parseJson(JSON.stringify(form ?? null));
}

const SUBMIT_OPTIONS = [
  "jobId",
  "idempotencyKey",
  "priority",
  "labels",
  "startAt",
  "start",
] satisfies (
  keyof SubmitOptions
)[];
const JOB_MEMBERS = ["input", ...SUBMIT_OPTIONS];

/** @throws {TypeError} for the name of a type, or nothing, in place of the definition. */
function typeOf(definition: { readonly type: string }): string {
  const type: unknown = definition?.type;
  if (typeof type === "string") return type;
  throw new TypeError("Cannot submit a job: its definition must be what defineJob returned");
}

/** @throws {Refusal} `invalid-request`, with the flaw of what was given, if there is one. */
function requireSound(type: string, detail: string | undefined): void {
  if (detail === undefined) return;
  const errors = [{ pointer: "", detail }];
  throw new Refusal("invalid-request", `Cannot submit a job of type ${type}: ${detail}`, {
    errors,
  });
}

/** The refusal that names the option and what was given: a program has no document to look it up. */
function withGiven(refusal: Refusal, type: string, given: JsonObject): Refusal {
  const issues = refusal.members.errors?.map(toIssue) ?? [];
  const [first] = issues;
  const name = SUBMIT_OPTIONS.find((option) => option === first?.pointer.split("/")[1]);
  if (first === undefined || name === undefined) return refusal;
  const subject = first.pointer === `/${name}` ? "it" : first.pointer;
  const others = issues.length > 1 ? `, the first of ${issues.length} errors` : "";
  return new Refusal(
    refusal.kind,
    `Cannot submit a job of type ${type}: ${name} is ${shownValue(given[name])}; ${subject} ` +
      first.detail + others,
    refusal.members,
  );
}

/** @throws {TypeError} for a job, or a promise of one, in place of its id. */
function textOf(jobId: string): JobId {
  if (typeof jobId === "string") return jobId as JobId;
  throw new TypeError("Cannot find the job: its id must be a text, such as job.jobId");
}

/** @throws {TypeError} for what is not a time. */
export function requireTime(ms: unknown): asserts ms is number {
  if (typeof ms === "number" && !Number.isNaN(ms)) return;
  throw new TypeError(`Cannot wait: timeoutMs must be a number of milliseconds, not ${String(ms)}`);
}

/** @throws {Refusal} `invalid-request`. */
function pointAt(at: string | number): Point {
  const point = parsePoint(String(at));
  if (point === undefined) throw invalidParameter("at", POINT_RULE);
  return point;
}

export class InProcessDaybook implements EmbeddedDaybook {
  readonly #host: InProcessHost;
  #closing: Promise<void> | undefined;

  constructor(host: InProcessHost) {
    this.#host = host;
    this.fetch = host.fetch;
  }

  readonly fetch: (request: Request) => Response | Promise<Response>;

  submit<Schema extends InputSchema, ExpectationName extends string, Output>(
    definition: JobDefinition<Schema, ExpectationName, Output>,
    input: SubmittedInput<Schema>,
    options: SubmitOptions = {},
  ): Promise<Job<JsonForm<Output>>> {
    return this.write(async (engine) => {
      const type = typeOf(definition);
      const example = "{priority: 5}";
      requireSound(type, optionsFlaw("its options", options, example, "an option", SUBMIT_OPTIONS));
      const request = this.#request(type, { input, ...options });
      return toJob<JsonForm<Output>>(valueOrThrow(await engine.create(request)).job);
    });
  }

  submitAll<Schema extends InputSchema, ExpectationName extends string, Output>(
    definition: JobDefinition<Schema, ExpectationName, Output>,
    jobs: readonly SubmittedJob<SubmittedInput<Schema>>[],
  ): Promise<readonly JobReceipt[]> {
    return this.write(async (engine) => {
      const type = typeOf(definition);
      if (!Array.isArray(jobs)) {
        throw new TypeError(
          `Cannot submit jobs of type ${type}: they must be a list, as [{input}]`,
        );
      }
      const judged = jobs.map((job) =>
        judgedJob(givenId(job), () => {
          requireSound(type, optionsFlaw("it", job, "{input}", "an option", JOB_MEMBERS));
          return this.#request(type, job);
        })
      );
      const receipts = await createAll(engine, judged);
      return receipts.map(({ refusal, limit: _, ...receipt }) =>
        refusal === undefined ? receipt : { ...receipt, kind: refusal }
      );
    });
  }

  deliver(event: DeliveredEvent): Promise<EventReceipt> {
    return this.write(async (engine) => {
      const judged = judgeEvent(documentOf("event", event));
      const [receipt] = await deliver(engine, { single: true, items: [judged] });
      return receipt as EventReceipt;
    });
  }

  control(jobId: string, control: JobControl, options: ControlOptions = {}): Promise<Job> {
    return this.write(async (engine) => {
      if (!CONTROL_NAMES.includes(control)) {
        throw new TypeError(
          `Cannot ${control} a job: the controls are ${CONTROL_NAMES.join(", ")}`,
        );
      }
      const body = documentOf("request", options);
      return toJob(await controlled(engine, this.#existing(jobId), control, body));
    });
  }

  job(jobId: string): Job | undefined {
    const state = this.#host.engine.job(textOf(jobId));
    return state === undefined ? undefined : own(toJob(state));
  }

  wait<Output>(job: string | Job<Output>, options: WaitOptions): Promise<Job<Output>> {
    const { engine } = this.#host;
    return orRefused(async () => {
      const { timeoutMs, signal } = options ?? {};
      requireTime(timeoutMs);
      const jobId = this.#existing(typeof job === "string" ? job : job?.jobId);
      return own(toJob<Output>(await engine.waitFor(jobId, isTerminal, timeoutMs, signal)));
    });
  }

  explain(jobId: string, { at }: ExplainOptions = {}): Promise<string> {
    const { engine } = this.#host;
    return orRefused(async () => {
      const existing = this.#existing(jobId);
      const { explainer } = await engine.explanations();
      const explanation = at === undefined
        ? await explainer.explain(existing)
        : valueOrThrow(await explainer.explainAt(existing, pointAt(at)));
      if (explanation === undefined) throw unknownJob(jobId);
      return explanationText(explanation, {
        commandOf: (action) => curlCall(action, "", false),
        nowMs: this.#host.clock.now(),
      });
    });
  }

  whatIf(
    jobId: string,
    suppositions: Suppositions,
    options: StepsOptions = {},
  ): Promise<SupposedJob> {
    const { engine } = this.#host;
    return orRefused(async () => {
      const existing = this.#existing(jobId);
      const supposed = parseSupposition(documentOf("request", suppositions), existing);
      const asked = Object.entries(documentOf("request", options) as JsonObject)
        .map(([name, value]) => [name, String(value)]);
      const steps = parseQuery(new URLSearchParams(asked), STEP_PARAMETERS);
      const { job, ...answer } = await supposedJob(existing, supposed, steps, engine);
      return own({ ...answer, job: job as Job });
    });
  }

  pause(options: PauseOptions): Promise<Pause> {
    return this.write(async (engine) => {
      const body = documentOf("request", options);
      return (await beginPause(body, { engine, clock: this.#host.clock })).pause;
    });
  }

  pauses(): readonly Pause[] {
    return own(this.#host.engine.pauses.all());
  }

  endPause(pauseId: string): Promise<Pause> {
    return this.write((engine) => endPause(pauseId, engine));
  }

  limits(): readonly TypeLimits[] {
    return own(this.#host.engine.limits.all);
  }

  changeLimits(type: string, change: LimitChange): Promise<TypeLimits> {
    return this.write((engine) => changeLimits(type, documentOf("request", change), engine));
  }

  restoreLimits(type: string): Promise<TypeLimits> {
    return this.write((engine) => restoreLimits(type, engine));
  }

  close(closeServer: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    return this.#closing ??= this.#host.stop(closeServer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws {Refusal} `invalid-request`. */
  #request(type: string, job: SubmittedJob<unknown>): CreateRequest {
    const { clock, maxStartDelayMs } = this.#host;
    const given = documentOf("job", { type, ...job }) as JsonObject;
    const { idempotencyKey, ...document } = given;
    try {
      const request = parseCreateRequest(document, { now: clock.now(), maxStartDelayMs });
      const idempotency = toIdempotency(idempotencyKey, document);
      return idempotency === undefined ? request : { ...request, idempotency };
    } catch (error) {
      throw error instanceof Refusal ? withGiven(error, type, given) : error;
    }
  }

  /** A call that records something, and may be refused. */
  protected write<Value>(run: (engine: JobEngine) => Promise<Value>): Promise<Value> {
    const { engine } = this.#host;
    return orRefused(async () => {
      if (engine.draining) throw draining();
      return own(await run(engine));
    });
  }

  /** @throws {Refusal} `unknown-job`. */
  #existing(jobId: string): JobId {
    const state = ID_PATTERN.test(textOf(jobId)) ? this.#host.engine.job(textOf(jobId)) : undefined;
    if (state === undefined) throw unknownJob(jobId);
    return state.jobId;
  }
}
