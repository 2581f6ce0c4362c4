/** Why a pause began, which pauses hold a job, and what ends them. */

import { deriveCondition } from "../../core/condition.ts";
import { counted } from "../../core/counted.ts";
import { errorText } from "../../core/error_text.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { AttemptFailure } from "../../core/framework_events.ts";
import type { LogId } from "../../core/ids.ts";
import { isTerminal } from "../../core/job_state.ts";
import { isOfEverything, type Pause } from "../../core/pauses.ts";
import { oneLine } from "../../core/shown_value.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { HoldingPause } from "../statements/queue_facts.ts";
import type { Next, NextStep, Reasons } from "../statements/explanation.ts";
import { latest, pausesText, scopeText, taskText } from "../words/phrases.ts";
import { automatic, byHand, reason } from "../statements/statement.ts";

export function pauseCause({ failures, lastFailure, by, type = "" }: HoldingPause): Reasons {
  if (failures === undefined) return [];
  const attempts = counted(failures.length, "attempt");
  const last = lastFailure === undefined ? "" : `, the last of ${failedAtText(lastFailure)}`;
  const statement = `The pause began by itself when ${attempts} of type ${oneLine(type)} had ` +
    `failed${last}.`;
  return [reason(statement, ...latest(failures), by)];
}

/** `task charge of job a at 2026-...: BankDown: the bank is down`. */
function failedAtText(entry: JobEventLogEntry): string {
  const { jobId = "", taskId = "", receivedAt } = entry;
  const { error } = entry.attributes as Partial<AttemptFailure>;
  const what = error === undefined ? "" : `: ${errorText(error)}`;
  return `${taskText(taskId)} of job ${jobId} at ${receivedAt}${what}`;
}

/**
 * The pauses that will hold what comes next in a job. None if it is queued, where they are what it
 * waits for, or executing.
 */
export function holdingLater(
  { job, circumstances: { pauses = [] } }: Evidence,
): readonly HoldingPause[] {
  const condition = deriveCondition(job);
  const holdsLater = !isTerminal(job) && condition !== "queued" && condition !== "executing";
  return holdsLater ? pauses : [];
}

/** Whether a pause holds the next attempt of a job, whatever it is doing now. */
export function isPaused({ circumstances: { queue, pauses = [] } }: Evidence): boolean {
  return queue?.pauses !== undefined || pauses.length > 0;
}

/** `None of its code begins meanwhile: type pay has been paused since ....`, or nothing. */
export function heldLaterText(pauses: readonly HoldingPause[]): string {
  return pauses.length === 0 ? "" : `None of its code begins meanwhile: ${pausesText(pauses)}.`;
}

export function heldLaterReasons(pauses: readonly HoldingPause[]): Reasons {
  if (pauses.length === 0) return [];
  return [
    reason(heldLaterText(pauses), ...pausesCited(pauses)),
    ...pauses.flatMap(pauseCause),
  ];
}

export function pausesCited(pauses: readonly Pause[] = []): readonly LogId[] {
  return pauses.map(({ by }) => by);
}

/** What a pause does meanwhile, and what ends it. */
export function pauseSteps(pause: Pause): Next {
  const { by, until } = pause;
  const nothing = isOfEverything(pause)
    ? "No attempt starts while everything is paused; events still count."
    : `No attempt of ${scopeText(pause)} starts while it is paused; events still count.`;
  return [
    automatic(nothing, by),
    ...until === undefined ? [] : [automatic(`The pause ends by itself at ${until}.`, by)],
    endStep(pause),
  ];
}

export function endStep(pause: Pause): NextStep<LogId> {
  return ending(pause, `End the pause${ofText(pause)}:`);
}

/** Before the retry of a job whose deadline has passed. */
export function firstEndStep(pause: Pause): NextStep<LogId> {
  const { by, until } = pause;
  const end = until === undefined ? "" : ` until ${until}`;
  const statement = `First end the pause${
    ofText(pause)
  }, which would hold the new job as well${end}:`;
  return { ...ending(pause, statement), cites: [by] };
}

function ofText(pause: Pause): string {
  return isOfEverything(pause) ? "" : ` of ${scopeText(pause)}`;
}

function ending({ pauseId }: Pause, statement: string): NextStep<LogId> {
  const action = { method: "DELETE", path: `/pauses/${pauseId}` } as const;
  return { ...byHand(statement), action };
}
