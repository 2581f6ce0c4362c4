/** Describes what delayed a job that has ended. */

import { assertNever } from "../../core/assert_never.ts";
import { counted } from "../../core/counted.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { oneLine } from "../../core/shown_value.ts";
import type { Evidence, HeldUpBy } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { type HoldUp, isRelevant } from "../history/hold_ups.ts";
import { actorText, FEW_MAX, reasonText, scopeText, shortened } from "../words/phrases.ts";
import { wentFirstReasons } from "../queue/going_first.ts";
import { holdersThenText, keyText, othersText, ruleText } from "../queue/queue_holders.ts";
import { reason } from "../statements/statement.ts";

/** The delays of an ended job that took a relevant share of its time. */
export function heldUpReasons(known: Evidence): Reasons {
  const { heldUp } = known;
  return heldUp?.all.flatMap((holdUp) =>
    isRelevant(holdUp.ms, known) ? holdUpReason(holdUp, heldUp) : []
  ) ?? [];
}

/**
 * What held up a job during most of the time that it had until the deadline that failed it, the
 * longest first.
 */
export function heldUntilDeadline({ started, failedBy, heldUp }: Evidence): Reasons {
  const deadline = failedBy?.entry;
  if (deadline?.eventType !== "job.DeadlinePassed" || started === undefined) return [];
  if (heldUp === undefined) return [];
  const mostMs = lengthMs(started.receivedAt, deadline.receivedAt) / 2;
  const most: HoldUp[] = [];
  let ms = 0;
  for (const holdUp of heldUp.all) {
    if (ms > mostMs) break;
    ms += msUntil(deadline.receivedAt, holdUp);
    most.push(holdUp);
  }
  return ms > mostMs ? most.flatMap((holdUp) => holdUpReason(holdUp, heldUp)) : [];
}

/** Only a hold of the job itself may last longer than the deadline, when the job then compensates. */
function msUntil(deadline: string, holdUp: HoldUp): number {
  return holdUp.kind === "suspended" || holdUp.kind === "parked"
    ? Math.min(holdUp.ms, lengthMs(holdUp.from.at, deadline))
    : holdUp.ms;
}

export function holdUpReason(holdUp: HoldUp, heldUp: HeldUpBy): Reasons {
  switch (holdUp.kind) {
    case "pause":
      return [pauseReason(holdUp)];
    case "limit":
      return [withOvertakers(limitReason(holdUp, heldUp.isAll), overtakers(holdUp, heldUp))];
    case "worker": {
      const overtook = overtakers(holdUp, heldUp);
      // Those that held the workers at first did so for a small part of the wait.
      const { isAll, workers } = heldUp;
      const held = overtook.length === 0 ? present({ workers }) : {};
      return [withOvertakers(workerReason(holdUp, { isAll, ...held }), overtook)];
    }
    case "unknown":
      return [];
    case "suspended":
    case "parked":
      return [holdReason(holdUp)];
    default:
      return assertNever(holdUp, "kind of hold-up");
  }
}

/** Those that went first during the longest delay. */
function overtakers(holdUp: HoldUp, { all, overtaken }: HeldUpBy): Reasons {
  const longest = all.find(({ kind }) => kind === "worker" || kind === "limit");
  return longest === holdUp ? wentFirstReasons(overtaken) : [];
}

function withOvertakers(waited: Statement<LogId>, overtook: Reasons): Statement<LogId> {
  const all = [waited, ...overtook];
  return {
    statement: all.map(({ statement }) => statement).join(" "),
    cites: [...new Set(all.flatMap(({ cites }) => cites))],
  };
}

function holdReason(
  { kind, from, to, by, ms, until }: Extract<HoldUp, { kind: "suspended" | "parked" }>,
): Statement<LogId> {
  const why = by?.eventType === "job.JobParked"
    ? `: ${oneLine(by.attributes.message)}`
    : reasonText(by?.attributes.reason);
  const statement = `It was ${kind} for ${durationText(ms)}${actorText(by ?? {})}, from ` +
    `${from.at} until ${to.at}${why}.`;
  return reason(statement, from, ...until);
}

function workerReason(
  { ms, since, until }: Extract<HoldUp, { kind: "worker" }>,
  { isAll, workers }: Pick<HeldUpBy, "isAll" | "workers">,
): Statement<LogId> {
  const waited = `It waited ${isAll ? "" : "up to "}${durationText(ms)} for a worker`;
  if (workers === undefined || workers.holders.length === 0) {
    const nothingElse = isAll ? "; no pause and no limit held it meanwhile" : "";
    return reason(`${waited}${nothingElse}.`, ...until);
  }
  const { holders } = workers;
  const were = holders.length === 1 ? "a worker was" : "workers were";
  const statement = `${waited}. At ${since}, ${were} held by ${holdersThenText(workers)}.`;
  const named = holders.slice(0, FEW_MAX).map(({ startedBy }) => startedBy);
  return reason(statement, ...named, ...until);
}

function pauseReason({ pause, ms, until }: Extract<HoldUp, { kind: "pause" }>): Statement<LogId> {
  const { by, since, ended, reason: why } = pause;
  const end = ended === undefined ? "" : ` until ${ended.at}`;
  const statement =
    `It was held for ${durationText(ms)} by the pause of ${scopeText(pause)}${actorText(pause)}, ` +
    `in force from ${since}${end}${reasonText(why)}.`;
  return reason(statement, by, ended, ...until);
}

function limitReason(
  { reached, holders, type, key, ms, until }: Extract<HoldUp, { kind: "limit" }>,
  isAll: boolean,
): Statement<LogId> {
  const least = isAll ? "" : "at least ";
  const what = keyText(type, key);
  const limit = ruleText(reached, type, key);
  if (reached.limit === "rate") {
    const { count, perMs, starts } = reached;
    const statement =
      `It waited ${least}${durationText(ms)} to begin within the rate of ${what}: ` +
      `${counted(count, "start")} within ${durationText(perMs)} ${
        wereText(count)
      } used up ${limit}.`;
    return reason(statement, reached.change, ...starts.slice(-FEW_MAX), ...until);
  }
  // A job that sleeps or waits between its steps takes a place again.
  const jobs = [...Map.groupBy(holders, ({ job }) => job.jobId)];
  const named = jobs.slice(0, FEW_MAX);
  const names = named.map(([jobId, spells]) =>
    `${jobId} since ${shortened(spells.map(({ since }) => since.at), FEW_MAX)}`
  );
  const others = othersText(jobs.length - named.length);
  const begun = named.flatMap(([, spells]) => spells.slice(0, FEW_MAX).map(({ since }) => since));
  const statement = `It waited ${least}${durationText(ms)} for a place of ${what}: ` +
    `${reached.places} of ${reached.places} ${wereText(reached.places)} taken ${limit}, by ${
      names.join("; ")
    }${others}.`;
  return reason(statement, reached.change, ...begun, ...until);
}

function wereText(count: number): string {
  return count === 1 ? "was" : "were";
}

/** How long a job that sent a late event was held up. */
export function senderHeldUp(
  sender: JobState,
  holdUp: HoldUp,
  sent: JobEventLogEntry,
): Statement<LogId> {
  const statement =
    `Job ${sender.jobId} (${sender.type ?? "a plan"}), which sent that event, was ` +
    `${holdUpText(holdUp)} for ${durationText(holdUp.ms)}.`;
  return reason(statement, ...holdUp.until, sent);
}

/** `held by the pause of type mail.send`, `suspended`, `in the queue for a worker`. */
export function holdUpText(holdUp: HoldUp): string {
  switch (holdUp.kind) {
    case "unknown":
      return "in the queue";
    case "worker":
      return "in the queue for a worker";
    case "pause":
      return `held by the pause of ${scopeText(holdUp.pause)}`;
    case "suspended":
    case "parked":
      return holdUp.kind;
    case "limit": {
      const { reached: { limit }, type, key } = holdUp;
      return `in the queue for ${limit === "rate" ? "the rate" : "a place"} of ${
        keyText(type, key)
      }`;
    }
    default:
      return assertNever(holdUp, "kind of hold-up");
  }
}
