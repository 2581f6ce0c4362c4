/** Why the engine holds a job, what is left undone meanwhile, and what would end that. */

import { assertNever } from "../../core/assert_never.ts";
import { reusableTasks } from "../../core/decide.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { ParkReason } from "../../core/framework_events.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { cutShort, tasksLeftInPlace } from "../../core/left_in_place.ts";
import { askedInstead, isPlanMisfit } from "../../core/misfit.ts";
import { oneLine } from "../../core/shown_value.ts";
import { causeOf, unsuccessfulAttempts, unsuccessfulUndoings } from "../past/attempts.ts";
import { firstFit, firstLoadType, refusalText } from "../ended/next_after_failure.ts";
import { failureReasons } from "../ended/because_ended.ts";
import type { Case, Evidence } from "../statements/evidence.ts";
import type { Next, NextStep, Reasons } from "../statements/explanation.ts";
import { capital, reasonText, shortened, taskText, uncapital } from "../words/phrases.ts";
import { automatic, byHand, manual, reason } from "../statements/statement.ts";

/** `has been parked since ...: charge is ...`, the cause first. */
export function parkedSummary(known: Evidence): string {
  const { job, parked, suspended, circumstances } = known;
  if (job.parked === undefined || parked === undefined) return "is parked.";
  const held = job.suspendedBy === undefined || suspended === undefined
    ? ""
    : ` It is suspended as well${reasonText(suspended.attributes.reason)}.`;
  const refused = job.parked.reason === "noDefinition" ? refusalText(circumstances) : "";
  const changing = hasTimeInId(known) ? "Only the time in the id differs." : "";
  return [
    `has been parked since ${parked.receivedAt}: ${oneLine(job.parked.message)}.`,
    refused,
    changing,
  ]
    .filter(Boolean).join(" ") + held;
}

/** What may be an ISO date or time, or a time in seconds or milliseconds. */
const TIME =
  /\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:\d\d)?)?|(?<!\d)\d{10}(?:\d{3})?(?!\d)/g;
const DAY_MS = 86_400_000;

/** Whether `run` asks for the step on record under an id that it makes of the time. */
function hasTimeInId({ job, parked }: Pick<Evidence, "job" | "parked">): boolean {
  if (job.parked?.reason !== "diverged" || parked === undefined) return false;
  const { message, disagreesWith } = job.parked;
  const asked = askedInstead(message);
  const step = job.tasks.find(({ firstLogId }) => firstLogId === disagreesWith);
  if (asked?.isSameVersion !== true || step === undefined) return false;
  if (isGiven(job, timesIn(step.taskId, step.startedAt))) return false;
  const named = withoutTimes(step.taskId, step.startedAt);
  return named !== step.taskId &&
    asked.ids.some((id) => withoutTimes(id, parked.receivedAt) === named);
}

function timesIn(id: string, aboutAt: string): readonly string[] {
  const aboutMs = Date.parse(aboutAt);
  return (id.match(TIME) ?? []).filter((text) => {
    const ms = /\D/.test(text) ? Date.parse(text) : Number(text.padEnd(13, "0"));
    return Math.abs(ms - aboutMs) <= DAY_MS;
  });
}

function withoutTimes(id: string, aboutAt: string): string {
  return timesIn(id, aboutAt).reduce((rest, time) => rest.replace(time, "#"), id);
}

/** Whether the job's input, or a result, has one of them, or may have. */
function isGiven({ input, sealed, tasks }: JobState, times: readonly string[]): boolean {
  if (sealed !== undefined) return true;
  const results = tasks.map((task) => task.status === "completed" ? task.result : undefined);
  return [input, ...results].some((value) => {
    const text = JSON.stringify(value) ?? "";
    return times.some((time) => text.includes(time));
  });
}

export function parkedReasons(known: Case): Reasons {
  const { job, parked, causes } = known;
  if (job.parked === undefined || parked === undefined) return [];
  const { message, disagreesWith } = job.parked;
  return [
    reason(`${capital(oneLine(message))}.`, parked, disagreesWith, causeOf(parked, causes)),
    reason("While parked, nothing starts or is undone; events still count.", parked),
    ...crashes(known),
    ...failureReasons(known),
  ];
}

/** How often the process ended while it ran, and the restarts that show this. */
function crashes(known: Evidence): Reasons {
  const { job, parked } = known;
  if (job.parked?.reason !== "crashed" || parked?.taskId === undefined) return [];
  const { taskId } = parked;
  return [...unsuccessfulAttempts(known, taskId), ...unsuccessfulUndoings(known, taskId)];
}

export function whileParked(known: Evidence): Next {
  const { job, parked, circumstances } = known;
  if (job.parked === undefined || parked === undefined) return [];
  const path = `/jobs/${job.jobId}`;
  const isCrashed = job.parked.reason === "crashed";
  const first = (circumstances.isTypeMissing ? [firstLoadType(known)] : firstFit(known))
    // A dry run of the retry shows it alone.
    .map((step) => led("To retry it,", step));
  const reused = shortened(reusableTasks(job).map(({ taskId }) => taskId));
  const after = reused === ""
    ? "a new job starts from the beginning"
    : `a new job reuses ${reused}${runsInstead(job)}`;
  const retry = (word: string, then = after) =>
    manual(`${word} retry it, which cancels it; ${then}:`, `${path}/retry`);
  const isTimed = hasTimeInId(known);
  return [
    ...isTimed
      ? [
        byHand(
          "First change run to use the same id at each call.",
          parked,
          job.parked.disagreesWith,
        ),
        ...first,
        // The changed code does not ask for the result under its old id.
        retry("Then", "that step runs again"),
        automatic(
          "Or start Daybook with code that fits; the job continues.",
          parked,
          job.parked.disagreesWith,
        ),
      ]
      : [remedy(known, job.parked.reason, parked)],
    // Code that fits continues the other jobs by itself; other code parks them again.
    ...(isCrashed ? [manual("Then let it try again:", `${path}/resume`)] : []),
    ...(canUndo(job) ? [led("Or", manual(cancelText(job.parked.reason), `${path}/cancel`))] : []),
    led("Or", leaveInPlace(job)),
    ...isTimed ? [] : [...first, retry(first.length > 0 ? "Then" : "Or")],
  ];
}

/** A step that was renamed is done again under its new name. */
function runsInstead({ parked }: JobState): string {
  const asked = parked && askedInstead(parked.message);
  return asked === undefined ? "" : `, and runs ${shortened(asked.ids)}`;
}

/** With words that set it apart from the steps above, to which it is an alternative. */
function led(words: string, step: NextStep<LogId>): NextStep<LogId> {
  return { ...step, statement: `${words} ${uncapital(step.statement)}` };
}

/** Whether a cancellation would undo more than nothing. */
function canUndo({ state, plan, tasks }: JobState): boolean {
  const hasUndoing = plan.policy.compensation !== undefined ||
    tasks.some(({ status, compensable }) => status === "completed" && compensable === true);
  return state === "Running" && hasUndoing;
}

/** Ends the job without undoing anything more. */
export function leaveInPlace(job: JobState): NextStep<LogId> {
  const kept = shortened(tasksLeftInPlace(job).map(({ taskId }) => taskId));
  const begun = shortened(cutShort(job).map(({ taskId }) => taskText(taskId)));
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

function fittingCode({ job: { parked }, created }: Pick<Evidence, "job" | "created">): string {
  // For an input or a plan that the code does not fit, that is its submission.
  if (parked?.disagreesWith !== created.logId) {
    return "Best: start Daybook with code that fits, such as the old version beside the new; the " +
      "job continues. If the code is unchanged, use ctx.now() for times, tasks for data.";
  }
  if (!isPlanMisfit(parked.message)) {
    return "Best: start Daybook with code whose schema takes the input on record; the job then " +
      "continues.";
  }
  return "Best: start Daybook with code that waits for what the plan on record names, such as the " +
    "old version beside the new one; the job then continues.";
}

/** What must be fixed, and whether the job then continues by itself. */
function remedy(
  { job, created }: Evidence,
  why: ParkReason,
  parked: JobEventLogEntry,
): NextStep<LogId> {
  const type = job.type ?? "";
  switch (why) {
    case "diverged":
      return automatic(fittingCode({ job, created }), parked, job.parked?.disagreesWith ?? parked);
    case "noDefinition": {
      const version = job.definitionVersion ?? 1;
      const statement = `Best: start Daybook with a module (--definitions) that has type ${type} ` +
        `version ${version}, or a newer version with runs: [${version}]; the job then continues.`;
      return automatic(statement, created);
    }
    case "crashed": {
      const statement = "It does not continue by itself. First fix what ends the process, and " +
        "start Daybook with the fix.";
      return automatic(statement, parked);
    }
    default:
      return assertNever(why, "reason of parking");
  }
}
