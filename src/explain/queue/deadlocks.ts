/** Describes jobs that may wait for each other in a circle. */

import { counted, countText } from "../../core/counted.ts";
import type { JobState } from "../../core/job_state.ts";
import { shownText } from "../../core/shown_value.ts";
import { ownValues } from "../likeness/own_values.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import type { Deadlock, WorkerHolder } from "../statements/queue_facts.ts";
import { byHand, reason } from "../statements/statement.ts";
import { latest, taskText } from "../words/phrases.ts";
import { limitedText } from "./queue_holders.ts";

/** A sentence, if a job was given the id of one that it waits for, as the job that submitted it. */
export function givenHolderText(
  job: JobState,
  holders: readonly WorkerHolder[],
): readonly string[] {
  const ids = new Set<unknown>(holders.map(({ jobId }) => jobId));
  const named = ownValues(job).find(({ from, value }) =>
    from !== "id" && ids.has(value) && value !== job.key
  );
  return named === undefined ? [] : [
    `It was given job ${named.value} at ${
      shownText(named.path)
    }: if that job waits for this one, ` +
    "neither can continue.",
  ];
}

/** That all workers, or places, are held by jobs that have started others which need one. */
export function deadlockReasons(deadlock: Deadlock | undefined): Reasons {
  if (deadlock === undefined) return [];
  const { holders, limit, own, by } = deadlock;
  const one = limit === undefined ? "worker" : "place";
  const isOnly = holders === 1;
  const all = isOnly ? `the only ${one}` : `the ${one}s`;
  const others = counted(holders - 1, "other job has", "other jobs have");
  const what = limit === undefined ? "a worker" : `a place of ${limitedText(limit)}`;
  const held = own !== undefined
    ? `Events of its ${taskText(own.taskId)} started ${startedText(own)} queued for ${what}. It ` +
      (isOnly
        ? "holds the only one itself"
        : `holds one, and ${others} the rest and started queued jobs too`)
    : isOnly
    ? `The job that holds ${all} has started others that need it too`
    : `Each of the ${
      countText(holders)
    } jobs that hold ${all} has started others that need one too`;
  const until = isOnly
    ? "if it waits for these, it cannot complete."
    : `if all ${countText(holders)} wait for these, none of them can complete.`;
  return [reason(`${held}: ${until}`, ...latest(by))];
}

function startedText({ jobs, isAll }: NonNullable<Deadlock["own"]>): string {
  return `${isAll ? "" : "at least "}${counted(jobs, "job that is", "jobs that are")}`;
}

/** What avoids it. */
export function deadlockSteps(deadlock: Deadlock | undefined): Next {
  if (deadlock === undefined) return [];
  const { limit, isThreaded, by } = deadlock;
  const more = limit !== undefined
    ? `Raise ${limit.limit} of type ${limit.type}`
    : isThreaded
    ? "Let more jobs run at a time"
    : "Start Daybook with more workers (--max-running)";
  const statement = `${more}; or let the code wait for the jobs that it starts with ctx.expect, ` +
    "for an event that each of them sends: then it holds nothing meanwhile.";
  return [byHand(statement, ...latest(by))];
}
