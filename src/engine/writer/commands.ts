/** Decides commands on existing jobs from everything appended so far, and records the outcome. */

import type { Command, Rejection } from "../../core/command.ts";
import { decide } from "../../core/decide.ts";
import type { JobId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobTable } from "./job_table.ts";
import type { Writer } from "./writer.ts";

/** Why a command was rejected; `undefined` when it was accepted. */
type Refused = Rejection | undefined;

export class Commands {
  readonly #table: JobTable;
  readonly #writer: Writer;

  constructor(table: JobTable, writer: Writer) {
    this.#table = table;
    this.#writer = writer;
  }

  /**
   * Decides and records a command. A rejection is returned once the entries that it depends on are
   * durable.
   *
   * Rejects with `JournalFullError`, `JournalFailedError`, or the error that `admit` throws.
   *
   * @param admit Called before anything is recorded.
   */
  async run(jobId: JobId, command: Command, admit: () => void = () => {}): Promise<Refused> {
    this.#writer.pay(jobId);
    const pending = this.#table.pending(jobId);
    const head = pending?.head;
    // Copying the tasks is costly, and only these commands look at them.
    const ofTasks = command.kind === "wake" ||
      command.kind === "cancel" && command.leave === true;
    const decision = decide((ofTasks ? pending?.whole : head) as JobState | undefined, command);
    if (!decision.accepted) {
      const again = () => this.run(jobId, command, admit);
      return await this.#writer.onceDurable<Refused>(
        head?.lastLogId ?? 0,
        decision.rejection,
        again,
      );
    }
    admit();
    await this.#writer.recorded(decision.events);
    return undefined;
  }
}
