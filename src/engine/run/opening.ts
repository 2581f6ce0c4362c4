/** What a call of `run` needs: where its job comes from, its start on record, its clear input. */

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

  /** Gets it, and has `run` called. */
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
    // Suspended or stopping: a later run takes the job up.
    if (began === "refused") return owner.end();
    if (began === "full") return owner.beginLater();
    if (began === "failed") return;
    const { whole } = job;
    if (isSealed(whole)) this.#unseal(whole).catch(services.onDefect);
    else owner.call(whole as RunningJob | CompensatingJob, NO_SECRETS);
  }

  /** Without its input `run` is not called. */
  async #unseal(sealed: SealedJob): Promise<void> {
    const { job, jobId, main, owner, services } = this.#run;
    const opened = await services.openInput(sealed);
    if (this.#isOver) return;
    if (!opened.ok) {
      const message = `Cannot run: ${opened.reason}; with the key back, the job can be retried`;
      main.fail({ name: "SealedInputError", message }, "poison", () => this.#open());
      return;
    }
    services.liveSecrets.add(jobId, opened.guard);
    owner.call(withInput(job.whole as RunningJob | CompensatingJob, opened.input), opened.guard);
  }
}
