/**
 * What holds up a job besides its own entries: workers, limits, pauses, the disk; now, or at a past
 * time.
 */

import { deriveCondition } from "../../core/condition.ts";
import type { LogId } from "../../core/ids.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import { holds, type Pause } from "../../core/pauses.ts";
import { keyCounted } from "../../core/place_limits.ts";
import { crowdTrait, isOfCrowd } from "../../explain/likeness/crowd.ts";
import { compared, type ComparedJob } from "../../explain/likeness/compared_job.ts";
import type { Circumstances } from "../../explain/statements/evidence.ts";
import type { BlockingLimit, CountOf, HoldingPause } from "../../explain/statements/queue_facts.ts";
import { dueAtOf, type OutlinedHistory } from "../../explain/history/outlined_history.ts";
import { ownPlaces } from "../../explain/history/place_history.ts";
import { isQueuedBefore } from "../../explain/history/reached_limits.ts";
import { takenNear } from "./job_visit.ts";
import type { Urgency } from "../ports.ts";
import { isSealed } from "../secrets/sealing.ts";
import { limitNow, limitThen, loosenedLimits } from "./blocking_limit.ts";
import { deadlockAround, deadlockOf } from "./deadlock_search.ts";
import { movesOf } from "./ended_lately.ts";
import { isQueued, poolOf, workerHolders, workersThen } from "./holders.ts";
import { overtakenBy } from "./overtaken_search.ts";
import { pausesUpTo, placeHistory } from "./place_histories.ts";
import type { Query, QueryParts } from "./query_parts.ts";

/** As of now, in this process. */
export async function circumstancesNow(
  query: Query,
  outlined: OutlinedHistory,
): Promise<Circumstances> {
  const { parts } = query;
  const { job, conditionSince: { receivedAt } } = outlined;
  const { pauses, registry, writer, draining, events, silence } = parts;
  const loaded = registry.running(job);
  const isKnown = loaded !== undefined;
  const definition = hasCode(job) ? isKnown ? "loaded" : "missing" : "none";
  const common = {
    definition,
    isTypeMissing: hasCode(job) && registry.get(job.type) === undefined,
    draining,
    full: events.journal.full(urgencyOf(job)),
    silence,
    ...isKnown ? {} : refusalOf(parts, job),
  } as const;
  const holding = hasCode(job) ? await holdingPauses(parts, pauses.all, job) : [];
  const held = { ...common, pauses: holding };
  if (job.state === "Failed" || job.state === "Created" || !isKnown) return held;
  const pool = poolOf(parts, job);
  const { isThreaded, max, queue: workers } = pool;
  if (!isQueued(job, workers)) return { ...held, deadlock: await deadlockAround(query, job) };
  const [ahead = 0] = workers.aheadOfEach([job.startedBy], writer.durableLogId);
  const queue = { ahead, busy: workers.busy, max, isThreaded };
  if (holding.length > 0) return { ...common, queue: { ...queue, pauses: holding } };
  const limit = await limitNow(parts, job);
  if (limit !== undefined) {
    const deadlock = await deadlockOf(query, pool, { limit });
    const crowd = await crowdAhead(query, job, limit);
    const moves = limit.limit === "rate" ? undefined : await movesOf(query, limit, ahead);
    return { ...common, queue: { ...queue, limit, moves, ...crowd }, deadlock };
  }
  const { alone } = parts.workers;
  // Jobs in threads wait for a job that runs alone too, which is in no thread.
  const holdersAre = isThreaded && alone === undefined;
  // The job itself may have been granted a worker since it was looked at.
  const holders = (await workerHolders(parts, holdersAre))
    .filter(({ jobId }) => jobId !== job.jobId);
  // Before a retry was due, or while a pause held the job, others took nothing from it.
  const ended = (await pausesUpTo(parts, writer.durableLogId)).filter((pause) => holds(pause, job))
    .flatMap(({ ended }) => ended?.at ?? []);
  const [since = receivedAt] = [receivedAt, dueAtOf(job) ?? receivedAt, ...ended].toSorted()
    .toReversed();
  const overtaken = await overtakenBy(query, job, Date.parse(since));
  const deadlock = await deadlockOf(query, pool, { holders });
  const crowd = await crowdAhead(query, job);
  const loosest = loosenedLimits(parts, holders, workers.busy);
  const loosened = loosest?.type === job.type || alone !== undefined ? undefined : loosest;
  const last = alone && { alone: { ...alone, isItself: alone.jobId === job.jobId } };
  return {
    ...common,
    queue: { ...queue, holders, overtaken, loosened, ...crowd, ...last },
    deadlock,
  };
}

/** How many of the jobs ahead of one are looked at: the next. */
const CROWD_MAX = 100;

/** What most of the jobs of its type have that go before it, or hold the places that it needs. */
async function crowdAhead(
  query: Query,
  job: JobState & { readonly startedBy: LogId },
  limit?: BlockingLimit,
): Promise<Pick<NonNullable<Circumstances["queue"]>, "crowd">> {
  if (job.type === undefined) return {};
  const { table } = query.parts;
  const isInLine = (other: JobState) =>
    limit === undefined ||
    (!limit.isOfKey || other.key === job.key) && keyCounted(limit.limit, other) === limit.key;
  const { queue } = poolOf(query.parts, job);
  const ahead = await takenNear(query, {
    range: { types: [job.type], conditions: ["queued", "backingOff"], oldestFirst: true },
    ...{ max: CROWD_MAX, enough: CROWD_MAX },
    take: (other) =>
      "startedBy" in other && isQueuedBefore(other, job) && isQueued(other, queue) &&
        isInLine(other)
        ? compared(other, false)
        : undefined,
  });
  const holders = limit === undefined || limit.limit === "rate" ? undefined : limit.holders;
  const holding = holders?.flatMap(({ jobId }) => {
    const holder = table.job(jobId);
    return holder === undefined ? [] : compared(holder, false);
  });
  const trait = crowdTrait(compared(job, false), [...holding ?? [], ...ahead]);
  if (trait === undefined) return {};
  const countOf = (jobs: readonly ComparedJob[]): CountOf => ({
    count: jobs.filter((one) => isOfCrowd(one, trait)).length,
    of: jobs.length,
  });
  return {
    crowd: { trait, ahead: countOf(ahead), ...holding && { holding: countOf(holding) } },
  };
}

/** Sealed inputs are not opened for this. */
function refusalOf(
  { descriptions, registry }: QueryParts,
  job: JobState,
): Pick<Circumstances, "refusal"> {
  const newest = registry.get(job.type);
  if (newest === undefined || isSealed(job)) return {};
  const why = descriptions.inputRefusal(job);
  return why === undefined ? {} : { refusal: { version: newest.version, why } };
}

/** What the journal shows of the circumstances of a job at a past time. */
export async function circumstancesThen(
  query: Query,
  outlined: OutlinedHistory,
  upTo: LogId,
  atMs: number,
): Promise<Circumstances> {
  const { parts } = query;
  const { job } = outlined;
  const definition = hasCode(job) ? "loaded" : "none";
  const common = { definition, draining: false, full: false } as const;
  if (!hasCode(job) || isTerminal(job)) return common;
  if (deriveCondition(job) !== "queued") {
    const inForce = (await pausesUpTo(parts, upTo)).filter(({ ended }) => !ended);
    return { ...common, pauses: await holdingPauses(parts, inForce, job) };
  }
  const stretch = { from: upTo, to: upTo };
  const history = await placeHistory(query, job, stretch);
  const inForce = history.pauses.filter(({ ended }) => ended === undefined);
  const pauses = await holdingPauses(parts, inForce, job);
  if (pauses.length > 0) return { ...common, queueThen: { holders: [], pauses } };
  const { lookedAt } = history;
  const holdsPlace = ownPlaces(outlined, history.pauses).some(({ to }) => to === undefined);
  const limited = holdsPlace
    ? undefined
    : await limitThen(parts, job, history, { logId: upTo, atMs });
  if (limited !== undefined) {
    const unseen = lookedAt === undefined ? {} : { lookedAt };
    return { ...common, queueThen: { holders: [], ...unseen, ...limited } };
  }
  const pool = poolOf(parts, job);
  return { ...common, queueThen: await workersThen(query, pool, upTo) };
}

/** The pauses that hold a job. Those by rule include their last failure. */
async function holdingPauses(
  { history }: QueryParts,
  pauses: readonly Pause[],
  job: JobState,
): Promise<readonly HoldingPause[]> {
  const holding = pauses.filter((pause) => holds(pause, job));
  const last = holding.flatMap(({ failures = [] }) => failures.at(-1) ?? []);
  const known = await history.byPosition(last);
  return holding.map((pause) => {
    const lastFailure = known.get(pause.failures?.at(-1) ?? 0);
    return lastFailure === undefined ? pause : { ...pause, lastFailure };
  });
}

/** The urgency of the job's next entry when the disk is full. */
function urgencyOf(job: JobState): Urgency {
  const isUnderWay = ["executing", "backingOff", "compensating"].includes(deriveCondition(job));
  return isUnderWay ? "vital" : "ordinary";
}
