/**
 * Calls the `run` of idle jobs a second time, answered from the record as after a restart; no step
 * runs. It must do the same as the first time.
 */

import { type JobId, MAIN_TASK } from "../core/ids.ts";
import { findTask, hasCode, type JobState } from "../core/job_state.ts";
import type { DefinitionRegistry } from "../engine/definition_registry.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { Clock, KeyStore } from "../engine/ports.ts";
import { hasSucceeded, rehearsed, startedForm, type StartedJob } from "../engine/run/rehearsal.ts";
import { isSealed, Sealing, withInput } from "../engine/secrets/sealing.ts";
import { NO_SECRETS, type SecretGuard } from "../engine/secrets/secret_guard.ts";
import { NotDeterministicError, type RunTraces } from "./run_traces.ts";

interface SecondCallParts {
  readonly clock: Clock;
  readonly keys: KeyStore;
  readonly registry: DefinitionRegistry;
  readonly traces: RunTraces;
}

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
    const entriesAt: JobEngine["entriesAt"] = (logIds) => engine.entriesAt(logIds);
    await rehearsed(definition, opened.job, { clock, entriesAt, guard: opened.guard });
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
  return hasCode(job) && job.state !== "Created" && findTask(job, MAIN_TASK) !== undefined;
}
