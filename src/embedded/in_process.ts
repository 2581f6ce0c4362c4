/** A Daybook without a server or a process of its own: all of it is here. */

import { explanationText } from "../explain/explanation_text.ts";
import type { JsonForm } from "../core/json_form.ts";
import { ID_PATTERN, type JobId } from "../core/ids.ts";
import { isTerminal } from "../core/job_state.ts";
import { Daybook } from "../server/daybook.ts";
import type { InputSchema, JobDefinition, SubmittedInput } from "../engine/definition.ts";
import { createRequestOf } from "../http/requests/create_request.ts";
import { createAll } from "../http/answers/job_receipts.ts";
import type { Point } from "../core/point.ts";
import { curlOf } from "../http/answers/curl.ts";
import { draining, unknownJob, valueOf } from "../http/problems/engine_problem.ts";
import { judgeEvent } from "../http/requests/event_schema.ts";
import { idempotencyOf } from "../http/requests/headers.ts";
import { judgingOf } from "../http/requests/job_documents.ts";
import { POINT_RULE, pointOf } from "../http/requests/point_text.ts";
import { invalidParameter } from "../http/requests/query.ts";
import { parseJson } from "../http/bodies/json_document.ts";
import { deliver } from "../http/answers/receipts.ts";
import { controlled } from "../http/routes/controls.ts";
import { startWarnings } from "../server/banner.ts";
import { systemClock, systemRandom } from "../server/system.ts";
import type {
  ControlOptions,
  DeliveredEvent,
  EmbeddedDaybook,
  EventReceipt,
  ExplainOptions,
  JobControl,
  JobReceipt,
  OpenOptions,
  SubmitOptions,
  SubmittedJob,
  WaitOptions,
} from "./daybook.ts";
import { type Job, jobOf } from "./job.ts";
import { orRefused } from "./refused_error.ts";
import { type Configuration, readConfiguration } from "../settings/configuration.ts";
import { SETTING_LIST } from "../settings/settings.ts";

/** See `openDaybook`. */
export async function openInProcess(options: OpenOptions): Promise<EmbeddedDaybook> {
  const { journal, definitions, settings = {}, warn = warnOnConsole } = options;
  const configuration = configurationOf(journal, settings);
  const daybook = await Daybook.open({
    configuration,
    clock: systemClock,
    random: systemRandom,
    definitions,
    warn,
    onJournalFailed: options.onJournalFailed ?? ((error) => warn(failedText(error))),
  });
  await daybook.tried();
  for (const warning of startWarnings(daybook.engine)) warn(warning);
  return new InProcessDaybook(daybook, configuration.maxStartDelayMs);
}

function warnOnConsole(message: string): void {
  console.error(`daybook: ${message}`);
}

function failedText({ message }: Error): string {
  return `${message}; end this process, since only the next start tells what is on disk`;
}

/** @throws {Problem} `invalid-request`. */
function pointAt(at: string | number): Point {
  const point = pointOf(String(at));
  if (point === undefined) throw invalidParameter("at", POINT_RULE);
  return point;
}

class InProcessDaybook implements EmbeddedDaybook {
  readonly #daybook: Daybook;
  readonly #maxStartDelayMs: number;
  #closing: Promise<void> | undefined;

  constructor(daybook: Daybook, maxStartDelayMs: number) {
    this.#daybook = daybook;
    this.#maxStartDelayMs = maxStartDelayMs;
    this.fetch = daybook.fetch;
  }

  readonly fetch: (request: Request) => Response | Promise<Response>;

  submit<Schema extends InputSchema, ExpectationName extends string, Output>(
    definition: JobDefinition<Schema, ExpectationName, Output>,
    input: SubmittedInput<Schema>,
    options: SubmitOptions = {},
  ): Promise<Job<JsonForm<Output>>> {
    const { idempotencyKey, ...fields } = options;
    return this.#write(async (engine) => {
      const document = parseJson(JSON.stringify({ type: definition.type, input, ...fields }));
      const limits = { now: systemClock.now(), maxStartDelayMs: this.#maxStartDelayMs };
      const creation = createRequestOf(document, limits);
      const idempotency = idempotencyOf(idempotencyKey, document);
      const request = idempotency === undefined ? creation : { ...creation, idempotency };
      return jobOf<JsonForm<Output>>(valueOf(await engine.create(request)).job);
    });
  }

  submitAll<Schema extends InputSchema, ExpectationName extends string, Output>(
    { type }: JobDefinition<Schema, ExpectationName, Output>,
    jobs: readonly SubmittedJob<SubmittedInput<Schema>>[],
  ): Promise<readonly JobReceipt[]> {
    return this.#write(async (engine) => {
      const { judge } = judgingOf({
        clock: systemClock,
        eventsMax: Infinity,
        maxStartDelayMs: this.#maxStartDelayMs,
      });
      const judged = jobs.map(({ idempotencyKey, ...fields }, index) => {
        const document = parseJson(JSON.stringify({ type, ...fields }));
        const job = judge(document, `/${index}`);
        const idempotency = idempotencyOf(idempotencyKey, document);
        return job.valid && idempotency !== undefined
          ? { ...job, request: { ...job.request, idempotency } }
          : job;
      });
      return await createAll(engine, judged);
    });
  }

  deliver(event: DeliveredEvent): Promise<EventReceipt> {
    return this.#write(async (engine) => {
      const judged = judgeEvent(parseJson(JSON.stringify(event)));
      const [receipt] = await deliver(engine, { single: true, items: [judged] });
      return receipt as EventReceipt;
    });
  }

  control(jobId: string, control: JobControl, options: ControlOptions = {}): Promise<Job> {
    return this.#write(async (engine) => {
      const body = parseJson(JSON.stringify(options));
      return jobOf(await controlled(engine, this.#existing(jobId), control, body));
    });
  }

  job(jobId: string): Job | undefined {
    const state = this.#daybook.engine.job(jobId as JobId);
    return state === undefined ? undefined : jobOf(state);
  }

  wait<Output>(
    job: string | Job<Output>,
    { timeoutMs, signal }: WaitOptions,
  ): Promise<Job<Output>> {
    const { engine } = this.#daybook;
    return orRefused(async () => {
      const jobId = this.#existing(typeof job === "string" ? job : job.jobId);
      return jobOf<Output>(await engine.waitFor(jobId, isTerminal, timeoutMs, signal));
    });
  }

  explain(jobId: string, { at }: ExplainOptions = {}): Promise<string> {
    const { engine } = this.#daybook;
    return orRefused(async () => {
      const existing = this.#existing(jobId);
      const explanation = at === undefined
        ? await engine.explain(existing)
        : valueOf(await engine.explainAt(existing, pointAt(at)));
      if (explanation === undefined) throw unknownJob(jobId);
      return explanationText(explanation, {
        commandOf: (action) => curlOf(action, "", false),
        nowMs: systemClock.now(),
      });
    });
  }

  close(closeServer: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    return this.#closing ??= this.#daybook.stop(closeServer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write<Value>(run: (engine: Daybook["engine"]) => Promise<Value>): Promise<Value> {
    const { engine } = this.#daybook;
    return orRefused(async () => {
      if (engine.draining) throw draining();
      return await run(engine);
    });
  }

  /** @throws {Problem} `unknown-job`. */
  #existing(jobId: string): JobId {
    const state = ID_PATTERN.test(jobId) ? this.#daybook.engine.job(jobId as JobId) : undefined;
    if (state === undefined) throw unknownJob(jobId);
    return state.jobId;
  }
}

/**
 * @param settings By the names of the flags, without dashes.
 * @throws {TypeError} with every setting that cannot be used.
 */
export function configurationOf(
  journal: string,
  settings: Readonly<Record<string, string>>,
): Configuration {
  const own = SETTING_LIST.filter(([, { flag, ofServer }]) => ofServer && flag in settings)
    .map(([, { flag }]) => flag);
  if (own.length > 0) {
    throw new TypeError(`Cannot open Daybook: only its own server takes ${own.join(", ")}`);
  }
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const result = readConfiguration({
    args: [`--journal=${journal}`, ...args],
    // Whoever calls decides what is in force; nothing comes from the surroundings.
    env: () => undefined,
    readTextFile: Deno.readTextFileSync,
  });
  if (result.kind === "run") return result.configuration;
  const reasons = result.kind === "invalid" ? result.problems : [`there is no ${result.kind}`];
  throw new TypeError(`Cannot open Daybook: ${reasons.join("; ")}`);
}
