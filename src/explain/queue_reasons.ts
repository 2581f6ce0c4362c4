/** The other reasons in the explanation of the queue: what limits, pauses and parking hold. */

import type { Condition } from "../core/condition.ts";
import { counted } from "../core/counted.ts";
import type { Reasons } from "./explanation.ts";
import { pauseTimes, scopeText } from "./pause_texts.ts";
import { oneLine } from "../core/shown_value.ts";
import { countText } from "../core/size.ts";
import { latest, reasonText, shortened } from "./phrases.ts";
import type { QueueFacts } from "./evidence.ts";
import { blockingEntries, changeReason, holdersText, limitText } from "./queue_holders.ts";

const PAUSES_MAX = 3;
const NAMED_MAX = 3;

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
      `${limitText(limit)}${holdersText({ limit, busy: 0 })}.`;
    const holds = latest(blockingEntries({ limit }));
    return [
      { statement, cites: [...new Set([...holds, firstBy])] },
      ...changeReason({ limit }),
    ];
  });
}

/** What pauses hold, including pauses of everything. */
function pausedOnes({ pauses }: QueueFacts): Reasons {
  return pauses.slice(0, PAUSES_MAX).map((pause) => {
    const { jobs, firstJobs, reason, by, failures = [] } = pause;
    const named = jobs === 0 ? "" : `: ${shortened(firstJobs.slice(0, NAMED_MAX), jobs)}`;
    const more = jobs > NAMED_MAX ? ` and ${jobs - NAMED_MAX} more` : "";
    const waits = counted(jobs, "job waits", "jobs wait");
    const statement = `The pause of ${scopeText(pause)} has been in force ${pauseTimes(pause)}` +
      `${reasonText(reason)}; ${waits} for its end${named}${more}.`;
    return { statement, cites: [by, ...latest(failures)] };
  });
}

/** What is held for other reasons than the cause. */
function held({ parked }: QueueFacts): Reasons {
  return parked.map(({ type, jobs, newest }) => ({
    statement: `${counted(jobs, "job")} of type ${type} ${jobs === 1 ? "is" : "are"} parked: ` +
      `${oneLine(newest.message)} (${newest.jobId}).`,
    cites: [newest.by],
  }));
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
  const of = `${types.length === 1 ? "type" : "types"} ${shortened(types, NAMED_MAX)}`;
  const statement = `${backoffText(facts)} (${of}).`;
  return [{ statement, cites: backoff.by }];
}

const LONGEST: readonly (readonly [Condition, string])[] = [
  ["queued", "has waited for a worker for longest"],
  ["suspended", "is suspended"],
  ["waiting", "has waited for an event for longest"],
];

function longestOnes({ longest }: QueueFacts): Reasons {
  return LONGEST.flatMap(([condition, words]) => {
    const job = longest[condition];
    if (job === undefined) return [];
    return [{ statement: `Job ${job.jobId} ${words}, since ${job.since}.`, cites: [job.by] }];
  });
}
