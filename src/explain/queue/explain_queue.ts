/**
 * Explains the work as a whole: whether it stands still, why, and what would change that. It stands
 * still while no job gets a worker: on a full disk, while the disk or the database is silent, during a pause of
 * everything or of all jobs that need a worker, when all workers have been held since before the
 * longest waiting job came, or when all jobs are parked or suspended.
 */

import { silenceText } from "../../core/silence.ts";
import type { Condition } from "../../core/condition.ts";
import { counted, countText } from "../../core/counted.ts";
import type { LogId } from "../../core/ids.ts";
import { present } from "../../core/json.ts";
import { isOfEverything, type Pause } from "../../core/pauses.ts";
import { oneLine } from "../../core/shown_value.ts";
import type {
  QueueFacts,
  QueueLimit,
  WorkerHolder,
  WorkerPool,
} from "../statements/queue_facts.ts";
import type { Next, QueuedJobs, QueueExplanation, Reasons } from "../statements/explanation.ts";
import { deadlockReasons, deadlockSteps } from "./deadlocks.ts";
import { endStep } from "./pause_texts.ts";
import { capital, FEW_MAX, later, pauseText, scopeText, shortened } from "../words/phrases.ts";
import {
  aloneText,
  cancelHolders,
  HELD_BY,
  holdersText,
  holderText,
  limitText,
  loosenedReasons,
  loosenedText,
  rateOpensAt,
  restoreLimit,
  restoreLoosened,
  SINCE_CRASHES,
} from "./queue_holders.ts";
import { backoffText, longestOnes, reasonsBeside } from "./queue_reasons.ts";
import { automatic, byHand, manual, reason } from "../statements/statement.ts";

const REASONS_MAX = 5;

export function explainQueue(facts: QueueFacts): QueueExplanation<LogId> {
  const { cause = [], next = [], ...answer } = queueCause(facts);
  const because = [...cause, ...reasonsBeside(facts)].slice(0, REASONS_MAX);
  return { asOf: facts.asOf, ...answer, next, queued: queuedJobs(facts), because };
}

interface Cause extends Pick<QueueExplanation<LogId>, "standsStill" | "since" | "summary"> {
  readonly cause?: Reasons;
  readonly next?: Next;
}

function queueCause(facts: QueueFacts): Cause {
  const { circumstances: { full, draining, silence }, failed, pauses, asOf } = facts;
  if (failed) {
    const why = "the journal has failed, and the process must start again";
    return standstill(`Nothing can be recorded: ${why}.`);
  }
  if (silence !== undefined) {
    const summary = `Nothing can be recorded: ${silenceText(silence)}. ${waitText(facts)}`;
    const next = automatic(`Everything continues by itself once the ${silence.of} answers.`);
    return standstill(summary, [next], silence.since);
  }
  if (full) {
    const summary = `Nothing new can be recorded: the disk is full. ${waitText(facts)}`;
    const next = byHand("Make room on the disk: then everything continues by itself.");
    const last = reason(`Entry ${asOf} was the last that found room.`, asOf);
    return { ...standstill(summary, [next]), cause: asOf === 0 ? [] : [last] };
  }
  if (draining) {
    const summary = `Nothing new begins: this process is stopping. ${waitText(facts)}`;
    return standstill(summary, [automatic("The next start continues with what is left.")]);
  }
  const pause = pauses.find(isOfEverything);
  if (pause !== undefined) {
    const summary = `Nothing starts: ${pauseText(pause)}. ${waitText(facts)}`;
    return standstill(summary, pauseEnds([pause]), pause.since);
  }
  if (isAllPaused(facts)) return allPausedCause(facts);
  const stuck = facts.pools.find((pool) => isStuck(pool, facts));
  if (stuck !== undefined) return stuckCause(facts, stuck);
  if (countJobs(facts, ["queued", "executing", "backingOff", "compensating"]) === 0) {
    return idleCause(facts);
  }
  return isBetweenAttempts(facts) ? betweenAttemptsCause(facts) : movingCause(facts);
}

function standstill(summary: string, next: Next = [], since?: string): Cause {
  return { standsStill: true, ...present({ since }), summary, next };
}

/** Whether pauses hold every job that needs a worker, and none has one. */
function isAllPaused({ paused, limited, pools }: QueueFacts): boolean {
  return paused > 0 && limited === 0 && areAtRest(pools);
}

/** Whether no job has a worker, nor waits for one. */
function areAtRest(pools: readonly WorkerPool[]): boolean {
  return pools.every(({ waiting, busy }) => waiting === 0 && busy === 0);
}

function allPausedCause(facts: QueueFacts): Cause {
  const holding = holdingPauses(facts);
  const texts = shortened(holding.map(pauseText), FEW_MAX);
  const summary = `Nothing starts: a pause holds each job that needs a worker: ${texts}.`;
  return standstill(summary, pauseEnds(holding), holding[0]?.since);
}

function holdingPauses({ pauses }: QueueFacts): QueueFacts["pauses"] {
  return pauses.filter(({ jobs }) => jobs > 0);
}

function pauseEnds(pauses: readonly Pause[]): Next {
  return pauses.slice(0, FEW_MAX).flatMap((pause) => [
    ...pause.until === undefined ? [] : [
      automatic(`The pause of ${scopeText(pause)} ends by itself at ${pause.until}.`, pause.by),
    ],
    endStep(pause),
  ]);
}

/**
 * Whether all workers have been held since before the longest waiting job came; or, as after a
 * restart, by jobs that may wait for those that wait.
 */
function isStuck(
  { waiting, busy, max, holders, deadlock }: WorkerPool,
  { longest: { queued } }: QueueFacts,
): boolean {
  if (waiting === 0 || busy < max || holders.length === 0 || queued === undefined) return false;
  return deadlock !== undefined || holders.every(({ grantedBy }) => grantedBy < queued.by);
}

function stuckCause(facts: QueueFacts, pool: WorkerPool): Cause {
  const { isThreaded, busy, max, holders, loosened, deadlock } = pool;
  const circle = deadlockReasons(deadlock);
  const thread = isThreaded ? " with a thread" : "";
  const workers = max === 1 ? `the only worker${thread} is` : `all ${max} workers${thread} are`;
  const held = loosened === undefined
    ? `${workers} held${holdersText(holders, busy)}`
    : loosenedText(loosened, pool);
  const summary = [
    `The queue stands still: ${held}.`,
    ...circle.map(({ statement }) => statement),
    waitText(facts),
  ].join(" ");
  const next = [
    ...deadlockSteps(deadlock),
    ...restoreLoosened(loosened),
    ...holders.slice(0, FEW_MAX).flatMap(endByItself),
    ...cancelHolders(undefined, holders, loosened),
  ];
  return {
    ...standstill(summary, next, facts.longest.queued?.since),
    cause: [...circle, ...loosenedReasons(loosened, pool), ...holderReasons(holders)],
  };
}

function holderReasons(holders: readonly WorkerHolder[]): Reasons {
  return holders.slice(0, FEW_MAX).map((holder) =>
    reason(`${HELD_BY}${holderText(holder)}.`, holder.startedBy)
  );
}

/** The latest time at which a worker becomes free. */
function endByItself({ jobId, since, timeoutMs, startedBy }: WorkerHolder) {
  if (timeoutMs === undefined) return [];
  const statement = `The attempt of ${jobId} ends no later than ${later(since, timeoutMs)}.`;
  return [automatic(statement, startedBy)];
}

/** Whether no job has a worker or could have one now, though some are under way. */
function isBetweenAttempts(facts: QueueFacts): boolean {
  return countJobs(facts, ["executing"]) === 0 && areAtRest(facts.pools);
}

/** `limits hold 3 jobs, 2 of them: 1 of 1 place of key acme taken (perKey of type mail.send)`. */
function limitsHoldText({ limits: [most], limited }: QueueFacts): string {
  const all = `limits hold ${counted(limited, "job")}`;
  if (most === undefined) return all;
  const some = most.jobs === limited ? "" : `, ${countText(most.jobs)} of them`;
  return `${all}${some}: ${limitText(most)}`;
}

/** Not a standstill: a rate and backoffs end by themselves. */
function betweenAttemptsCause(facts: QueueFacts): Cause {
  const { limits, limited, conditions } = facts;
  const compensating = conditions.get("compensating") ?? 0;
  const undone = counted(compensating, "job is being compensated", "jobs are being compensated");
  const backingOff = conditions.get("backingOff") ?? 0;
  const kinds = [
    ...compensating === 0 ? [] : [undone],
    ...facts.paused === 0 ? [] : [`pauses hold ${counted(facts.paused, "job")}`],
    ...limited === 0 ? [] : [limitsHoldText(facts)],
    ...backingOff === 0 ? [] : [backoffText(facts)],
  ];
  const again = counted(backingOff, "job backs off and will be", "jobs back off and will be") +
    " tried again automatically.";
  return {
    standsStill: false,
    summary: `Nothing is running: ${shortened(kinds, kinds.length)}.`,
    next: [
      ...limits.flatMap(placeEnds),
      ...backingOff === 0 ? [] : [automatic(again)],
      ...pauseEnds(holdingPauses(facts)),
    ],
  };
}

function movingCause(facts: QueueFacts): Cause {
  const { pools, alone, limits } = facts;
  const used = pools.filter(({ isThreaded, busy }) => !isThreaded || busy > 0);
  const busy = used.map(({ busy, max, isThreaded }) =>
    `${busy} of ${counted(max, "worker")}${isThreaded ? " with a thread" : ""} busy`
  );
  const beside = alone === undefined ? "" : ` ${capital(aloneText(alone))}${SINCE_CRASHES}.`;
  const holders = pools.flatMap(({ holders }) => holders);
  const { limited, forWorker, paused } = queuedJobs(facts);
  // What limits hold does not continue by itself when the attempts in the way have no time limit.
  const isLimited = limited > 0 && forWorker === 0;
  const held = paused === 0 ? "" : ` Pauses hold ${counted(paused, "job")}.`;
  return {
    standsStill: false,
    summary: isLimited
      ? `${capital(limitsHoldText(facts))}. No job waits for a worker: ${
        busy.join(", ")
      }.${beside}${held}`
      : `Work continues: ${busy.join(", ")}.${beside} ${waitText(facts)}`.trimEnd(),
    cause: [
      ...pools.flatMap((pool) => loosenedReasons(pool.loosened, pool)),
      ...holderReasons(holders),
    ],
    next: [
      ...pools.flatMap(({ loosened }) => restoreLoosened(loosened)),
      ...isLimited ? [] : [automatic("It continues by itself.")],
      ...limits.flatMap(placeEnds),
      ...pauseEnds(holdingPauses(facts)),
    ],
  };
}

/** When nothing runs, and nothing is queued. */
function idleCause(facts: QueueFacts): Cause {
  const { conditions, parked } = facts;
  const held = countJobs(facts, ["parked", "suspended"]);
  const kinds = LIVE.flatMap(([condition, words]) => {
    const jobs = conditions.get(condition) ?? 0;
    return jobs === 0 ? [] : [counted(jobs, ...words)];
  });
  if (held === 0) {
    const summary = kinds.length === 0
      ? "Nothing is running: there are no unfinished jobs."
      : `Nothing is running or queued: ${shortened(kinds, LIVE.length)}.`;
    return { standsStill: false, summary };
  }
  const [most] = parked;
  const why = most === undefined || (conditions.get("parked") ?? 0) < held / 2
    ? ""
    : `: ${oneLine(most.newest.message)}`;
  const all = countJobs(facts, LIVE.map(([condition]) => condition));
  const every = all === 1 ? "the one unfinished job is" : `all ${all} unfinished jobs are`;
  const nothing = held === all
    ? `Nothing runs: ${every} held (${shortened(kinds, LIVE.length)})${why}.`
    : `Nothing runs: ${shortened(kinds, LIVE.length)}${why}.`;
  const first = why === "" ? longestOnes(facts, ["suspended"]) : [];
  const summary = [nothing, ...first.map(({ statement }) => statement)].join(" ");
  return { standsStill: true, summary, next: release(facts) };
}

/** Singular and plural. */
const LIVE: readonly (readonly [Condition, readonly [string, string]])[] = [
  ["parked", ["is parked", "are parked"]],
  ["suspended", ["is suspended", "are suspended"]],
  ["waiting", ["waits for an event", "wait for events"]],
  ["sleeping", ["sleeps", "sleep"]],
  ["scheduled", ["is scheduled", "are scheduled"]],
  ["created", ["was never started", "were never started"]],
];

/** What would release held jobs. */
function release({ parked, longest, conditions }: QueueFacts): Next {
  const types = parked.filter(({ reason }) => reason !== "crashed").slice(0, FEW_MAX);
  const code = types.map(({ type, newest, jobs, reason }) => {
    const what = reason === "noDefinition"
      ? `defines type ${type}`
      : `has code of ${type} that fits`;
    const statement = `Start Daybook with a module (--definitions) that ${what}: then ` +
      `${counted(jobs, "job continues by itself", "jobs continue by themselves")}.`;
    return byHand(statement, newest.by);
  });
  const { suspended } = longest;
  if (suspended === undefined) return code;
  const jobs = conditions.get("suspended") ?? 0;
  const all = { action: "resume", filter: { condition: ["suspended"] } };
  return [
    ...code,
    manual(`Resume job ${suspended.jobId}:`, `/jobs/${suspended.jobId}/resume`),
    ...jobs > 1 ? [manual(`Resume all ${countText(jobs)}:`, "/jobs/bulk", all)] : [],
  ];
}

/** The latest time at which a limit lets the next waiting job begin, or what would let it. */
function placeEnds(limit: QueueLimit): Next {
  if (limit.limit !== "rate") {
    const endless = limit.holders.filter(({ timeoutMs }) => timeoutMs === undefined);
    return [
      ...deadlockSteps(limit.deadlock),
      ...limit.holders.slice(0, FEW_MAX).flatMap(endByItself),
      ...restoreLimit(limit),
      ...cancelHolders({ ...limit, holders: endless }),
    ];
  }
  const opensAt = rateOpensAt(limit);
  const [first] = limit.starts;
  if (opensAt === undefined || first === undefined) return [];
  return [
    automatic(`The rate of type ${limit.type} lets the next begin at ${opensAt}.`, first.by),
    ...restoreLimit(limit),
  ];
}

/** `3 jobs wait for a worker, the longest since ....`, or that none does. */
function waitText(facts: QueueFacts): string {
  const { longest: { queued } } = facts;
  const { paused, limited, forWorker } = queuedJobs(facts);
  // A cause that holds up everything has a statement of its own.
  const isAll = facts.pauses.some(isOfEverything);
  const jobs = isAll ? forWorker + paused : forWorker;
  const held = isAll || paused === 0 ? "" : ` Pauses hold ${counted(paused, "job")}.`;
  const behind = limited === 0 ? held : ` Limits hold ${counted(limited, "job")}.${held}`;
  if (jobs === 0) return `No job waits for a worker.${behind}`;
  const since = queued === undefined
    ? ""
    : `, ${jobs === 1 ? "" : "the longest "}since ${queued.since}`;
  return `${counted(jobs, "job waits", "jobs wait")} for a worker${since}.${behind}`;
}

function queuedJobs({ paused, limited, pools }: QueueFacts): QueuedJobs {
  return { paused, limited, forWorker: pools.reduce((sum, { waiting }) => sum + waiting, 0) };
}

function countJobs({ conditions }: QueueFacts, wanted: readonly Condition[]): number {
  return wanted.reduce((sum, condition) => sum + (conditions.get(condition) ?? 0), 0);
}
