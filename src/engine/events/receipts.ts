/** Receipts of events from outside: what each event did, or why it did nothing. */

import { assertNever } from "../../core/assert_never.ts";
import { isSettled } from "../../core/expectations.ts";
import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import { messageText } from "../../core/error_text.ts";
import type { RefusedAttributes } from "../../core/framework_events.ts";
import type { EventId } from "../../core/ids.ts";
import { equalJson, type JsonObject } from "../../core/json.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import { toMatchable } from "../../core/projector.ts";
import type { Applied } from "../../core/job_fold.ts";
import { type LimitReached, limitText } from "../engine_limits.ts";
import {
  Comparisons,
  failingClauses,
  missedText,
  nearestExpectation,
  nearestInJob,
} from "../matching/nearest_expectation.ts";
import type { IncomingEvent, NearestExpectation, Receipt, ReceiptJob } from "../requests.ts";
import { NEVER_INTERPRETED } from "./unmatched.ts";

/** Whether an event equals an entry, or a refused event. */
export function saysTheSame(
  before: JobEventLogEntry | RefusedAttributes,
  event: IncomingEvent,
): boolean {
  const { stratum = "domain" } = before;
  return before.eventType === event.eventType && stratum === event.stratum &&
    before.jobId === event.jobId && before.taskId === event.taskId &&
    equalJson(before.attributes as JsonObject, event.attributes);
}

export function rejected(eventId: EventId, reason: string): Receipt {
  return { eventId, disposition: "rejected", jobs: [], reason };
}

export function refused(eventId: EventId, limit: LimitReached): Receipt {
  return { ...rejected(eventId, limitText(limit)), limit };
}

/** The most jobs that a receipt names; the rest are counted. */
const JOBS_SHOWN_MAX = 100;
const JOBS_SHOWN_MIN = 10;
/** The most for all receipts of one answer together. */
const JOBS_OF_ANSWER = 10_000;
const CLAUSES_OF_ANSWER = 1_000;

/** How many jobs each receipt names in an answer with this many receipts. */
export function jobsShownPerReceipt(receipts: number): number {
  const share = Math.floor(JOBS_OF_ANSWER / receipts);
  return Math.max(JOBS_SHOWN_MIN, Math.min(JOBS_SHOWN_MAX, share));
}

/** The same receipt, with as many clauses as its share of this many lists allows. */
export function shortenReceipt(receipts: number, receipt: Receipt): Receipt {
  const { nearest } = receipt;
  if (nearest === undefined) return receipt;
  const clausesMax = Math.max(1, Math.floor(CLAUSES_OF_ANSWER / receipts));
  return { ...receipt, nearest: { ...nearest, clauses: nearest.clauses.slice(0, clausesMax) } };
}

/** The effects of the entries that an event caused. */
export function effectReceipt(
  eventId: EventId,
  logId: number,
  drafts: readonly EventDraft[],
  applied: readonly (Applied | undefined)[],
  jobsMax: number,
): Receipt {
  const shown = new ShownJobs(jobsMax);
  for (const effect of toEffects(drafts, applied)) shown.add(effect);
  const { jobs, more, nearest } = shown;
  const matched = applied.some((step) => step !== undefined && hadEffect(step));
  const disposition = matched ? "matched" : "recorded";
  return {
    ...{ eventId, logId, disposition, jobs },
    ...(more === 0 ? {} : { more }),
    ...(matched || nearest === undefined ? {} : { nearest }),
  };
}

/** The effect of an entry on its job. */
interface Effect {
  readonly step: Applied;
  readonly draft: EventDraft | undefined;
}

/** One effect for each new job: it has started, or has failed at once. */
function* toEffects(
  drafts: readonly EventDraft[],
  applied: readonly (Applied | undefined)[],
): Iterable<Effect> {
  const failed = new Set(drafts.filter(isFailedStart).map(({ jobId }) => jobId));
  for (const [index, step] of applied.entries()) {
    const draft = drafts[index];
    if (step === undefined || draft?.eventType === "job.JobCreated") continue;
    if (draft?.eventType === "job.JobStarted" && failed.has(draft.jobId)) continue;
    yield { step, draft };
  }
}

/** Whether the event starts a job that fails at once, because its input is not valid. */
function isFailedStart(draft: EventDraft): boolean {
  return draft.eventType === "job.TaskFailed";
}

/** Whether it counted, failed the job, ended a compensation or started a job. */
function hadEffect(step: Applied): boolean {
  return step.matched.length > 0 || step.before?.state !== step.job.state;
}

/** The jobs of one receipt, each with the effect of the event, as many as fit. */
class ShownJobs {
  readonly jobs: ReceiptJob[] = [];
  more = 0;
  /** What the event came nearest to among the jobs that it reached without effect. */
  nearest: NearestExpectation | undefined;
  readonly #comparisons = new Comparisons();

  constructor(private readonly max: number) {}

  add(effect: Effect): void {
    const { matched } = effect.step;
    const shown = Math.min(this.max - this.jobs.length, Math.max(1, matched.length));
    this.more += Math.max(1, matched.length) - shown;
    if (shown === 0) return;
    if (matched.length === 0) this.jobs.push(this.#unmatched(effect));
    for (const expectation of matched.slice(0, shown)) {
      this.jobs.push(receiptJob(effect.step, expectation));
    }
  }

  #unmatched({ step, draft }: Effect): ReceiptJob {
    const { jobId, state } = step.job;
    if (draft?.eventType === "job.JobStarted") {
      return { jobId, state, reason: "started by this event" };
    }
    if (draft !== undefined && isFailedStart(draft) && "failure" in step.job) {
      const error = step.job.failure?.error;
      return { jobId, state, reason: error === undefined ? "" : messageText(error) };
    }
    return { jobId, state, reason: this.#reasonOf(step) };
  }

  #reasonOf(step: Applied): string {
    if (!mayHaveMissed(step) || this.#comparisons.areOver) return reasonOf(step);
    const event = toMatchable(step.entry);
    const nearest = nearestInJob(step.job, event, this.#comparisons);
    if (nearest !== undefined) {
      const clauses = failingClauses(nearest, event);
      this.nearest ??= nearestExpectation(nearest, clauses);
    }
    return missedText(step, nearest);
  }
}

/** Whether the event may nearly have met something that the job wants. */
function mayHaveMissed({ entry, rule }: Applied): boolean {
  return entry.stratum !== "coordination" &&
    (rule === "running/record-only" || rule === "compensating/record-only");
}

function receiptJob(step: Applied, expectation: string): ReceiptJob {
  const { jobId, state, plan } = step.job;
  const index = plan.expected.findIndex((expected) => expected.id === expectation);
  const expected = plan.expected[index];
  const common = {
    jobId,
    state,
    expectation,
    matched: step.job.expected[index]?.matched ?? 0,
    required: expected === undefined ? 1 : requiredMatches(expected.multiplicity),
  };
  const surplus = step.before !== undefined && isSettled(step.before, expectation);
  return surplus ? { ...common, reason: "beyond what the expectation needs" } : common;
}

function reasonOf(step: Applied): string {
  if (step.entry.stratum === "coordination") return NEVER_INTERPRETED;
  switch (step.rule) {
    case "compensating/record-only":
    case "terminal/record-only":
      return `recorded only: state is ${step.job.state}`;
    case "created/record-only":
      return "recorded only: the job has not started";
    case "running/error-failed":
    case "running/left-in-place":
    case "running/error-compensating":
      return "an error event of the job's policy";
    case "compensating/done":
    case "compensating/failed":
    case "compensating/left-in-place":
      return "ended the compensation";
    case "running/record-only":
    case "none/created":
    case "created/started":
    case "created/started-empty":
    case "running/matched":
    case "running/satisfied":
    case "running/waived":
    case "running/waived-satisfied":
    case "any/already-applied":
      return "matched no expectation";
    default:
      return assertNever(step.rule, "rule");
  }
}
