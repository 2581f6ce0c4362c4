/**
 * Answers what other limits of its type would change for a job: from the queue now, or from the
 * journal.
 */

import { deriveCondition } from "../../core/condition.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { findTask, hasCode, type JobState } from "../../core/job_state.ts";
import { holds } from "../../core/pauses.ts";
import type { PlaceLimits } from "../../core/place_limits.ts";
import type { BlockingLimit } from "../../explain/evidence.ts";
import type { Citation } from "../../explain/explanation.ts";
import { heldInQueue, queuedStays } from "../../explain/hold_ups.ts";
import { limitsInRetrospect } from "../../explain/limits_in_retrospect.ts";
import {
  type LimitsQuestion,
  type LimitsWhatIf,
  limitsWhileQueued,
  type QueuedStanding,
  type SupposedLimits,
  withSupposed,
} from "../../explain/limits_what_if.ts";
import type { OutlinedHistory } from "../../explain/outlined_history.ts";
import { inForce, type LimitsFrom, type PlaceHistory } from "../../explain/place_history.ts";
import { limitsAt } from "../../explain/reached_limits.ts";
import type { SuppositionIssue } from "../../explain/supposition.ts";
import type { Share } from "../events/pacer.ts";
import { placeLimits } from "../limits.ts";
import type { Outcome } from "../requests.ts";
import type { WantedPlace } from "../run/shares.ts";
import { supposedTurns } from "../run/supposed_turns.ts";
import type { WorkerQueue } from "../run/worker_queue.ts";
import { blockingLimit, type BlockingLimitParts, queuedAs } from "./blocking_limit.ts";
import { cited } from "./citations.ts";
import type { ReserveMemory } from "./entry_pages.ts";
import type { Explainer } from "./explainer.ts";
import { placeHistory, type PlaceHistoryParts } from "./place_histories.ts";
import type { QueryParts } from "./query_parts.ts";

type Parts =
  & PlaceHistoryParts
  & BlockingLimitParts
  & Pick<QueryParts, "suspects" | "workers" | "threadWorkers">
  & { readonly explainer: Pick<Explainer, "outlined"> };

export class LimitsWhatIfs {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param jobId A job that exists. */
  async of(
    jobId: JobId,
    supposed: SupposedLimits,
    hold?: ReserveMemory,
  ): Promise<Outcome<LimitsWhatIf<Citation>>> {
    const { explainer, history } = this.#parts;
    const outlined = await explainer.outlined(jobId, hold);
    const issues = this.#issues(outlined.job, supposed);
    if (issues.length > 0) return { ok: false, problem: { kind: "impossibleSupposition", issues } };
    const share: Share = { spentMs: 0 };
    const { job } = outlined;
    const isWaiting = job.state !== "Created" && (deriveCondition(job) === "queued" ||
      this.#queueOf(job).holds(job.priority, job.startedBy));
    const answer = isWaiting
      ? await this.#whileQueued(outlined, supposed)
      : await this.#inRetrospect(outlined, supposed, share);
    return { ok: true, value: { ...answer, because: await cited(history, answer.because) } };
  }

  #issues(job: JobState, supposed: SupposedLimits): readonly SuppositionIssue[] {
    const { type = "" } = job;
    if (!hasCode(job)) {
      return [{
        pointer: "/limits",
        detail: "applies to types with code; this job is a plan without code",
      }];
    }
    if (job.state === "Created") {
      return [{ pointer: "/limits", detail: "does not apply to a job that has not started" }];
    }
    const hasKey = this.#parts.registry.get(type)?.limits?.key !== undefined;
    if (supposed.perKey == null || hasKey) return [];
    const detail = `${type} has no limits.key, by which its jobs could be grouped`;
    return [{ pointer: "/limits/perKey", detail }];
  }

  async #whileQueued(
    outlined: OutlinedHistory,
    supposed: SupposedLimits,
  ): Promise<LimitsWhatIf<LogId>> {
    const { job } = outlined;
    const inForce = this.#inForce(job.type ?? "");
    const limits = withSupposed(inForce.limits, supposed);
    const asked: LimitsQuestion = { outlined, inForce, supposed, limits };
    return limitsWhileQueued(asked, await this.#standing(job, limits, supposed));
  }

  async #standing(
    job: JobState,
    limits: PlaceLimits,
    supposed: SupposedLimits,
  ): Promise<QueuedStanding> {
    const { pauses, shares } = this.#parts;
    const wanted = shares.wantedBy(job, hasBegun(job));
    const { lines, room } = wanted === undefined
      ? { lines: [], room: 0 }
      : this.#queueOf(job).turnsOf(wanted.share.of);
    const rateRoom = this.#rateRoom(limits, wanted, !hasBegun(job));
    const { granted, isGranted } = supposedTurns(lines, job.jobId, { limits, rateRoom, room });
    const holding = pauses.all.filter((pause) => holds(pause, job));
    const first = isGranted ? granted.slice(0, -1) : granted;
    const ofKey = first.filter(({ key }) => key === job.key);
    const taken = {
      maxRunning: (wanted?.share.of.held ?? 0) + first.length,
      perKey: (wanted?.share.holders.size ?? 0) + ofKey.length,
      rate: (limits.rate?.count ?? 0) - rateRoom + first.length,
    };
    const then = wanted && await this.#limitThen(job, limits, supposed, wanted, taken);
    // A pause holds the job whatever comes before it, and jobs of other keys do not take places of
    // its key.
    const before = holding.length > 0 ? [] : then?.limit === "perKey" ? ofKey : first;
    const reached = wanted && shares.reached(wanted);
    const { busy, max } = this.#queueOf(job);
    return {
      pauses: holding,
      now: wanted && reached && await blockingLimit(this.#parts, job, reached, wanted),
      then,
      before: before.map(({ jobId, order }) => ({ jobId, startedBy: order })),
      isGranted,
      taken,
      workers: { busy, max, alone: [...this.#parts.suspects.all.keys()][0] },
    };
  }

  /** The limit that would keep the job waiting once this many places are taken. */
  async #limitThen(
    job: JobState,
    limits: PlaceLimits,
    supposed: SupposedLimits,
    wanted: WantedPlace,
    taken: QueuedStanding["taken"],
  ): Promise<BlockingLimit | undefined> {
    const { perKey = Infinity, maxRunning = Infinity, rate } = limits;
    const isOfKey = job.key !== undefined && taken.perKey >= perKey;
    const limit = isOfKey
      ? "perKey"
      : taken.maxRunning >= maxRunning
      ? "maxRunning"
      : rate !== undefined && !hasBegun(job) && taken.rate >= rate.count
      ? "rate"
      : undefined;
    if (limit === undefined) return undefined;
    const { change, ...rest } = await blockingLimit(this.#parts, job, limit, wanted);
    // A supposed limit has no recorded change.
    const found = change === undefined || limit in supposed ? rest : { ...rest, change };
    if (found.limit === "rate") return { ...found, ...rate };
    return { ...found, places: limits[found.limit] ?? 0, taken: taken[found.limit] };
  }

  /**
   * How many jobs the rate would let begin now, including this one. A rate that is not in force has
   * counted no starts yet.
   */
  #rateRoom(limits: PlaceLimits, wanted: WantedPlace | undefined, begins: boolean): number {
    if (limits.rate === undefined || !begins) return Infinity;
    const { count, perMs } = limits.rate;
    const counted = wanted?.window && this.#parts.shares.startsWithin(wanted.window, perMs);
    return Math.max(0, count - (counted ?? 0));
  }

  async #inRetrospect(
    outlined: OutlinedHistory,
    supposed: SupposedLimits,
    share: Share,
  ): Promise<LimitsWhatIf<LogId>> {
    const { job } = outlined;
    const stays = queuedStays(outlined);
    const begun = outlined.spans.find(({ condition }) => condition === "executing")?.by;
    const from = stays[0]?.from.logId ?? begun ?? job.firstLogId;
    const to = stays.at(-1)?.to.logId ?? begun ?? job.firstLogId;
    const limits = withSupposed({}, supposed);
    const history: PlaceHistory = await placeHistory(this.#parts, job, { from, to }, share, limits);
    const own = queuedAs(job);
    const { pacer } = this.#parts;
    const inForce = limitsAt(history, from);
    const asked = {
      outlined,
      inForce,
      supposed,
      limits: withSupposed(inForce.limits, supposed),
    };
    const held = await pacer.all(share, heldInQueue(outlined, own, history));
    return await pacer.all(share, limitsInRetrospect(asked, own, history, held));
  }

  #inForce(type: string): LimitsFrom {
    const { limitChanges, registry } = this.#parts;
    const change = limitChanges.of(type);
    return change === undefined
      ? { limits: placeLimits(registry.get(type)?.limits), from: 0 }
      : inForce(change);
  }

  #queueOf(job: JobState): WorkerQueue {
    const { registry, workers, threadWorkers } = this.#parts;
    return registry.isInThread(job) ? threadWorkers : workers;
  }
}

function hasBegun(job: JobState): boolean {
  return findTask(job, MAIN_TASK) !== undefined;
}
