/** Commands on jobs: decided on durable state, one at a time for each job, and recorded. */

import type { Command } from "../core/command.ts";
import { decide } from "../core/decide.ts";
import type { JobId } from "../core/ids.ts";
import type { JobTable } from "./job_table.ts";
import type { Lanes } from "./lanes.ts";
import type { Urgency } from "./ports.ts";
import type { Recorder } from "./recorder.ts";
import type { Commanded } from "./run_services.ts";

export class Commands {
  readonly #table: JobTable;
  readonly #lanes: Lanes;
  readonly #recorder: Recorder;

  constructor(table: JobTable, lanes: Lanes, recorder: Recorder) {
    this.#table = table;
    this.#lanes = lanes;
    this.#recorder = recorder;
  }

  /**
   * Decides and records a command. The journal has the last word: when the job ended, or
   * began to compensate, between the decision and the record, the command is judged anew.
   *
   * Rejects with `JournalFullError` or `JournalFailedError`.
   */
  run(jobId: JobId, command: Command, urgency?: Urgency): Promise<Commanded> {
    return this.#lanes.run(jobId, async () => {
      const decision = decide(this.#table.job(jobId), command);
      if (!decision.accepted) return decision;
      const steps = await this.#recorder.record(decision.events, urgency).applied;
      const applied = steps.filter((step) => step !== undefined);
      const last = applied.at(-1);
      if (last?.rule === "terminal/record-only" || last?.rule === "compensating/record-only") {
        const after = decide(last.before, command);
        if (!after.accepted) return after;
      }
      return { accepted: true, applied };
    });
  }
}
