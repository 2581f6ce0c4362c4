/** The waits of `run` that ended without their event. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { expectationProgress } from "../../core/expectations.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState, TimedWait } from "../../core/job_state.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { lateness, wakeText, wokenBy } from "./early_and_late.ts";
import { FEW_MAX } from "../words/phrases.ts";

/** The waits that ended without their event before `run` threw, the last one first. */
export function waitsGivenUp(known: Evidence): Reasons {
  return passedOnes(known.job).map((wait) => givenUp(known, wait));
}

/** The wait that ended without its event, if that was the last thing that `run` learned. */
export function lastWaitGivenUp(known: Evidence): Reasons {
  const { job } = known;
  const [last] = passedOnes(job);
  if (last === undefined) return [];
  // The event may have come to a later wait.
  const { by = [] } = expectationProgress(job, last.expectation)?.progress ?? {};
  const learned = job.tasks.flatMap((task) => task.status === "completed" ? task.completedBy : []);
  const isLast = [...learned, ...by.slice(-1)].every((logId) => logId < last.passedBy);
  return isLast ? [givenUp(known, last)] : [];
}

interface PassedWait extends TimedWait {
  readonly passedBy: LogId;
}

function passedOnes({ waits = [] }: JobState): readonly PassedWait[] {
  return waits.flatMap((wait) =>
    wait.passedBy === undefined ? [] : [{ ...wait, passedBy: wait.passedBy }]
  ).toSorted((left, right) => right.passedBy - left.passedBy).slice(0, FEW_MAX);
}

function givenUp(known: Evidence, { expectation, passedBy, reusedFrom }: PassedWait) {
  if (reusedFrom === undefined) return waitEnded(known, expectation, passedBy, "run continued");
  const of = known.created.attributes.retryOf ?? "";
  const statement = `"${expectation}" did not come in time in job ${of}: a retry takes this ` +
    "over, and run continued without it.";
  return reason(statement, passedBy);
}

export function waitEnded(
  known: Evidence,
  expectation: string,
  logId: LogId,
  then = "run can continue",
): Statement<LogId> {
  const entry = known.entries.get(logId);
  const woken = wokenBy(known, logId);
  const wait = known.job.waits?.find(({ passedBy }) => passedBy === logId);
  const late = wait === undefined || entry === undefined
    ? reason("")
    : lateness(known, wait.dueAt, entry, wait.setBy);
  const how = woken === undefined
    ? `"${expectation}" did not come in time: the wait ended${atText(entry)}${late.statement}`
    : `The wait for "${expectation}" was ended early${atText(entry)} by ${wakeText(woken)}`;
  return reason(`${how}, and ${then} without it.`, logId, woken, ...late.cites);
}

/** ` at 2026-01-01T00:00:00.000Z`, or nothing for an entry of a long history that was not kept. */
export function atText(entry: JobEventLogEntry | undefined): string {
  return entry === undefined ? "" : ` at ${entry.receivedAt}`;
}
