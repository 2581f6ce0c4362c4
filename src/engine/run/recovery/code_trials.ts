/**
 * Checks at a start which jobs still fit their code, by calling `run` on the record. Unparks parked
 * jobs that fit, and parks waiting jobs that do not, before they wake.
 */

import { parked, unpark } from "../../../core/decide_parked.ts";
import type { JobEventDraft } from "../../../core/event.ts";
import type { JobParkedAttributes } from "../../../core/framework_events.ts";
import { type JobId, MAIN_TASK } from "../../../core/ids.ts";
import { isTerminal } from "../../../core/job_state.ts";
import { isThrown } from "../../../core/thrown.ts";
import type { AnyJobDefinition } from "../../definition.ts";
import type { DefinitionRegistry } from "../../definition_registry.ts";
import { isSealed, withInput } from "../../secrets/sealing.ts";
import { NO_SECRETS } from "../../secrets/secret_guard.ts";
import { MisfitError } from "../call/run_call.ts";
import { divergedParking, divergenceAt, misfitParking } from "../call/divergence.ts";
import { hasReturned, rehearsed, startedForm } from "./rehearsal.ts";
import type { RunPool, RunServices } from "../run_services.ts";

/** How many trials run at a time. Each keeps its job and the job's answers in memory. */
const CONCURRENT_MAX = 16;
/** How often a job is tried while new events keep interrupting its trial. */
const TRIES_MAX = 20;

interface CodeTrialsParts extends RunServices {
  readonly registry: DefinitionRegistry;
}

/** The runs of jobs. */
interface Runs {
  /** Where the code of a definition is called, and who watches that. */
  poolOf(definition: AnyJobDefinition): RunPool;
  /** Whether the job has a run, which detects a misfit itself. */
  isKnown(jobId: JobId): boolean;
}

/** The code fits unless there is a `misfit`. */
type Verdict = { readonly misfit: JobParkedAttributes | undefined } | "unknown";

export class CodeTrials {
  /** The jobs to try, the next one last. */
  #jobIds: JobId[] = [];
  #running = 0;
  /** The jobs that trials have unparked, until their unparking is durable. */
  readonly #unparked = new Set<JobId>();
  #onDone: (() => void)[] = [];

  constructor(private readonly parts: CodeTrialsParts, private readonly runs: Runs) {}

  /** Tries the jobs in the background, in this order. */
  begin(jobIds: readonly JobId[]): void {
    this.#jobIds = [...jobIds.toReversed(), ...this.#jobIds];
    while (this.#running < Math.min(CONCURRENT_MAX, this.#jobIds.length)) void this.#work();
  }

  async done(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#onDone.push(resolve));
  }

  /** Whether a trial unparked the job. Returns `true` only once. */
  wasUnparked(jobId: JobId): boolean {
    return this.#unparked.delete(jobId);
  }

  async #work(): Promise<void> {
    this.#running++;
    for (let jobId = this.#jobIds.pop(); jobId !== undefined; jobId = this.#jobIds.pop()) {
      try {
        await this.#try(jobId);
      } catch (error) {
        this.parts.onDefect(error);
      }
    }
    if (--this.#running > 0) return;
    for (const resolve of this.#onDone.splice(0)) resolve();
  }

  async #try(jobId: JobId): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const job = this.parts.table.job(jobId);
      if (job === undefined || isTerminal(job) || this.parts.draining) return;
      const definition = this.parts.registry.running(job);
      if (definition === undefined) return;
      const verdict = await this.#verdictOn(jobId, definition);
      const head = this.parts.table.pending(jobId)?.head;
      if (head === undefined || isTerminal(head) || this.runs.isKnown(jobId)) return;
      if (head.lastLogId === job.lastLogId) return await this.#conclude(jobId, verdict);
    }
  }

  async #verdictOn(jobId: JobId, definition: AnyJobDefinition): Promise<Verdict> {
    const { clock, entriesAt, table } = this.parts;
    const recorded = startedForm(table.existing(jobId));
    if (hasReturned(recorded)) return { misfit: undefined };
    const opened = isSealed(recorded) ? await this.parts.openInput(recorded) : undefined;
    if (opened?.ok === false) return "unknown";
    const job = opened === undefined ? recorded : withInput(recorded, opened.input);
    const guard = opened?.guard ?? NO_SECRETS;
    const { code: place, attemptWatch } = this.runs.poolOf(definition);
    const source = { clock, entriesAt, guard, place };
    const watched = attemptWatch.began(jobId, MAIN_TASK, 0);
    const { ctx, end, missing } = await rehearsed(definition, job, source)
      .finally(() => attemptWatch.ended(watched));
    if (end.kind === "threw" && isThrown(end.error, MisfitError)) {
      return { misfit: misfitParking(definition, job, end.error, guard) };
    }
    if (missing === undefined) return { misfit: undefined };
    const divergence = divergenceAt(missing, job, ctx, end, guard);
    return { misfit: divergedParking(definition, job, divergence) };
  }

  async #conclude(jobId: JobId, verdict: Verdict): Promise<void> {
    const job = this.parts.table.pending(jobId)?.head;
    if (job === undefined || verdict === "unknown" || this.parts.draining) return;
    const { misfit } = verdict;
    if (misfit === undefined) {
      if (job.parked === undefined) return;
      this.#unparked.add(jobId);
      await this.#record(jobId, unpark(job, {}), verdict);
    } else if (job.parked?.message !== misfit.message) {
      await this.#record(jobId, parked(jobId, misfit), verdict);
    }
  }

  /** Resolves when the entry is durable, or cannot be written for now. */
  async #record(jobId: JobId, draft: JobEventDraft, verdict: Verdict): Promise<void> {
    const { writer, diskRetries, onDefect } = this.parts;
    const written = writer.tryAppend([draft], "vital");
    if (written === "full") {
      diskRetries.later(() => void this.#conclude(jobId, verdict).catch(onDefect));
    }
    if (typeof written !== "string") await writer.isDurable(written.lastLogId);
  }
}
