/** Records what each call of `run` does, and compares it with an earlier call for the same job. */

import type { AnyJobDefinition } from "../engine/definition.ts";
import type { JobContext } from "../engine/job_context.ts";
import { NotDeterministicError } from "./not_deterministic_error.ts";
import {
  requestedStep,
  returnedStep,
  type RunStep,
  stepDifference,
  threwStep,
} from "./run_steps.ts";

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
      this.#take(call, returnedStep(output));
      return output;
    } catch (error) {
      this.#take(call, threwStep(error));
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
function contextWith(
  ctx: JobContext<string>,
  asked: (step: RunStep) => void,
): JobContext<string> {
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
