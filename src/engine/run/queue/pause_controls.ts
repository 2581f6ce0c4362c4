/**
 * Begins and ends pauses: on request, at a set time, or by the rule of a definition whose attempts
 * fail too often. A pause takes effect once it is durable.
 */

import type { Work } from "../../../core/work.ts";
import type { EventDraft } from "../../../core/event.ts";
import type { FrameworkAttributes, PauseScope } from "../../../core/framework_events.ts";
import { newId } from "../../../core/ids.ts";
import type { Origin } from "../../../core/trace_ids.ts";
import {
  holds,
  isOfEverything,
  type Pausable,
  type Pause,
  ruleText,
  trippedBy,
} from "../../../core/pauses.ts";
import type { Clock, Random, Urgency } from "../../ports.ts";
import { Lane } from "../../turns.ts";
import type { HeldPause } from "../../../explain/statements/queue_facts.ts";
import type { InForce, RecentFailures } from "../../writer/in_force.ts";
import type { Writer } from "../../writer/writer.ts";
import type { DiskRetries } from "../../writer/disk_retries.ts";
import { FIRST_MAX } from "./paused_requests.ts";
import { inQueueOrder } from "./request_lines.ts";
import type { Scheduler } from "../scheduler.ts";
import type { WorkerQueue } from "./worker_queue.ts";
import type { DefinitionRegistry } from "../../definition_registry.ts";

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
  readonly pauses: InForce<Pause>;
  readonly workers: WorkerQueue;
  readonly threadWorkers: WorkerQueue;
  readonly writer: Writer;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly registry: DefinitionRegistry;
  readonly failures: RecentFailures;
  readonly diskRetries: DiskRetries;
  readonly onDefect: (error: unknown) => void;
}

export class PauseControls {
  /** Cancels the timers of pauses that end by themselves, by pause. */
  readonly #alarms = new Map<string, () => void>();
  /** One pause begins or ends at a time, so that each finds what those before it have recorded. */
  readonly #lane = new Lane();
  /** The work of sorting the jobs that want a worker by changed pauses, oldest change first. */
  readonly #sorting: Work<void>[] = [];
  #sorted: Promise<void> | undefined;
  /** Types whose pause by a rule is being written. */
  readonly #tripping = new Set<string>();

  constructor(private readonly parts: PauseControlsParts) {}

  /** The pauses in force, oldest first, with what each holds. */
  all(): readonly HeldPause[] {
    return this.parts.pauses.all.map((pause) => this.#held(pause));
  }

  get figures(): { readonly pauses: number; readonly jobs: number } {
    const { pauses, workers, threadWorkers } = this.parts;
    return { pauses: pauses.all.length, jobs: workers.paused + threadWorkers.paused };
  }

  /** Whether a job is held by a pause other than one of everything. */
  holdsApart(job: Pausable): boolean {
    return this.parts.pauses.all.some((pause) => !isOfEverything(pause) && holds(pause, job));
  }

  /**
   * Begins a pause, unless an equal one is in force. Rejects as `JobEngine.create` does.
   *
   * @returns `undefined` when `PAUSES_MAX` pauses are in force.
   */
  async begin(request: PauseRequest, origin?: Origin): Promise<BegunPause | undefined> {
    const begun = await this.#inTurn(async () => {
      const { pauses, random, writer } = this.parts;
      const asked = askedText(request);
      const existing = pauses.all.find((pause) => askedText(pause) === asked);
      if (existing !== undefined) return { pause: existing, isNew: false };
      if (pauses.all.length >= PAUSES_MAX) return undefined;
      const pauseId = newId.pause(random.ulid());
      await writer.recorded([{ ...origin, ...began({ pauseId, ...request }) }]);
      return { pause: pauses.get(pauseId), isNew: true };
    });
    await this.#sorted;
    return begun?.pause && { pause: this.#held(begun.pause), isNew: begun.isNew };
  }

  /** Ends a pause; `undefined` when there is none. Rejects as `JobEngine.create` does. */
  async end(pauseId: string, origin?: Origin): Promise<HeldPause | undefined> {
    const held = await this.#inTurn(async () => {
      const pause = this.parts.pauses.get(pauseId);
      if (pause === undefined) return undefined;
      const held = this.#held(pause);
      await this.#recordEnd(pause, { pauseId }, "ordinary", origin);
      return held;
    });
    await this.#sorted;
    return held;
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    using _turn = await this.#lane.enter();
    return await work();
  }

  /**
   * Resumes the pauses in force at a start, and checks the rules of all types.
   *
   * @param hold Whether to begin with a pause of everything, unless there is one.
   */
  async start(hold: boolean): Promise<void> {
    const { diskRetries, pauses, random, writer } = this.parts;
    if (hold && !pauses.all.some(isOfEverything)) {
      const pauseId = newId.pause(random.ulid());
      const draft = began({ pauseId, reason: "started with --hold" });
      await diskRetries.record(() => writer.recorded([draft], "vital"));
    }
    this.changed();
    this.failed(this.parts.registry.types);
  }

  changed(): void {
    const { pauses, workers, threadWorkers, scheduler } = this.parts;
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
    const { clock, workers, threadWorkers, onDefect } = this.parts;
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
    const { diskRetries, pauses, onDefect } = this.parts;
    const end = async () => {
      const pause = pauses.get(pauseId);
      if (pause !== undefined) await this.#recordEnd(pause, { pauseId, elapsed: true }, "vital");
    };
    diskRetries.record(() => this.#inTurn(end)).catch(onDefect);
  }

  /**
   * Attempts of these types have failed: pauses each that has tripped the rule of its newest
   * version. Only failures on record count. So if this process is killed before the pause is on
   * record, the next one reaches the same decision.
   */
  failed(types: Iterable<string>): void {
    const { diskRetries, onDefect } = this.parts;
    for (const type of types) {
      if (this.#tripping.has(type) || this.#trip(type) === undefined) continue;
      this.#tripping.add(type);
      diskRetries.record(() => this.#recordTrip(type))
        .finally(() => this.#tripping.delete(type)).catch(onDefect);
    }
  }

  #trip(type: string) {
    const { registry, failures, clock } = this.parts;
    const rule = registry.get(type)?.pauseAfter;
    const tripped = rule && trippedBy(rule, failures.of(type), clock.now());
    return tripped && { rule, ...tripped };
  }

  /** Decides again each time: after a full disk the rule may no longer be tripped. */
  async #recordTrip(type: string): Promise<void> {
    const trip = this.#trip(type);
    if (trip === undefined) return;
    const { random, writer } = this.parts;
    const failures = trip.failures.map(({ logId }) => logId);
    const pause = began({
      pauseId: newId.pause(random.ulid()),
      type,
      reason: ruleText(trip.rule),
      until: new Date(trip.untilMs).toISOString(),
      failures,
    });
    await writer.recorded([{ ...pause, causedBy: Math.max(...failures) }], "vital");
  }

  async #recordEnd(
    { by }: Pause,
    attributes: FrameworkAttributes["job.PauseEnded"],
    urgency: Urgency,
    origin?: Origin,
  ): Promise<void> {
    const about = { stratum: "framework", eventType: "job.PauseEnded", causedBy: by } as const;
    await this.parts.writer.recorded([{ ...origin, ...about, attributes }], urgency);
  }

  #held(pause: Pause): HeldPause {
    const { workers, threadWorkers, writer } = this.parts;
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
