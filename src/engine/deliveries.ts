/** Events from outside: each recorded once, matched to jobs, and answered with a receipt. */

import { assertNever } from "../core/assert_never.ts";
import { isSatisfied } from "../core/condition.ts";
import type { EventDraft } from "../core/event.ts";
import type { EventId, LogId } from "../core/ids.ts";
import { requiredMatches } from "../core/job_plan.ts";
import type { EventEngine } from "./event_engine.ts";
import type { FanOut, SettledFact } from "./fan_out.ts";
import type { Applied, JobTable } from "./job_table.ts";
import { type Clock, GroupTooLargeError, type Random } from "./ports.ts";
import type { Recorder } from "./recorder.ts";
import type { IncomingEvent, Receipt, ReceiptJob } from "./requests.ts";

type LookedUp = ReadonlyMap<EventId, LogId | undefined>;

export class Deliveries {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #events: EventEngine;
  readonly #recorder: Recorder;
  readonly #fanOut: FanOut;
  readonly #table: JobTable;

  constructor(
    clock: Clock,
    random: Random,
    events: EventEngine,
    recorder: Recorder,
    fanOut: FanOut,
    table: JobTable,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#events = events;
    this.#recorder = recorder;
    this.#fanOut = fanOut;
    this.#table = table;
  }

  /**
   * One receipt for each event, in their order. Events are judged one by one: each is
   * its own group, and all share a batch when they can.
   *
   * Rejects with `JournalFullError` or `JournalFailedError`; repeating the request with
   * the same event ids is safe.
   */
  async deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]> {
    const known = await this.#lookUp(events);
    return await Promise.all(events.map((event) => this.#deliverOne(event, known)));
  }

  /** Looks up the ids that the journal may hold: the entry's position, or `undefined`. */
  async #lookUp(events: readonly IncomingEvent[]): Promise<LookedUp> {
    const found = new Map<EventId, LogId | undefined>();
    for (const { eventId } of events) {
      if (eventId === undefined || !this.#events.mayHold(eventId)) continue;
      found.set(eventId, (await this.#events.find(eventId))?.logId);
    }
    return found;
  }

  /** Runs without a pause up to the recording, so that no equal id slips in between. */
  #deliverOne(event: IncomingEvent, known: LookedUp): Promise<Receipt> {
    const eventId = event.eventId ?? `evt_${this.#random.ulid()}` as EventId;
    const logId = known.get(eventId);
    if (logId !== undefined) return Promise.resolve(duplicate(eventId, logId));
    const pending = this.#events.pending(eventId);
    if (pending !== undefined) {
      return pending.durable.then(() => duplicate(eventId, pending.logId));
    }
    if (event.eventId !== undefined && this.#events.mayHold(eventId) && !known.has(eventId)) {
      // It became durable while the others were looked up: look again.
      return this.deliver([event]).then(([receipt]) => receipt as Receipt);
    }
    if (event.jobId !== undefined && this.#table.job(event.jobId) === undefined) {
      return Promise.resolve(rejected(eventId, `there is no job ${event.jobId}`));
    }
    const occurredAt = event.occurredAt ?? new Date(this.#clock.now()).toISOString();
    return this.#record({ ...event, eventId, occurredAt });
  }

  async #record(fact: SettledFact): Promise<Receipt> {
    const drafts = this.#fanOut.expand(fact, 0);
    try {
      const { entries, applied } = this.#recorder.record(drafts);
      const logId = entries[0]?.logId ?? 0;
      return receiptOf(fact.eventId, logId, drafts, await applied);
    } catch (error) {
      if (!(error instanceof GroupTooLargeError)) throw error;
      return rejected(fact.eventId, `${drafts.length - 1} jobs expect it: ${error.message}`);
    } finally {
      this.#fanOut.settled(drafts);
    }
  }
}

function duplicate(eventId: EventId, logId: number): Receipt {
  return { eventId, logId, disposition: "duplicate", jobs: [] };
}

function rejected(eventId: EventId, reason: string): Receipt {
  return { eventId, disposition: "rejected", jobs: [], reason };
}

function receiptOf(
  eventId: EventId,
  logId: number,
  drafts: readonly EventDraft[],
  applied: readonly (Applied | undefined)[],
): Receipt {
  const failed = new Set(drafts.filter(isFailedStart).map(({ jobId }) => jobId));
  const jobs = applied.flatMap((step, index) => {
    const draft = drafts[index];
    if (step === undefined) return [];
    return draft?.eventType === "job.JobStarted" && failed.has(draft.jobId)
      ? []
      : receiptJobs(step, draft);
  });
  const matched = applied.some((step) => step !== undefined && hadEffect(step));
  return { eventId, logId, disposition: matched ? "matched" : "recorded", jobs };
}

/** A job that the event starts, and that fails at once, since it gives no valid input. */
function isFailedStart(draft: EventDraft): boolean {
  return draft.eventType === "job.TaskFailed";
}

/** It counted, it failed the job, or it ended a compensation; or it started a job. */
function hadEffect(step: Applied): boolean {
  return step.matched.length > 0 || step.before?.state !== step.job.state;
}

function receiptJobs(step: Applied, draft: EventDraft | undefined): readonly ReceiptJob[] {
  const { jobId, state } = step.job;
  if (draft?.eventType === "job.JobCreated") return [];
  if (draft?.eventType === "job.JobStarted") {
    return [{ jobId, state, reason: "started by this event" }];
  }
  if (draft !== undefined && isFailedStart(draft) && "failure" in step.job) {
    return [{ jobId, state, reason: step.job.failure?.error.message ?? "" }];
  }
  if (step.matched.length === 0) return [{ jobId, state, reason: reasonOf(step) }];
  return step.matched.map((expectation) => receiptJob(step, expectation));
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
  const surplus = step.before !== undefined && isSatisfied(step.before, expectation);
  return surplus ? { ...common, reason: "beyond what the expectation needs" } : common;
}

function reasonOf(step: Applied): string {
  switch (step.rule) {
    case "terminal/record-only":
      return `recorded only: state is ${step.job.state}`;
    case "created/record-only":
      return "recorded only: the job has not started";
    case "running/error-failed":
    case "running/error-compensating":
      return "an error event of the job's policy";
    case "compensating/done":
    case "compensating/failed":
      return "ended the compensation";
    case "none/created":
    case "created/started":
    case "created/started-empty":
    case "running/matched":
    case "running/satisfied":
    case "running/record-only":
    case "compensating/record-only":
    case "any/already-applied":
      return "matched no expectation";
    default:
      return assertNever(step.rule, "rule");
  }
}
