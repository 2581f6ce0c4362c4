/** Why the engine holds a job, what is left undone meanwhile, and what would end that. */

import { assertNever } from "../core/assert_never.ts";
import { reusableTasks } from "../core/decide.ts";
import type { Next, NextStep, Reasons } from "./explanation.ts";
import type { ParkReason } from "../core/framework_events.ts";
import type { LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import { cutShort, tasksLeftInPlace } from "../core/left_in_place.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { causeCited, compensationSubject, unsuccessfulAttempts } from "./attempts.ts";
import { failureReasons } from "./because_ended.ts";
import type { Circumstances, Evidence } from "./evidence.ts";
import { automatic, byHand, firstLoadType, manual } from "./next_step.ts";
import { oneLine } from "../core/shown_value.ts";
import { capital, reasonText, shortened, taskText } from "./phrases.ts";

const NAMES_MAX = 10;

/** `is parked since ...: charge is ...`, the cause first. */
export function parkedSummary(
  { job, parked, suspended }: OutlinedHistory,
  { circumstances }: Evidence,
): string {
  if (job.parked === undefined || parked === undefined) return "is parked.";
  const held = job.suspendedBy === undefined || suspended === undefined
    ? ""
    : ` It is suspended as well${reasonText(suspended.attributes.reason)}.`;
  const refused = job.parked.reason === "noDefinition" ? refusalText(circumstances) : "";
  const parts = [`is parked since ${parked.receivedAt}: ${oneLine(job.parked.message)}.`, refused];
  return parts.filter((part) => part !== "").join(" ") + held;
}

/** `Version 2 does not take its input: /country: is required.`, or nothing. */
function refusalText({ refusal }: Circumstances): string {
  if (refusal === undefined) return "";
  return `Version ${refusal.version} does not take its input: ${oneLine(refusal.why)}.`;
}

/** Before the retry of a job whose version is not loaded. */
export function firstFit({ job, created }: OutlinedHistory, circumstances: Circumstances): Next {
  if (circumstances.refusal === undefined) return [];
  const statement = `First load version ${job.definitionVersion ?? 1} of type ${job.type ?? ""}, ` +
    `or a newer one that takes its input; else the new job is parked. ${
      refusalText(circumstances)
    }`;
  return [byHand(statement, [created.logId])];
}

export function parkedReasons(outlined: OutlinedHistory, evidence: Evidence): Reasons {
  const { job, parked } = outlined;
  if (job.parked === undefined || parked === undefined) return [];
  const { message, disagreesWith } = job.parked;
  const cites = disagreesWith === undefined ? [parked.logId] : [parked.logId, disagreesWith];
  return [
    {
      statement: `${capital(oneLine(message))}.`,
      cites: [...cites, ...causeCited(parked, evidence.causes)],
    },
    {
      statement: "It begins and undoes nothing meanwhile; events still count.",
      cites: [parked.logId],
    },
    ...crashes(outlined, evidence),
    ...failureReasons(outlined, evidence),
  ];
}

/** How often the process ended while it ran, and the restarts that show this. */
function crashes(
  { job, parked, attempts, compensations }: OutlinedHistory,
  { causes }: Evidence,
): Reasons {
  if (job.parked?.reason !== "crashed" || parked?.taskId === undefined) return [];
  const { taskId } = parked;
  return [
    ...unsuccessfulAttempts(taskText(taskId), attempts.get(taskId) ?? [], causes),
    ...unsuccessfulAttempts(compensationSubject(taskId), compensations.get(taskId) ?? [], causes),
  ];
}

export function whileParked(outlined: OutlinedHistory, { circumstances }: Evidence): Next {
  const { job, parked } = outlined;
  if (job.parked === undefined || parked === undefined) return [];
  const path = `/jobs/${job.jobId}`;
  const first = circumstances.isTypeMissing
    ? [firstLoadType(outlined)]
    : firstFit(outlined, circumstances);
  const reused = shortened(reusableTasks(job).map(({ taskId }) => taskId), NAMES_MAX);
  const after = reused === ""
    ? "a new job starts from the beginning"
    : `a new job reuses ${reused}`;
  return [
    ...remedy(outlined, job.parked.reason, parked.logId),
    // Code that fits continues the other jobs by itself; other code parks them again.
    ...(job.parked.reason === "crashed"
      ? [manual("Let it try again as it is:", `${path}/resume`)]
      : []),
    ...(job.state === "Running" ? [manual(cancelText(job.parked.reason), `${path}/cancel`)] : []),
    leaveInPlace(job),
    ...first,
    manual(
      `${first.length > 0 ? "Then cancel" : "Cancel"} it and retry it; ${after}:`,
      `${path}/retry`,
    ),
  ];
}

/** Ends the job without undoing anything more. */
export function leaveInPlace(job: JobState): NextStep<LogId> {
  const kept = shortened(tasksLeftInPlace(job).map(({ taskId }) => taskId), NAMES_MAX);
  const begun = shortened(cutShort(job).map(({ taskId }) => taskText(taskId)), NAMES_MAX);
  const partly = `what ${begun} did before ${
    begun.includes(" and ") ? "they were" : "it was"
  } cut short`;
  const leaving = [...(kept === "" ? [] : [kept]), ...(begun === "" ? [] : [partly])].join(" and ");
  const stays = leaving === ""
    ? "there is nothing to undo"
    : begun === "" && tasksLeftInPlace(job).length > 1
    ? `${leaving} stay as they are`
    : `${leaving} stays${begun === "" ? " as it is" : ""}`;
  return manual(`Cancel it as it is; ${stays}:`, `/jobs/${job.jobId}/cancel`, { leave: true });
}

function cancelText(reason: ParkReason): string {
  return reason === "crashed"
    ? "Cancel it; what can be undone is undone now:"
    : "Cancel it; what can be undone is undone once code fits:";
}

/** What must be fixed, and whether the job then continues by itself. */
function remedy({ job, created }: OutlinedHistory, reason: ParkReason, by: LogId): Next {
  const type = job.type ?? "";
  switch (reason) {
    case "diverged": {
      const statement =
        "Nothing, until Daybook starts with code that fits the record. Unchanged code must take " +
        "time from ctx.now(), data from tasks.";
      return [automatic(statement, [by, job.parked?.disagreesWith ?? by])];
    }
    case "noDefinition": {
      const version = job.definitionVersion ?? 1;
      const statement = `Nothing, until Daybook starts with a module (--definitions) that has ` +
        `type ${type} version ${version}, or another that says runs: [${version}]; then it continues.`;
      return [automatic(statement, [created.logId])];
    }
    case "crashed": {
      const statement = "Nothing: it does not continue by itself. First fix what ends " +
        "the process, and start Daybook with the fix.";
      return [automatic(statement, [by])];
    }
    default:
      return assertNever(reason, "reason of parking");
  }
}
