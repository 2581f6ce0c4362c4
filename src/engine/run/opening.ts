/** Prepares a call of `run`: reads the job's trace, records the start, decrypts the input. */

import type { CompensatingJob, RunningJob } from "../../core/job_state.ts";
import { NO_SECRETS } from "../secrets/secret_guard.ts";
import { isSealed, type SealedJob, withInput } from "../secrets/sealing.ts";
import type { RunParts } from "./run_parts.ts";

export class Opening {
  readonly kind = "opening";
  readonly #run: RunParts;
  #isOver = false;

  constructor(run: RunParts) {
    this.#run = run;
  }

  /** Prepares the call, then calls `run`. */
  begin(): void {
    const { job, services, trace } = this.#run;
    const finding = trace.begin(job.head);
    if (finding === undefined) this.#open();
    else finding.then(() => this.#open()).catch(services.onDefect);
  }

  stop(): void {
    this.#isOver = true;
  }

  #open(): void {
    if (this.#isOver) return;
    const { job, main, owner, services } = this.#run;
    const began = main.start();
    // The job is suspended, or the engine is stopping: a later run continues the job.
    if (began === "refused") return owner.end();
    if (began === "full") return owner.beginLater();
    if (began === "failed") return;
    const { whole } = job;
    if (isSealed(whole)) this.#unseal(whole).catch(services.onDefect);
    else owner.call(whole as RunningJob | CompensatingJob, NO_SECRETS);
  }

  /** Decrypts the input. `run` is not called without it. */
  async #unseal(sealed: SealedJob): Promise<void> {
    const { job, jobId, main, owner, services } = this.#run;
    const opened = await services.openInput(sealed);
    if (this.#isOver) return;
    if (!opened.ok) {
      const message = `Cannot run: ${opened.reason}; to retry the job, restore the key`;
      main.fail({ name: "SealedInputError", message }, "poison", () => this.#open());
      return;
    }
    services.liveSecrets.add(jobId, opened.guard);
    owner.call(withInput(job.whole as RunningJob | CompensatingJob, opened.input), opened.guard);
  }
}
