/**
 * What jobs may do, derived from the durable entries alone: each state is projected from zero,
 * transitions are legal, and nothing that must happen once happens twice.
 */

import { deriveCondition } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JobId } from "../../src/core/ids.ts";
import { isTerminal, type JobState, type StateName } from "../../src/core/job_state.ts";
import { findIllegality } from "../../src/verify/entry_audit.ts";
import { project } from "../../src/core/projector.ts";
import { Writer } from "../../src/engine/writer/writer.ts";
import { LimitModel } from "./limit_model.ts";
import { PauseModel } from "./pause_model.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";

/** The state table, without its conditions. */
const NEXT: Readonly<Record<StateName | "none", readonly StateName[]>> = {
  none: ["Created"],
  Created: ["Created", "Running", "Done"],
  Running: ["Running", "Compensating", "Done", "Failed"],
  Compensating: ["Compensating", "Done", "Failed"],
  Done: ["Done"],
  Failed: ["Failed"],
};

/** Facts that occur at most once per task, or per job. */
const ONCE = new Set([
  "job.JobCreated",
  "job.JobStarted",
  "job.TaskCompleted",
  "job.TimerElapsed",
  "job.TaskCompensated",
  "job.CompensationEnded",
]);

/** Facts that are recorded in some states only. */
const ONLY_IN: Readonly<Record<string, readonly (StateName | undefined)[]>> = {
  "job.JobCreated": [undefined],
  "job.JobStarted": ["Created"],
  "job.JobRetried": ["Failed"],
};

/** Facts that only a job itself records. */
const OWN = /^job\.(?:Task|Compensation|RecoveryRequired)/;

export class JobModel {
  readonly jobs = new Map<string, JobState>();
  readonly pauses: PauseModel;
  readonly limits: LimitModel;
  readonly #states = new Map<string, JobState[]>();
  readonly #entries = new Map<string, JobEventLogEntry[]>();
  /** `eventType jobId taskId`, with the number of the attempt if there is one. */
  readonly #facts = new Set<string>();
  readonly #eventIds = new Map<string, number>();
  readonly #keys = new Set<string>();
  /** The positions of entries that created jobs. */
  readonly #traces = new Map<string, string | undefined>();

  /** @param nowMs By the monotonic clock. */
  constructor(private readonly violate: (what: string) => void, nowMs: () => number) {
    this.pauses = new PauseModel(violate);
    this.limits = new LimitModel(violate, nowMs);
  }

  /** Whether the engine makes a durable batch visible in slices, and may not know of its pauses. */
  isAhead = false;

  /** The engine handles durable entries, which were applied here. */
  handled(entries: readonly unknown[], handle: () => void | Promise<void>): void | Promise<void> {
    this.isAhead = entries.length > Writer.SLICE_ENTRIES;
    const handling = handle();
    if (handling !== undefined) return handling.finally(() => this.isAhead = false);
    this.isAhead = false;
  }

  /** Applies the next durable entry. */
  see(entry: JobEventLogEntry): void {
    const flaw = findIllegality(entry);
    if (flaw !== undefined) this.violate(`entry ${entry.logId} is not legal: ${flaw}`);
    this.#seeId(entry);
    this.pauses.see(entry, (jobId) => this.jobs.get(jobId)?.type);
    if (entry.jobId === undefined) return this.limits.see(entry, undefined);
    this.#seeFact(entry);
    this.#seeTrace(entry);
    const before = this.jobs.get(entry.jobId);
    const after = project(before, entry).job;
    this.jobs.set(entry.jobId, after);
    this.limits.see(entry, after);
    if (before === undefined) {
      this.#states.set(entry.jobId, []);
      this.#entries.set(entry.jobId, []);
    }
    this.#states.get(entry.jobId)?.push(after);
    this.#entries.get(entry.jobId)?.push(entry);
    if (!NEXT[before?.state ?? "none"].includes(after.state)) {
      this.violate(`${entry.jobId} went from ${before?.state} to ${after.state}`);
    }
  }

  /** All recorded states of a job, the first one first. */
  states(jobId: string): readonly JobState[] {
    return this.#states.get(jobId) ?? [];
  }

  /** The position of an event, if it is durable. */
  positionOf(eventId: string): number | undefined {
    return this.#eventIds.get(eventId);
  }

  hasFact(eventType: string, jobId: string, taskId: string, attempt?: number): boolean {
    return this.#facts.has(factKey(eventType, jobId, taskId, attempt));
  }

  /** The engine's view of its jobs must equal the projection of their entries, byte for byte. */
  compare(jobOf: (jobId: string) => JobState | undefined): void {
    for (const [jobId, job] of this.jobs) {
      const live = JSON.stringify(jobOf(jobId));
      const projected = JSON.stringify(job);
      if (live !== projected) this.violate(`${jobId} is ${live}, and projected ${projected}`);
    }
  }

  /** The engine's positions and effects of entries must agree with the projection too. */
  compareTrails(engine: Pick<JobEngine, "history" | "transitionAt">): void {
    for (const [jobId, entries] of this.#entries) {
      const told = engine.history.positions(jobId as JobId).join();
      const logIds = entries.map(({ logId }) => logId).join();
      if (told !== logIds) this.violate(`${jobId} is reported at ${told}, but is at ${logIds}`);
      let before: JobState | undefined;
      for (const [index, entry] of entries.entries()) {
        const after = this.states(jobId)[index] as JobState;
        const condition = deriveCondition(after);
        const isSame = before !== undefined && before.state === after.state &&
          deriveCondition(before) === condition;
        const expected = isSame
          ? undefined
          : { from: before?.state ?? null, to: after.state, condition };
        const transition = JSON.stringify(engine.transitionAt(entry));
        if (transition !== JSON.stringify(expected)) {
          this.violate(
            `${entry.logId} is reported as ${transition}, not ${JSON.stringify(expected)}`,
          );
        }
        before = after;
      }
    }
  }

  get unfinished(): readonly JobState[] {
    return [...this.jobs.values()].filter((job) => !isTerminal(job));
  }

  #seeId({ eventId, logId }: JobEventLogEntry): void {
    const first = this.#eventIds.get(eventId);
    if (first !== undefined) this.violate(`${eventId} is at ${first} and at ${logId}`);
    this.#eventIds.set(eventId, logId);
  }

  #seeFact(entry: JobEventLogEntry): void {
    const { eventType, jobId = "", taskId = "", attributes } = entry;
    if (eventType === "job.JobCreated") this.#seeKey(entry);
    const attempt = "attempt" in attributes ? Number(attributes["attempt"]) : undefined;
    const fact = factKey(eventType, jobId, taskId);
    if (ONCE.has(eventType) && this.#facts.has(fact)) this.violate(`twice: ${fact}`);
    this.#facts.add(fact).add(factKey(eventType, jobId, taskId, attempt));
    const state = this.jobs.get(jobId)?.state;
    if (ONLY_IN[eventType]?.includes(state) === false) {
      this.violate(`${eventType} of ${jobId}, which is ${state}`);
    }
  }

  /** Everything a job does is in the trace in which it was created, whatever crashed in between. */
  #seeTrace({ logId, eventType, jobId, traceId }: JobEventLogEntry): void {
    if (jobId === undefined) return;
    if (eventType === "job.JobCreated") this.#traces.set(jobId, traceId);
    const expected = this.#traces.get(jobId);
    if (!OWN.test(eventType) || traceId === expected) return;
    this.violate(`${eventType} at ${logId} is in trace ${traceId}, and ${jobId} in ${expected}`);
  }

  #seeKey(entry: JobEventLogEntry): void {
    const key = entry.eventType === "job.JobCreated"
      ? (entry.attributes as { idempotency?: { key: string } }).idempotency?.key
      : undefined;
    if (key === undefined) return;
    if (this.#keys.has(key)) this.violate(`key ${key} created two jobs`);
    this.#keys.add(key);
  }
}

function factKey(eventType: string, jobId: string, taskId: string, attempt?: number): string {
  return `${eventType} ${jobId} ${taskId}${attempt === undefined ? "" : ` ${attempt}`}`;
}
