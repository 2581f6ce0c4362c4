/**
 * Explains a job from the evidence alone: what it is doing or how it ended, and why. Pure: the same
 * evidence gives the same words.
 */

import { ascending } from "../core/ascending.ts";
import { openExpectations } from "../core/awaited_events.ts";
import { type Condition, deriveCondition } from "../core/condition.ts";
import type { LogId } from "../core/ids.ts";
import { isTerminal, type JobState } from "../core/job_state.ts";
import { present } from "../core/json.ts";
import { runToEnd, type Work } from "../core/work.ts";
import { describedEnds } from "./past/attempts.ts";
import { completedSteps } from "./past/completed.ts";
import { explainCause, nextSteps, summarize } from "./conditions.ts";
import type { Contrast } from "./likeness/contrast.ts";
import { isOfTime } from "./likeness/created_apart.ts";
import { lostResult } from "./ended/named_results.ts";
import { uncapital } from "./words/phrases.ts";
import { resultName, stepOf } from "./likeness/compared_job.ts";
import { contrastText } from "./likeness/contrast_text.ts";
import type { Case, Evidence, Findings } from "./statements/evidence.ts";
import { reason } from "./statements/statement.ts";
import { processStopText } from "./past/process_history.ts";
import type { ContrastStatement, Explanation, SummedUp } from "./statements/explanation.ts";
import type { OutlinedHistory } from "./history/outlined_history.ts";
import { neverRan } from "./ended/because_ended.ts";
import { findMissed } from "./open/missed_events.ts";
import { tasksWithError } from "./ended/returned_errors.ts";
import { crashRestarts, findDowntimes, jobTiming } from "./past/timing.ts";
import { findWaits } from "./open/waiting_for.ts";

export function explain(outlined: OutlinedHistory, findings: Findings): Explanation<LogId> {
  return runToEnd(explaining(outlined, findings));
}

/** The same, as work with a pause after each event that is compared, and between the parts. */
export function* explaining(
  outlined: OutlinedHistory,
  findings: Findings,
): Work<Explanation<LogId>> {
  const evidence: Evidence = { ...outlined, ...findings };
  const waitingFor = yield* findWaits(evidence);
  const known: Case = { ...evidence, waitingFor, missed: yield* findMissed(evidence) };
  const { job, siblings, sameElsewhere, asOf = job.lastLogId, asOfTime, causes, heldUp } = known;
  const completed = completedSteps(known);
  // What a job was given cannot matter to code that has not run.
  const contrast = neverRan(known) ? undefined : contrastIn(job, known.contrast, known);
  yield;
  const next = nextSteps(known);
  yield;
  const summary = summarize(known);
  yield;
  const because = explainCause(known);
  yield;
  return {
    jobId: job.jobId,
    state: job.state,
    condition: deriveCondition(job),
    asOf,
    ...present({ asOfTime }),
    summary: [
      summary,
      sameElsewhere?.statement,
      contrast && !isSaid(known, contrast) ? contrast.statement : undefined,
    ].filter(Boolean).join(" "),
    because,
    completed: completed.shown,
    waitingFor,
    next: asOfTime === undefined ? next : next.filter(({ by }) => by === "itself"),
    ...present({ contrast, siblings }),
    timing: jobTiming(outlined, findDowntimes(outlined, causes), heldUp),
    ...summedUp(outlined, completed.more, openExpectations(job).length - waitingFor.length),
  };
}

/** A result that is named already as an error is not named again. */
function isSaid(known: Case, contrast: Contrast): boolean {
  const { traits } = contrast;
  // When they were created follows from the stop.
  if (isOfTime(contrast) && lostResult(known)?.isOfStop === true) return true;
  const bad = tasksWithError(known).map(({ taskId }) => resultName(taskId));
  return traits.every(({ name }) =>
    bad.some((result) => name === result || name.startsWith(`${result}.`))
  );
}

/** What jobs do that are compared for it. */
const HOW: Partial<Record<Condition, "wait" | "take long">> = {
  waiting: "wait",
  executing: "take long",
  sleeping: "take long",
};

export function contrastIn(
  job: JobState,
  contrast: Contrast | undefined,
  { stopApart: stop, source }: Pick<Findings, "stopApart" | "source"> = {},
): ContrastStatement<LogId> | undefined {
  if (contrast === undefined) return undefined;
  const how = HOW[deriveCondition(job)] ?? (isTerminal(job) ? "failed" : "fail");
  const { traits, alike, others } = contrast;
  const text = contrastText(contrast, how);
  const since = stop === undefined
    ? text
    : contrast.had === undefined
    ? `${text} In between, ${processStopText(stop)}.`
    : `Since ${processStopText(stop)}, ${uncapital(text)}`;
  const statement = source === undefined ? since : `${since} ${source.statement}`;
  const [made] = traits.flatMap((trait) => stepOf(job, trait) ?? []);
  const cites = [job.firstLogId, made?.completedBy, stop, ...source?.cites ?? []];
  return { traits, alike, others, ...reason(statement, ...cites) };
}

function summedUp(
  { passed }: OutlinedHistory,
  completed: number,
  waitingFor: number,
): { readonly summedUp?: SummedUp } {
  if (passed === undefined && completed === 0 && waitingFor === 0) return {};
  const [earlier, more] = [completed, waitingFor].map((count) => count === 0 ? undefined : count);
  return { summedUp: present({ entries: passed, completed: earlier, waitingFor: more }) };
}

/** At most this many of them are read. */
const CAUSES_MAX = 1_000;

/** Entries of others that the explanation may cite: the causes of the job's own. */
export function wantedCauses(outlined: OutlinedHistory): readonly LogId[] {
  const { created, failedBy, endedBy, attempts, compensations } = outlined;
  const ends = [...attempts.values(), ...compensations.values()].flatMap(describedEnds);
  const effects = [created, failedBy?.entry, endedBy?.entry, ...ends];
  const causes = effects.flatMap((entry) => entry?.causedBy ?? []);
  // The entry before a restart shows how long the process was down.
  const restarts = crashRestarts(outlined).flatMap((logId) => [logId - 1, logId]);
  const foreign = [...causes, ...restarts].filter((logId) =>
    !outlined.entries.has(logId) && logId > 0
  );
  return ascending(foreign).slice(-CAUSES_MAX);
}

/** All positions that an explanation cites, ascending, each once. */
export function citedIn(explanation: Explanation<LogId>): readonly LogId[] {
  const cited = new Set<LogId>();
  citing(explanation, (logId) => cited.add(logId));
  return ascending(cited);
}

/** The same explanation with citations in place of positions. */
export function citing<Cite>(
  explanation: Explanation<LogId>,
  cite: (logId: LogId) => Cite,
): Explanation<Cite> {
  const withCites = <Part extends { readonly cites: readonly LogId[] }>(part: Part) => ({
    ...part,
    cites: part.cites.map(cite),
  });
  const { contrast, siblings, ...rest } = explanation;
  return {
    ...rest,
    because: explanation.because.map(withCites),
    completed: explanation.completed.map(withCites),
    waitingFor: explanation.waitingFor.map((wait) => ({
      ...withCites(wait),
      nearMisses: wait.nearMisses.map(withCites),
    })),
    next: explanation.next.map(withCites),
    ...present({
      contrast: contrast && withCites(contrast),
      siblings: siblings && withCites(siblings),
    }),
  };
}
