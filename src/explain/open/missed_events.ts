/** Events that were meant for what a job gave up on, or failed for, and that came in time. */

import { lengthMs } from "../../core/duration.ts";
import { isOfType } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import type { OpenExpectation } from "../../core/awaited_events.ts";
import type { Work } from "../../core/work.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import type { Resemblance } from "../likeness/resemblance.ts";
import { compareWith, findResemblances, ownShare, resemblanceText } from "./meant_events.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { FEW_MAX } from "../words/phrases.ts";

/** How many expectations are compared with events. */
const MISSED_MAX = 8;

interface Missed extends OpenExpectation {
  /** The passing of its time. */
  readonly passedBy: LogId;
}

/** The expectations whose time was up, of a job that waits for nothing more. */
export function missedExpectations({ job, failedBy }: OutlinedHistory): readonly Missed[] {
  if (job.state === "Created" || job.state === "Running") return [];
  const passed = failedBy?.entry;
  return job.plan.expected.flatMap((expected, at) => {
    const { id, multiplicity } = expected;
    const { matched = 0, by = [], waived } = job.expected[at] ?? {};
    if (matched >= requiredMatches(multiplicity)) return [];
    const isFailing = isOfType(passed, "job.DeadlinePassed") &&
      passed.attributes.expectation === id;
    const wait = job.waits?.findLast(({ expectation }) => expectation === id);
    const ofWait = wait?.reusedFrom === undefined ? wait?.passedBy : undefined;
    const passedBy = isFailing ? passed.logId : waived ?? ofWait;
    return passedBy === undefined ? [] : [{ expected, matched, by, passedBy }];
  }).slice(0, MISSED_MAX);
}

/** Of each, the event that came before its time was up and was most likely meant for it. */
export function* findMissed(known: Evidence): Work<Reasons> {
  const missed = missedExpectations(known);
  const comparison = compareWith(known);
  const found: Statement<LogId>[] = [];
  for (const open of missed) {
    const all = yield* findResemblances(known, comparison, open, ownShare(missed.length));
    const meant = all.find((one) => isMeant(one) && one.entry.logId < open.passedBy);
    if (meant === undefined) continue;
    if (meant.isEarly && (isRecurring(all) || isOld(known, meant))) continue;
    const inTime = meant.isEarly ? "For" : "In time for";
    const statement = `${inTime} "${open.expected.id}", ` +
      `${resemblanceText(known, open.expected, meant)}.`;
    found.push(reason(statement, meant.entry, ...meant.effects));
  }
  return found.slice(0, FEW_MAX);
}

/** Not one that merely carries values of the job, or that was meant for another. */
function isMeant({ kind, effects }: Resemblance): boolean {
  return kind !== "values" && effects.every(({ counted }) => counted?.length === 0);
}

/** Of events that came again and again before the job started, none was meant for it. */
function isRecurring(all: readonly Resemblance[]): boolean {
  return all.filter(({ isEarly }) => isEarly).length > 1;
}

const EARLY_MAX_MS = 86_400_000;

/** Whether it came longer before the job than this took, and more than a day. */
function isOld({ created, conditionSince }: Evidence, { entry }: Resemblance): boolean {
  const [came, began] = [entry.receivedAt, created.receivedAt];
  const tookMs = lengthMs(began, conditionSince.receivedAt);
  return lengthMs(came, began) > Math.max(EARLY_MAX_MS, tookMs);
}
