/**
 * The jobs of one request. Each is checked on its own. Once all have been checked, the valid ones
 * are recorded in one batch.
 */

import type { JobEventDraft } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Intake } from "./intake.ts";
import type { JobTable } from "./job_table.ts";
import type { Created, Outcome } from "../requests.ts";
import type { Writer } from "./writer.ts";

export interface NewJob {
  readonly drafts: readonly JobEventDraft[];
  /** 1 if the job has code that starts now, otherwise 0. */
  readonly starts: number;
}

/** A job that has passed every check so far. */
export interface ReadyJob {
  /** Absent when the id was generated, and so is new. */
  readonly chosenId: JobId | undefined;
  /** The idempotency key of the request, if any. */
  readonly key: string | undefined;
  /** Called just before the job is recorded. */
  decide(): Outcome<NewJob>;
  /** Creates the job on its own, after another job took its id or key. */
  again(): Promise<Outcome<Created>>;
}

interface Arrival extends ReadyJob {
  readonly resolve: (outcome: Outcome<Created> | Promise<Outcome<Created>>) => void;
  readonly reject: (error: unknown) => void;
}

interface GroupParts {
  readonly table: JobTable;
  readonly intake: Intake;
  readonly writer: Writer;
}

export class CreationGroup {
  readonly #parts: GroupParts;
  /** Jobs that are still being checked. */
  #awaited: number;
  readonly #arrivals: Arrival[] = [];
  /** A single job is recorded as soon as its key was looked up, so the key is not checked again. */
  readonly #isAlone: boolean;

  /** Waits for this many jobs: `leave` must be called once for each. */
  constructor(parts: GroupParts, size: number) {
    this.#parts = parts;
    this.#awaited = size;
    this.#isAlone = size < 2;
  }

  static ofOne(parts: GroupParts): CreationGroup {
    return new CreationGroup(parts, 1);
  }

  /** Adds a job that is ready to be recorded. Rejects as `Creation.create` does. */
  add(job: ReadyJob): Promise<Outcome<Created>> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome<Created>>();
    this.#arrivals.push({ ...job, resolve, reject });
    return promise;
  }

  /** Stops waiting for a job: it was added or refused, exists, or waits for another request. */
  leave(): void {
    this.#awaited--;
    if (this.#awaited === 0) this.#record();
  }

  /** Waits for one more; the returned function is its `leave`, of which only one call counts. */
  expect(): () => void {
    this.#awaited++;
    let calls = 0;
    return () => {
      if (calls++ === 0) this.leave();
    };
  }

  #record(): void {
    const taken: (Arrival & NewJob)[] = [];
    const late: Arrival[] = [];
    const [ids, keys] = [new Set<JobId>(), new Set<string>()];
    let starts = 0;
    for (const arrival of this.#arrivals.splice(0)) {
      try {
        const { chosenId, key } = arrival;
        if (this.#isTaken(chosenId, ids) || this.#isUsed(key, keys)) {
          late.push(arrival);
          continue;
        }
        const decided = arrival.decide();
        if (!decided.ok) {
          arrival.resolve(decided);
          continue;
        }
        this.#parts.intake.requireRoom({
          jobs: taken.length + 1,
          starts: starts + decided.value.starts,
        });
        starts += decided.value.starts;
        taken.push({ ...arrival, ...decided.value });
        if (chosenId !== undefined) ids.add(chosenId);
        if (key !== undefined) keys.add(key);
      } catch (error) {
        arrival.reject(error);
      }
    }
    if (taken.length > 0) this.#append(taken);
    for (const { again, resolve } of late) resolve(again());
  }

  #isTaken(chosenId: JobId | undefined, ids: ReadonlySet<JobId>): boolean {
    if (chosenId === undefined) return false;
    return ids.has(chosenId) || this.#parts.table.pending(chosenId) !== undefined;
  }

  #isUsed(key: string | undefined, keys: ReadonlySet<string>): boolean {
    if (key === undefined || this.#isAlone) return false;
    return keys.has(key) || this.#parts.table.jobOfKey(key) !== undefined;
  }

  #append(taken: readonly (Arrival & NewJob)[]): void {
    const { writer } = this.#parts;
    try {
      const { steps, lastLogId } = writer.append(taken.flatMap(({ drafts }) => drafts));
      let end = 0;
      for (const { drafts, resolve } of taken) {
        end += drafts.length;
        // The job as created, not as it is once the batch is durable.
        const job = steps[end - 1]?.job as JobState;
        resolve(writer.whenDurable(lastLogId, { ok: true, value: { job, replayed: false } }));
      }
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  }
}
