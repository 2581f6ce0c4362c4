/**
 * Answers what other limits of its type would change for a job: from the queue now, or from the
 * journal.
 */

import type { JobId, LogId } from "../../core/ids.ts";
import { hasBegun, hasCode, type JobState } from "../../core/job_state.ts";
import { holds } from "../../core/pauses.ts";
import type { LimitValues } from "../../core/place_limits.ts";
import type { BlockingLimit } from "../../explain/statements/queue_facts.ts";
import type { Citation } from "../../explain/statements/explanation.ts";
import { heldInQueue, queuedStays } from "../../explain/history/hold_ups.ts";
import { limitsInRetrospect } from "../../explain/replay/limits_in_retrospect.ts";
import {
  type LimitsQuestion,
  type LimitsWhatIf,
  limitsWhileQueued,
  type QueuedStanding,
  type SupposedLimits,
  withSupposed,
} from "../../explain/replay/limits_what_if.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import {
  inForce,
  type LimitsFrom,
  type PlaceHistory,
} from "../../explain/history/place_history.ts";
import { limitsAt } from "../../explain/history/reached_limits.ts";
import type { TimeShare } from "../pacer.ts";
import { placeLimits, withoutKeyText } from "../definition_limits.ts";
import type { Outcome } from "../requests.ts";
import type { QueuedRequest } from "../run/queue/request_lines.ts";
import type { Shares, WantedPlace } from "../run/queue/shares.ts";
import { blockingLimit, queuedAs } from "./blocking_limit.ts";
import { cited } from "./citations.ts";
import type { ReserveMemory } from "../entry_pages.ts";
import type { Explainer } from "./explainer.ts";
import { isQueued, poolOf } from "./holders.ts";
import { placeHistory } from "./place_histories.ts";
import type { QueryParts } from "./query_parts.ts";
import type { PointedIssue } from "../../core/json.ts";

export class LimitsWhatIfs {
  constructor(private readonly parts: QueryParts, private readonly explainer: Explainer) {}

  /** @param jobId A job that exists. */
  async of(
    jobId: JobId,
    supposed: SupposedLimits,
    hold: ReserveMemory,
  ): Promise<Outcome<LimitsWhatIf<Citation>>> {
    const { history } = this.parts;
    const outlined = await this.explainer.outlined(jobId, hold);
    const issues = this.#issues(outlined.job, supposed);
    if (issues.length > 0) return { ok: false, problem: { kind: "impossibleSupposition", issues } };
    const share: TimeShare = { spentMs: 0 };
    const { job } = outlined;
    const answer = isQueued(job, poolOf(this.parts, job).queue)
      ? await this.#whileQueued(outlined, supposed)
      : await this.#inRetrospect(outlined, supposed, share);
    return { ok: true, value: { ...answer, because: await cited(history, answer.because) } };
  }

  #issues(job: JobState, supposed: SupposedLimits): readonly PointedIssue[] {
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
    const hasKey = this.parts.registry.get(type)?.limits?.key !== undefined;
    if (supposed.perKey == null || hasKey) return [];
    return [{ pointer: "/limits/perKey", detail: withoutKeyText(type) }];
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
    limits: LimitValues,
    supposed: SupposedLimits,
  ): Promise<QueuedStanding> {
    const { pauses, shares } = this.parts;
    const wanted = shares.wantedBy(job, hasBegun(job));
    const holding = pauses.all.filter((pause) => holds(pause, job));
    const { first, isGranted, places } = this.#supposedGrants(job, limits, wanted);
    const ofKey = first.filter(({ key }) => key === job.key);
    const supposedPlace = wanted && places.wantedBy(job, hasBegun(job));
    const window = supposedPlace?.window;
    const taken = {
      maxRunning: supposedPlace?.share.of.held ?? 0,
      perKey: supposedPlace?.share.holders.size ?? 0,
      rate: window === undefined ? 0 : places.counted(window),
    };
    const limit = supposedPlace && places.reached(supposedPlace);
    const then = wanted && limit && await blockingLimit(this.parts, job, limit, wanted);
    // A pause holds the job whatever comes before it, and jobs of other keys do not take places of
    // its key.
    const before = holding.length > 0 ? [] : then?.limit === "perKey" ? ofKey : first;
    const reached = wanted && shares.reached(wanted);
    const { queue: { busy }, max } = poolOf(this.parts, job);
    return {
      pauses: holding,
      now: wanted && reached && await blockingLimit(this.parts, job, reached, wanted),
      then: then && withLimits(then, limits, taken, supposed),
      before: before.map(({ jobId, order }) => ({ jobId, startedBy: order })),
      isGranted,
      taken,
      workers: { busy, max, alone: this.parts.workers.alone },
    };
  }

  /** Grants, in a copy of the queue, what would begin before the job, in order. */
  #supposedGrants(
    job: JobState,
    limits: LimitValues,
    wanted: WantedPlace | undefined,
  ): {
    readonly first: readonly QueuedRequest[];
    readonly isGranted: boolean;
    readonly places: Shares;
  } {
    const { shares, table } = this.parts;
    const { type = "" } = job;
    const { queue } = poolOf(this.parts, job);
    const places = shares.supposing(type, limits);
    const first: QueuedRequest[] = [];
    if (wanted === undefined) return { first, isGranted: false, places };
    const needsOf = ({ jobId, begins, needs }: QueuedRequest) => {
      const head = table.pending(jobId)?.head;
      const isCounted = wanted.share.of.limits.rate === undefined ? begins : needs?.window;
      return head && places.wantedBy(head, !isCounted);
    };
    const lines = queue.supposing(wanted.share.of, needsOf, (window) => places.isOpen(window));
    const room = queue.roomFor(type);
    for (let line = lines.next(); line !== undefined && first.length < room; line = lines.next()) {
      if (line.first?.jobId === job.jobId) return { first, isGranted: true, places };
      const request = lines.take(line);
      if (request?.needs !== undefined) places.take(request.jobId, request.needs);
      if (request !== undefined) first.push(request);
    }
    return { first, isGranted: false, places };
  }

  async #inRetrospect(
    outlined: OutlinedHistory,
    supposed: SupposedLimits,
    share: TimeShare,
  ): Promise<LimitsWhatIf<LogId>> {
    const { job } = outlined;
    const stays = queuedStays(outlined);
    const begun = outlined.spans.find(({ condition }) => condition === "executing")?.by;
    const from = stays[0]?.from.logId ?? begun ?? job.firstLogId;
    const to = stays.at(-1)?.to.logId ?? begun ?? job.firstLogId;
    const limits = withSupposed({}, supposed);
    const query = { parts: this.parts, share };
    const history: PlaceHistory = await placeHistory(query, job, { from, to }, limits);
    const own = queuedAs(job);
    const { pacer } = this.parts;
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
    const { limitChanges, registry } = this.parts;
    const change = limitChanges.get(type);
    return change === undefined
      ? { limits: placeLimits(registry.get(type)?.limits), from: 0 }
      : inForce(change);
  }
}

/** A limit as it would be, with the places taken then. */
function withLimits(
  { change, ...rest }: BlockingLimit,
  limits: LimitValues,
  taken: QueuedStanding["taken"],
  supposed: SupposedLimits,
): BlockingLimit {
  // A supposed limit has no recorded change.
  const found = change === undefined || rest.limit in supposed ? rest : { ...rest, change };
  if (found.limit === "rate") return { ...found, ...limits.rate };
  return { ...found, places: limits[found.limit] ?? 0, taken: taken[found.limit] };
}
