/** Decides commands on jobs, and records what follows from them. */

import type { Command, Rejection, Timer } from "../../core/command.ts";
import { decide } from "../../core/decide.ts";
import type { JobEventDraft } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { waitKey } from "../../core/waits.ts";
import type { JobTable } from "./job_table.ts";
import type { Writer } from "./writer.ts";

/** The most timers that one group ends. */
export const TIMERS_MAX = 250;

export class Commands {
  constructor(private readonly writer: Writer, private readonly table: JobTable) {}

  /**
   * Decides a command on a job from everything appended so far, and records the outcome. A
   * rejection is returned once the entries that it depends on are durable; `undefined` means
   * accepted.
   *
   * Rejects with `JournalFullError`, `JournalFailedError`, or the error that `admit` throws.
   *
   * @param admit Called before anything is recorded.
   */
  async execute(
    jobId: JobId,
    command: Command,
    admit: () => void = () => {},
  ): Promise<Rejection | undefined> {
    this.writer.pay(jobId);
    const pending = this.table.pending(jobId);
    const head = pending?.head;
    // Copying the steps is costly, and only these commands look at them.
    const ofSteps = command.kind === "wake" ||
      command.kind === "cancel" && command.leave === true;
    const decision = decide((ofSteps ? pending?.whole : head) as JobState | undefined, command);
    if (!decision.accepted) {
      const again = () => this.execute(jobId, command, admit);
      const { rejection } = decision;
      return await this.writer.onceDurable<Rejection | undefined>(
        head?.lastLogId ?? 0,
        rejection,
        again,
      );
    }
    admit();
    const [first, ...rest] = groups(decision.events);
    const { firstLogId, lastLogId } = this.writer.append(first);
    await this.writer.whenDurable<void>(lastLogId, undefined);
    for (const group of rest) await this.#endRest(jobId, group, firstLogId);
    return undefined;
  }

  /**
   * Ends further timers of a job with thousands, in a batch of their own. Each end is a fact of its
   * own, so after a crash a repeated wake ends the rest.
   */
  async #endRest(jobId: JobId, ends: readonly JobEventDraft[], causedBy: LogId): Promise<void> {
    const open = ends.filter(({ taskId, attributes }) =>
      this.elapsed(jobId, taskId === undefined ? attributes as Timer : { taskId }).length > 0
    );
    if (open.length > 0) await this.writer.recorded(open.map((end) => ({ ...end, causedBy })));
  }

  /** What ends a timer of a job; empty when something else has ended it. */
  elapsed(jobId: JobId, timer: Timer): readonly JobEventDraft[] {
    const pending = this.table.pending(jobId);
    const job = "taskId" in timer ? pending?.withOnly([timer.taskId]) : pending?.withOnly(
      [],
      timer.wait === undefined ? [] : [waitKey(timer.expectation, timer.wait)],
    );
    if (job === undefined) return [];
    const decision = decide(job, { kind: "elapse", timer });
    return decision.accepted ? decision.events : [];
  }
}

/** Most decisions are one group. */
function groups(
  drafts: readonly JobEventDraft[],
): readonly [readonly JobEventDraft[], ...(readonly JobEventDraft[])[]] {
  const rest = [];
  for (let at = TIMERS_MAX; at < drafts.length; at += TIMERS_MAX) {
    rest.push(drafts.slice(at, at + TIMERS_MAX));
  }
  return [rest.length === 0 ? drafts : drafts.slice(0, TIMERS_MAX), ...rest];
}
