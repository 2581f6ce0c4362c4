/**
 * Records what each call of `run` does, and compares it with an earlier call for the same job. Every
 * idle job gets a second call.
 */

import type { AnyJobDefinition } from "../engine/definition.ts";
import type { JobContext } from "../engine/job_context.ts";
import { equalJson, type JsonObject, type JsonValue } from "../core/json.ts";
import { parseJsonText } from "../core/json_text.ts";
import { shownValue } from "../core/shown_value.ts";
import { thrownText } from "../engine/run/call/divergence.ts";
import type { JobId } from "../core/ids.ts";
import { hasBegun, hasCode, type JobState, type StartedJob } from "../core/job_state.ts";
import type { DefinitionRegistry } from "../engine/definition_registry.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { Clock, KeyStore } from "../engine/ports.ts";
import { hasSucceeded, rehearsed, startedForm } from "../engine/run/recovery/rehearsal.ts";
import { isSealed, Sealing, withInput } from "../engine/secrets/sealing.ts";
import { NO_SECRETS, type SecretGuard } from "../engine/secrets/secret_guard.ts";

/** The progress of one call. */
interface Call {
  readonly type: string;
  readonly jobId: string;
  /** The steps known for the job, from this and earlier calls. */
  readonly known: RunStep[];
  taken: number;
}

export class RunTraces {
  #known = new Map<string, RunStep[]>();
  #calls = new Map<string, Call>();
  /** The first difference. */
  #difference: NotDeterministicError | undefined;

  /** The same definition, with a `run` that is recorded. It runs in this thread. */
  recording(definition: AnyJobDefinition): AnyJobDefinition {
    const { isolation: _isolation, module: _module, ...rest } = definition;
    return { ...rest, run: (ctx, input) => this.#run(definition, ctx, input) };
  }

  /** Later calls are not compared with those before. */
  forget(): void {
    this.#known = new Map();
    this.#calls = new Map();
  }

  /** Call it when the last call for a job has finished: it must have come as far as the others. */
  requireAll(jobId: string): void {
    const call = this.#calls.get(jobId);
    if (call !== undefined && call.taken < call.known.length) this.#compare(call, undefined);
  }

  /**
   * @throws {NotDeterministicError} when two calls did not do the same. Reports each difference
   * once.
   */
  requireSame(): void {
    const difference = this.#difference;
    this.#difference = undefined;
    if (difference !== undefined) throw difference;
  }

  async #run(definition: AnyJobDefinition, ctx: JobContext<string>, input: unknown) {
    const call = this.#begin(definition.type, ctx.jobId);
    const listening = contextWith(ctx, (step) => this.#take(call, step));
    try {
      const output = await definition.run(listening, input);
      this.#take(call, { kind: "returned", output: form(output) });
      return output;
    } catch (error) {
      this.#take(call, { kind: "threw", error: thrownText(error, NO_SECRETS) });
      throw error;
    }
  }

  #begin(type: string, jobId: string): Call {
    const known = this.#known.get(jobId) ?? [];
    const call = { type, jobId, known, taken: 0 };
    this.#known.set(jobId, known);
    this.#calls.set(jobId, call);
    return call;
  }

  #take(call: Call, step: RunStep): void {
    if (call.taken === call.known.length) call.known.push(step);
    else this.#compare(call, step);
    call.taken++;
  }

  #compare({ type, jobId, known, taken }: Call, step: RunStep | undefined): void {
    const first = known[taken];
    const difference = first && stepDifference(first, step);
    // Calls of an earlier process are ignored.
    if (difference === undefined || this.#known.get(jobId) !== known) return;
    const before = known[taken - 1];
    const after = before?.kind === "asked" ? before.call : null;
    const what = `${after === null ? "at its beginning" : `after ${after}`}, it ${difference}`;
    this.#difference ??= new NotDeterministicError(type, jobId, after, what);
  }
}

/** The same context, but records every call except of `now`. */
function contextWith(ctx: JobContext<string>, asked: (step: RunStep) => void): JobContext<string> {
  return new Proxy(ctx, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name === "now") return value.bind(target);
      return (...args: readonly unknown[]) => {
        asked(requestedStep(String(name), args));
        return value.apply(target, args);
      };
    },
  });
}

/** What Daybook sees of `run`: its calls of `ctx`, and how it ends. */
type RunStep =
  /** `options` are the arguments besides the name. */
  | { readonly kind: "asked"; readonly call: string; readonly options: JsonValue }
  | { readonly kind: "returned"; readonly output: JsonValue }
  | { readonly kind: "threw"; readonly error: string };

function requestedStep(method: string, [name, ...others]: readonly unknown[]): RunStep {
  const call = `ctx.${method}(${JSON.stringify(name)})`;
  const [options, ...more] = others.filter((one) => typeof one !== "function");
  return { kind: "asked", call, options: form(more.length === 0 ? options : others) };
}

/**
 * The difference between two calls at the same step, as a predicate; `undefined` if there is none.
 */
function stepDifference(first: RunStep, second: RunStep | undefined): string | undefined {
  if (first.kind === "asked" && second?.kind === "asked" && first.call === second.call) {
    return describeCall(`asked for ${first.call} with`, "options", first.options, second.options);
  }
  if (first.kind === "returned" && second?.kind === "returned") {
    return describeCall("returned", "output", first.output, second.output);
  }
  const [one, other] = [textOf(first), textOf(second)];
  return one === other ? undefined : `${one} the first time, and ${other} the second`;
}

function textOf(step: RunStep | undefined): string {
  switch (step?.kind) {
    case "asked":
      return `asked for ${step.call}`;
    case "returned":
      return "returned";
    case "threw":
      return `threw ${step.error}`;
    case undefined:
      return "asked for nothing more";
  }
}

function describeCall(
  verb: string,
  name: string,
  first: JsonValue,
  second: JsonValue,
): string | undefined {
  if (equalJson(first, second)) return undefined;
  const [path, one, other] = differenceAt(name, first, second);
  return `${verb} ${path} ${shownValue(one)} the first time, and ${shownValue(other)} the second`;
}

type At = readonly [path: string, first: JsonValue | undefined, second: JsonValue | undefined];

/** The innermost path at which two values differ, the first of several. */
function differenceAt(path: string, first: JsonValue, second: JsonValue): At {
  if (!isObject(first) || !isObject(second)) return [path, first, second];
  for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
    const [one, other] = [first[name], second[name]];
    const place = Array.isArray(first) ? `${path}[${name}]` : `${path}.${name}`;
    if (one === undefined || other === undefined) return [place, one, other];
    if (!equalJson(one, other)) return differenceAt(place, one, other);
  }
  return [path, first, second];
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null;
}

/** As JSON; of a function, only its presence counts. */
function form(value: unknown): JsonValue {
  try {
    const text = JSON.stringify(value, (_, part) => typeof part === "function" ? "function" : part);
    return text === undefined ? null : parseJsonText(text) as JsonValue;
  } catch {
    // The engine refuses what JSON cannot hold.
    return null;
  }
}

/**
 * A job's `run` was called again, as after a restart, and asked for other steps or ended
 * differently. The message names the step and the difference.
 */
export class NotDeterministicError extends Error {
  /** For logs. */
  override readonly name = "NotDeterministicError";
  /** The job whose `run` it is. */
  readonly jobId: string;
  /**
   * The last call of `ctx` that was the same both times, such as `ctx.task("reserve")`; or `null`.
   */
  readonly after: string | null;

  /** Created by the test kit. `what` is a clause that says how the second call differed. */
  constructor(type: string, jobId: string, after: string | null, what: string) {
    super(
      `Cannot call run of ${type} again: for job ${jobId}, ${what}. Between calls of ctx, run ` +
        "must do the same each time: take the time from ctx.now(), and put random values and " +
        "calls to other systems into a step",
    );
    this.jobId = jobId;
    this.after = after;
  }
}

interface SecondCallParts {
  readonly clock: Clock;
  readonly keys: KeyStore;
  readonly registry: DefinitionRegistry;
  readonly traces: RunTraces;
}

/**
 * Calls the `run` of idle jobs a second time, answered from the record as after a restart; no step
 * runs. It must do the same as the first time.
 */
export class SecondCalls {
  readonly #parts: SecondCallParts;
  readonly #sealing: Sealing;

  constructor(parts: SecondCallParts) {
    this.#parts = parts;
    this.#sealing = new Sealing(parts.keys);
  }

  /** @throws {NotDeterministicError} when the `run` of one of these jobs did not do the same. */
  async check(engine: JobEngine, jobIds: Iterable<JobId>): Promise<void> {
    for (const jobId of jobIds) {
      const job = engine.job(jobId);
      if (job !== undefined && wasCalled(job)) await this.#check(engine, job);
    }
  }

  async #check(engine: JobEngine, job: JobState): Promise<void> {
    const { clock, registry, traces } = this.#parts;
    const { jobId, type = "", parked } = job;
    if (parked?.reason === "diverged") {
      throw new NotDeterministicError(type, jobId, null, parked.message);
    }
    const definition = registry.running(job);
    const opened = definition && await this.#opened(job);
    if (definition === undefined || opened === undefined) return;
    await rehearsed(definition, opened.job, {
      clock,
      entriesAt: (logIds) => engine.history.at(logIds),
      guard: opened.guard,
    });
    // A job that failed or compensates may have cut its first call off at a later point.
    if (job.state === "Running" || hasSucceeded(opened.job)) traces.requireAll(jobId);
    traces.requireSame();
  }

  /** `undefined` when the input was removed: then `run` is never called again. */
  async #opened(
    recorded: JobState,
  ): Promise<{ readonly job: StartedJob; readonly guard: SecretGuard } | undefined> {
    const job = startedForm(recorded);
    if (!isSealed(job)) return { job, guard: NO_SECRETS };
    const opened = await this.#sealing.open(job);
    return opened.ok ? { job: withInput(job, opened.input), guard: opened.guard } : undefined;
  }
}

function wasCalled(job: JobState): boolean {
  return hasCode(job) && job.state !== "Created" && hasBegun(job);
}
