/** Explains why work as a whole continues or stands still. */

import type { Condition } from "../../core/condition.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type {
  CommonBackoff,
  LongestJob,
  QueueFacts,
  QueueLimit,
} from "../../explain/statements/queue_facts.ts";
import { explainQueue } from "../../explain/queue/explain_queue.ts";
import type { Citation, QueueExplanation } from "../../explain/statements/explanation.ts";
import { actorText, reasonText } from "../../explain/words/phrases.ts";
import { firstLine } from "../../explain/replay/why.ts";
import { type LimitedRequest, type LimitLine, limitLines } from "../run/queue/queue_positions.ts";
import type { WorkerQueue } from "../run/queue/worker_queue.ts";
import { blockingLimit, loosenedLimits } from "./blocking_limit.ts";
import { cited } from "./citations.ts";
import { deadlockOf } from "./deadlock_search.ts";
import { poolOf, workerHolders } from "./holders.ts";
import type { JobLists } from "./job_lists.ts";
import type { Query, QueryParts } from "./query_parts.ts";

/** The conditions of which the explanation names the job that has been in each longest. */
const HELD = ["queued", "suspended", "waiting"] as const;
type HeldCondition = typeof HELD[number];

/** How many limits are described: those that keep the most jobs waiting. */
const LIMITS_MAX = 3;

/** How many of the jobs queued longest are looked at, since pauses may hold a great many. */
const LOOKED_AT_MAX = 10_000;

/** The workers of one kind, and the jobs in their queue that wait for a place. */
interface Queue {
  readonly queue: WorkerQueue;
  readonly isThreaded: boolean;
  readonly lines: readonly LimitLine[];
  readonly wanting: readonly LimitedRequest[];
}

export class QueueExplainer {
  constructor(private readonly parts: QueryParts) {}

  async explain(): Promise<QueueExplanation<Citation>> {
    const { history } = this.parts;
    const answer = explainQueue(await this.#facts());
    return {
      ...answer,
      because: await cited(history, answer.because),
      next: await cited(history, answer.next),
    };
  }

  async #facts(): Promise<QueueFacts> {
    const { attention, census, pauseControls, workers, threadWorkers, writer } = this.parts;
    const asOf = writer.durableLogId;
    const pauses = pauseControls.all();
    const conditions = new Map(census.conditions);
    const parked = attention.parked;
    const query = { parts: this.parts, share: { spentMs: 0 } };
    const queues = [workers, threadWorkers].map((queue, at) => {
      const wanting = queue.wanting(asOf);
      return {
        ...{ queue, isThreaded: at === 1, wanting },
        lines: limitLines(wanting, this.parts.shares),
      };
    });
    const pools = await Promise.all(queues.map((one) => this.#pool(query, one)));
    const lines = queues.flatMap((one) => one.lines);
    const limits = await Promise.all(
      lines.slice(0, LIMITS_MAX).map((line) => this.#limit(query, line)),
    );
    const isLimited = (jobId: JobId) => lines.some(({ jobIds }) => jobIds.has(jobId));
    const longest: Partial<Record<Condition, LongestJob>> = {};
    for (const condition of HELD) {
      const isThere = (conditions.get(condition) ?? 0) > 0;
      const job = isThere ? await this.#longest(condition, asOf, isLimited) : undefined;
      if (job !== undefined) longest[condition] = job;
    }
    return {
      asOf,
      failed: this.parts.failed,
      circumstances: {
        full: this.parts.events.journal.full("ordinary"),
        draining: this.parts.draining,
        silence: this.parts.silence,
      },
      pauses,
      paused: pauseControls.figures.jobs,
      limits,
      limited: lines.reduce((sum, { jobIds }) => sum + jobIds.size, 0),
      pools,
      alone: workers.alone,
      conditions,
      backoff: (conditions.get("backingOff") ?? 0) > 0
        ? commonBackoff(this.parts.lists)
        : undefined,
      parked,
      longest,
    };
  }

  async #pool(
    query: Query,
    { queue: { busy, max, waiting: all }, isThreaded, lines, wanting }: Queue,
  ) {
    const waiting = all - lines.reduce((sum, { jobIds }) => sum + jobIds.size, 0);
    // Holders of workers matter only if a job waits for a worker.
    const holders = busy === 0 || waiting === 0 ? [] : await workerHolders(this.parts, isThreaded);
    const deadlock = busy < max
      ? undefined
      : await deadlockOf(query, { isThreaded, max }, { holders });
    const loosened = loosenedLimits(this.parts, holders, busy);
    const own = wanting.filter(({ request: { jobId }, needs }) =>
      needs.share.of.type === loosened?.type && !lines.some(({ jobIds }) => jobIds.has(jobId))
    );
    return {
      ...{ isThreaded, busy, max, waiting, holders, deadlock },
      loosened: waiting > own.length ? loosened : undefined,
    };
  }

  /** A reached limit, with the attempts that hold its places. */
  async #limit(
    query: Query,
    { limit, needs, jobIds, first }: LimitLine,
  ): Promise<QueueLimit> {
    const { parts } = query;
    const [next] = first;
    const job = next && parts.table.job(next.jobId);
    const reached = await blockingLimit(parts, job ?? { type: needs.share.of.type }, limit, needs);
    return {
      ...reached,
      deadlock: job && await deadlockOf(query, poolOf(parts, job), { limit: reached }),
      jobs: jobIds.size,
      firstJobs: first.map(({ jobId }) => jobId),
      firstBy: next?.order ?? 0,
    };
  }

  async #longest(
    condition: HeldCondition,
    asOf: LogId,
    isLimited: (jobId: JobId) => boolean,
  ): Promise<LongestJob | undefined> {
    const found = this.#found(condition, isLimited);
    if (found === undefined || found.by > asOf) return undefined;
    const [entry] = await this.parts.history.at([found.by]);
    const suspension = isOfType(entry, "job.JobSuspended")
      ? actorText(entry) + reasonText(entry.attributes.reason)
      : "";
    return entry && { ...found, since: entry.receivedAt, suspension };
  }

  #found(
    condition: HeldCondition,
    isLimited: (jobId: JobId) => boolean,
  ): Pick<LongestJob, "jobId" | "by"> | undefined {
    const { attention, lists, table } = this.parts;
    if (condition === "waiting") return attention.longestWaiting;
    const [jobId] = condition === "queued"
      ? [this.#oldestQueued(isLimited)]
      : lists.page({ conditions: [condition], oldestFirst: true, limit: 1 }).jobs
        .map((job) => job.jobId);
    const job = jobId === undefined ? undefined : table.job(jobId);
    return job && { jobId: job.jobId, by: table.trails.lastTransition(job) };
  }

  /** The job queued longest that is held by neither a limit nor a partial pause. */
  #oldestQueued(isLimited: (jobId: JobId) => boolean): JobId | undefined {
    const { census, pauseControls, table } = this.parts;
    return census.queued.take(LOOKED_AT_MAX).find((jobId) => {
      const job = table.head(jobId);
      return job !== undefined && !pauseControls.holdsApart(job) && !isLimited(jobId);
    });
  }
}

/** How many of the newest jobs that back off are looked at. */
const BACKOFFS_MAX = 100;
const BACKOFFS_CITED_MAX = 3;

/** The error after which most of the jobs that back off do so, as when one service is down. */
function commonBackoff(lists: Pick<JobLists, "page">): CommonBackoff | undefined {
  const { jobs } = lists.page({ conditions: ["backingOff"], limit: BACKOFFS_MAX });
  const groups = new Map<string, { readonly types: Set<string>; readonly by: LogId[] }>();
  for (const { type = "", tasks } of jobs) {
    const task = tasks.find(({ status }) => status === "backingOff");
    if (task?.status !== "backingOff") continue;
    const error = firstLine(errorText(task.error));
    const group = groups.getOrInsertComputed(error, () => ({ types: new Set(), by: [] }));
    group.types.add(type);
    group.by.push(task.lastLogId);
  }
  const [most] = [...groups].toSorted(([, one], [, other]) => other.by.length - one.by.length);
  if (most === undefined) return undefined;
  const [error, { types, by }] = most;
  return {
    lookedAt: jobs.length,
    error,
    jobs: by.length,
    types: [...types].toSorted(),
    by: by.slice(0, BACKOFFS_CITED_MAX),
  };
}
