/** Commands on existing jobs: decided on what was appended, and recorded. */

import type { Command } from "../../core/command.ts";
import { decide } from "../../core/decide.ts";
import type { Rejection } from "../../core/decision.ts";
import type { JobId } from "../../core/ids.ts";
import type { JobTable } from "./job_table.ts";
import type { Writer } from "./writer.ts";

/** Why a command was rejected; `undefined` when it was not. */
type Refused = Rejection | undefined;

export class Commands {
  readonly #table: JobTable;
  readonly #writer: Writer;

  constructor(table: JobTable, writer: Writer) {
    this.#table = table;
    this.#writer = writer;
  }

  /**
   * Decides and records a command; a refusal also waits for the entries that it depends on.
   *
   * Rejects with what `admit` throws, with `JournalFullError` or `JournalFailedError`.
   *
   * @param admit Called before anything is recorded.
   */
  async run(jobId: JobId, command: Command, admit: () => void = () => {}): Promise<Refused> {
    this.#writer.pay(jobId);
    const pending = this.#table.pending(jobId);
    const head = pending?.head;
    // Only what stays in place, and what backs off, depends on the job's tasks.
    const ofTasks = command.kind === "wake" ||
      command.kind === "cancel" && command.leave === true;
    const decision = decide(ofTasks ? pending?.whole : head, command);
    if (!decision.accepted) {
      const again = () => this.run(jobId, command, admit);
      return await this.#writer.resting<Refused>(head?.lastLogId ?? 0, decision.rejection, again);
    }
    admit();
    const { lastLogId } = this.#writer.append(decision.events);
    return await this.#writer.settled(lastLogId, undefined);
  }
}
