/** The other reasons in the explanation of the queue: what limits, pauses and parking hold. */

import type { Condition } from "../../core/condition.ts";
import { counted, countText } from "../../core/counted.ts";
import { oneLine } from "../../core/shown_value.ts";
import type { QueueFacts } from "../statements/queue_facts.ts";
import type { Reasons } from "../statements/explanation.ts";
import { FEW_MAX, latest, pauseTimes, reasonText, scopeText, shortened } from "../words/phrases.ts";
import { deadlockReasons } from "./deadlocks.ts";
import {
  blockingEntries,
  changeReason,
  limitText,
  placeHoldersText,
  sharedKeyText,
} from "./queue_holders.ts";
import { reason } from "../statements/statement.ts";

/** The most important first. */
export function reasonsBeside(facts: QueueFacts): Reasons {
  return [
    ...limitedOnes(facts),
    ...pausedOnes(facts),
    ...held(facts),
    ...backoffs(facts),
    ...longestOnes(facts),
  ];
}

/** What limits keep waiting, with the attempts that hold the places. */
function limitedOnes({ limits }: QueueFacts): Reasons {
  return limits.flatMap((limit) => {
    const { jobs, firstJobs: [first = ""], firstBy } = limit;
    const what = limit.limit === "rate" ? "to begin" : "for a place";
    const which = jobs === 1 ? first : `${first} first`;
    const statement = `${counted(jobs, "job waits", "jobs wait")} ${what} (${which}): ` +
      [`${limitText(limit)}${placeHoldersText(limit)}.`, ...sharedKeyText(limit)].join(" ");
    const holds = latest(blockingEntries(limit));
    return [
      reason(statement, ...new Set([...holds, firstBy])),
      ...deadlockReasons(limit.deadlock),
      ...changeReason(limit),
    ];
  });
}

/** What pauses hold, including pauses of everything. */
function pausedOnes({ pauses }: QueueFacts): Reasons {
  return pauses.slice(0, FEW_MAX).map((pause) => {
    const { jobs, firstJobs, reason: why, by, failures = [] } = pause;
    const named = jobs === 0 ? "" : `: ${shortened(firstJobs, FEW_MAX, jobs)}`;
    const waits = counted(jobs, "job waits", "jobs wait");
    const statement = `The pause of ${scopeText(pause)} has been in force ${pauseTimes(pause)}` +
      `${reasonText(why)}; ${waits} for its end${named}.`;
    return reason(statement, by, ...latest(failures));
  });
}

/** What is held for other reasons than the cause. */
function held({ parked }: QueueFacts): Reasons {
  return parked.map(({ type, jobs, newest }) => {
    const are = jobs === 1 ? "is" : "are";
    const statement = `${counted(jobs, "job")} of type ${type} ${are} parked: ` +
      `${oneLine(newest.message)} (${newest.jobId}).`;
    return reason(statement, newest.by);
  });
}

/** `3 jobs back off, 2 of them after Error: the bank is down`. */
export function backoffText({ conditions, backoff }: QueueFacts): string {
  const all = conditions.get("backingOff") ?? 0;
  const text = counted(all, "job backs off", "jobs back off");
  if (backoff === undefined) return text;
  const { lookedAt, jobs, error } = backoff;
  if (jobs === all) return `${text} after ${error}`;
  const of = lookedAt < all ? `the newest ${countText(lookedAt)}` : "them";
  return `${text}, ${countText(jobs)} of ${of} after ${error}`;
}

function backoffs(facts: QueueFacts): Reasons {
  const { backoff } = facts;
  if (backoff === undefined) return [];
  const { types } = backoff;
  const of = `${types.length === 1 ? "type" : "types"} ${shortened(types, FEW_MAX)}`;
  const statement = `${backoffText(facts)} (${of}).`;
  return [reason(statement, ...backoff.by)];
}

const LONGEST: readonly (readonly [Condition, string])[] = [
  ["queued", "has waited longest for a worker, since"],
  ["suspended", "has been suspended since"],
  ["waiting", "has waited longest for an event, since"],
];

export function longestOnes(
  { longest }: QueueFacts,
  only: readonly Condition[] = LONGEST.map(([condition]) => condition),
): Reasons {
  return LONGEST.flatMap(([condition, words]) => {
    const job = longest[condition];
    if (job === undefined || !only.includes(condition)) return [];
    const { jobId, since, suspension = "", by } = job;
    return [reason(`Job ${jobId} ${words} ${since}${suspension}.`, by)];
  });
}
