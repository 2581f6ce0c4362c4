/** What pauses hold, and which failures begin one, derived from the durable entries alone. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import { holds, notePause, type Pausable, type Pause, trippedBy } from "../../src/core/pauses.ts";
import type { HeldPause } from "../../src/explain/statements/queue_facts.ts";
import { RecentFailures } from "../../src/engine/writer/in_force.ts";

/** The rule of the type of most jobs, if there is one. */
export const RULED = "sim.work";
export const RULE = { failures: 4, withinMs: 10_000, forMs: 20_000 };

export class PauseModel {
  #all: readonly Pause[] = [];
  readonly #failures = new RecentFailures();
  /** Failed attempts that can still cause a pause. */
  readonly #open = new Map<number, { readonly type: string | undefined; readonly atMs: number }>();

  constructor(private readonly violate: (what: string) => void) {}

  /** Applies the next durable entry. */
  see(entry: JobEventLogEntry, typeOf: (jobId: string) => string | undefined): void {
    this.#all = notePause(this.#all, entry);
    this.#failures.see(entry, this.#all, typeOf(entry.jobId ?? ""));
    if (entry.stratum !== "framework") return;
    if (entry.eventType === "job.PauseBegan") this.#seeBegin(entry.logId, entry.attributes);
    if (/^job\.Task(?:Compensation)?Failed$/.test(entry.eventType)) {
      const type = typeOf(entry.jobId ?? "");
      this.#open.set(entry.logId, { type, atMs: Date.parse(entry.receivedAt) });
    }
  }

  isPaused(job: Pausable): boolean {
    return this.#all.some((pause) => holds(pause, job));
  }

  has(pauseId: string): boolean {
    return this.#all.some((pause) => pause.pauseId === pauseId);
  }

  /** Whether there are enough failures to pause their type. */
  isDue(nowMs: number): boolean {
    return trippedBy(RULE, this.#failures.of(RULED), nowMs) !== undefined;
  }

  /** The engine's view of pauses must agree with the entries. */
  compare(told: readonly HeldPause[]): void {
    const live = JSON.stringify(told.map(({ jobs: _, firstJobs: __, ...pause }) => pause));
    const noted = JSON.stringify(this.#all);
    if (live !== noted) this.violate(`pauses are reported as ${live}, but are ${noted}`);
  }

  #seeBegin(logId: number, { type, failures }: { type?: string; failures?: readonly number[] }) {
    if (failures === undefined) return;
    const causes = failures.map((failure) => this.#open.get(failure));
    for (const failure of failures) this.#open.delete(failure);
    const times = causes.map((cause) => cause?.atMs ?? NaN);
    const span = (times.at(-1) ?? NaN) - (times[0] ?? NaN);
    const isRight = failures.length === RULE.failures && span <= RULE.withinMs &&
      causes.every((cause) => cause !== undefined && cause.type === type);
    if (!isRight) this.violate(`the pause at ${logId} has no cause: ${failures}`);
  }
}
