/** Begins and ends pauses, on request or at a set time. A pause takes effect once it is durable. */

import type { Work } from "../../core/work.ts";
import type { EventDraft } from "../../core/event.ts";
import type { FrameworkAttributes, PauseScope } from "../../core/framework_events.ts";
import { newId } from "../../core/ids.ts";
import type { Origin } from "../../core/trace_ids.ts";
import { holds, isOfEverything, type Pausable, type Pause } from "../../core/pauses.ts";
import type { Clock, Random, Urgency } from "../ports.ts";
import type { HeldPause } from "../requests.ts";
import type { Pauses } from "../writer/pauses.ts";
import type { Writer } from "../writer/writer.ts";
import type { DiskRetries } from "./disk_retries.ts";
import { FIRST_MAX } from "./paused_requests.ts";
import { inQueueOrder } from "./request_lines.ts";
import type { Scheduler } from "./scheduler.ts";
import type { WorkerQueue } from "./worker_queue.ts";

/** Limits the work of comparing each pause with each job that wants a worker. */
export const PAUSES_MAX = 100;
/** The most steps of sorting jobs by pauses in one turn of the event loop. */
const STEPS_MAX = 400;

interface PauseRequest extends PauseScope {
  readonly reason: string;
  /** When the pause ends by itself, in RFC 3339. */
  readonly until?: string;
}

export interface BegunPause {
  readonly pause: HeldPause;
  /** Whether this request began the pause, rather than an earlier, equal one. */
  readonly isNew: boolean;
}

interface PauseControlsParts {
  readonly pauses: Pauses;
  readonly workers: WorkerQueue;
  readonly threadWorkers: WorkerQueue;
  readonly writer: Writer;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly clock: Pick<Clock, "pause">;
  readonly diskRetries: DiskRetries;
  readonly onDefect: (error: unknown) => void;
}

export class PauseControls {
  readonly #parts: PauseControlsParts;
  /** Cancels the timers of pauses that end by themselves, by pause. */
  readonly #alarms = new Map<string, () => void>();
  /** Ends of pauses that are not durable yet, by pause. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Beginnings of pauses that are not durable yet, by the text of their request. */
  readonly #beginning = new Map<string, Promise<void>>();
  /** The work of sorting the jobs that want a worker by changed pauses, oldest change first. */
  readonly #sorting: Work<void>[] = [];
  #sorted: Promise<void> | undefined;

  constructor(parts: PauseControlsParts) {
    this.#parts = parts;
  }

  /** The pauses in force, oldest first, with what each holds. */
  all(): readonly HeldPause[] {
    return this.#parts.pauses.all.map((pause) => this.#held(pause));
  }

  get figures(): { readonly pauses: number; readonly jobs: number } {
    const { pauses, workers, threadWorkers } = this.#parts;
    return { pauses: pauses.all.length, jobs: workers.paused + threadWorkers.paused };
  }

  /** Whether a job is held by a pause other than one of everything. */
  holdsApart(job: Pausable): boolean {
    return this.#parts.pauses.all.some((pause) => !isOfEverything(pause) && holds(pause, job));
  }

  /**
   * Begins a pause, unless an equal one is in force. Rejects as `JobEngine.create` does.
   *
   * @returns `undefined` when `PAUSES_MAX` pauses are in force.
   */
  async begin(request: PauseRequest, origin?: Origin): Promise<BegunPause | undefined> {
    const { pauses, random, writer } = this.#parts;
    const asked = askedText(request);
    // Earlier requests come first. No await may come between the last check and `#beginning.set`.
    for (let before = this.#underway(asked); before !== undefined;) {
      await before;
      before = this.#underway(asked);
    }
    const existing = this.#inForce(asked);
    if (existing !== undefined) return { pause: this.#held(existing), isNew: false };
    if (pauses.all.length + this.#beginning.size >= PAUSES_MAX) return undefined;
    const pauseId = newId.pause(random.ulid());
    const begun = writer.recorded([{ ...origin, ...began({ pauseId, ...request }) }]);
    this.#beginning.set(asked, begun);
    try {
      await begun;
    } finally {
      this.#beginning.delete(asked);
    }
    await this.#sorted;
    const pause = pauses.get(pauseId);
    return pause && { pause: this.#held(pause), isNew: true };
  }

  #inForce(asked: string): Pause | undefined {
    return this.#parts.pauses.all.find((pause) => askedText(pause) === asked);
  }

  /** The beginning or end of the requested pause that is not durable yet. */
  #underway(asked: string): Promise<void> | undefined {
    const pause = this.#inForce(asked);
    return pause === undefined
      ? this.#beginning.get(asked)
      : this.#ending.get(pause.pauseId)?.catch(() => {});
  }

  /** Ends a pause; `undefined` when there is none. Rejects as `JobEngine.create` does. */
  async end(pauseId: string, origin?: Origin): Promise<HeldPause | undefined> {
    await this.#ending.get(pauseId)?.catch(() => {});
    const pause = this.#parts.pauses.get(pauseId);
    if (pause === undefined) return undefined;
    const held = this.#held(pause);
    await this.#recordEnd(pause, { pauseId }, "ordinary", origin);
    await this.#sorted;
    return held;
  }

  /**
   * Resumes the pauses in force at a start.
   *
   * @param hold Whether to begin with a pause of everything, unless there is one.
   */
  async start(hold: boolean): Promise<void> {
    const { diskRetries, pauses, random, writer } = this.#parts;
    if (hold && !pauses.all.some(isOfEverything)) {
      const pauseId = newId.pause(random.ulid());
      const draft = began({ pauseId, reason: "started with --hold" });
      await diskRetries.record(() => writer.recorded([draft], "vital"));
    }
    this.changed();
  }

  changed(): void {
    const { pauses, workers, threadWorkers, scheduler } = this.#parts;
    this.#sorting.push(workers.pause(pauses.all), threadWorkers.pause(pauses.all));
    this.#sort();
    for (const [pauseId, cancel] of this.#alarms) {
      if (pauses.get(pauseId) !== undefined) continue;
      cancel();
      this.#alarms.delete(pauseId);
    }
    for (const { pauseId, until } of pauses.all) {
      if (until === undefined || this.#alarms.has(pauseId)) continue;
      this.#alarms.set(pauseId, scheduler.at(Date.parse(until), () => this.#elapsed(pauseId)));
    }
  }

  /** Sorts at once if there is little to sort. The caller lets jobs begin then. */
  #sort(): void {
    if (this.#sorted === undefined && !this.#sortSome()) this.#sorted = this.#sortRest();
  }

  async #sortRest(): Promise<void> {
    const { clock, workers, threadWorkers, onDefect } = this.#parts;
    try {
      for (let isDone = false; !isDone;) {
        await clock.pause();
        isDone = this.#sortSome();
        workers.grantNext();
        threadWorkers.grantNext();
      }
    } catch (error) {
      onDefect(error);
    } finally {
      this.#sorted = undefined;
    }
  }

  /** Sorts for one turn; returns whether nothing is left to sort. */
  #sortSome(): boolean {
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const [work] = this.#sorting;
      if (work === undefined) return true;
      if (work.next().done === true) this.#sorting.shift();
    }
    return false;
  }

  #elapsed(pauseId: string): void {
    const { diskRetries, pauses, onDefect } = this.#parts;
    diskRetries.record(async () => {
      await this.#ending.get(pauseId)?.catch(() => {});
      const pause = pauses.get(pauseId);
      if (pause !== undefined) await this.#recordEnd(pause, { pauseId, elapsed: true }, "vital");
    }).catch(onDefect);
  }

  async #recordEnd(
    { pauseId, by }: Pause,
    attributes: FrameworkAttributes["job.PauseEnded"],
    urgency: Urgency,
    origin?: Origin,
  ): Promise<void> {
    const { writer } = this.#parts;
    const about = { stratum: "framework", eventType: "job.PauseEnded", causedBy: by } as const;
    const ended = writer.recorded([{ ...origin, ...about, attributes }], urgency);
    this.#ending.set(pauseId, ended);
    try {
      await ended;
    } finally {
      this.#ending.delete(pauseId);
    }
  }

  #held(pause: Pause): HeldPause {
    const { workers, threadWorkers, writer } = this.#parts;
    const held = [workers, threadWorkers].map((queue) => queue.heldBy(pause, writer.durableLogId));
    const first = held.flatMap(({ first }) => first).toSorted(inQueueOrder).slice(0, FIRST_MAX);
    return {
      ...pause,
      jobs: held.reduce((sum, { jobs }) => sum + jobs, 0),
      firstJobs: first.map(({ jobId }) => jobId),
    };
  }
}

function began(attributes: FrameworkAttributes["job.PauseBegan"]): EventDraft {
  return { stratum: "framework", eventType: "job.PauseBegan", attributes };
}

/** The text of a request: what is held, why and until when. Equal requests have equal texts. */
function askedText({ type, label, key, reason, until }: PauseRequest): string {
  return JSON.stringify([type, label, key, reason, until && Date.parse(until)]);
}
