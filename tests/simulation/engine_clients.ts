/**
 * Clients of a simulated engine. A client without an answer repeats the request after the next
 * start, with the same key or id; an answer is a promise.
 */

import { deriveCondition } from "../../src/core/condition.ts";
import { decide } from "../../src/core/decide.ts";
import { type EventId, eventId, jobId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { errorMessage } from "../../src/core/thrown.ts";
import type { TraceIds } from "../../src/core/trace_ids.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import { JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import type { CreateRequest, EngineProblem, IncomingEvent } from "../../src/engine/requests.ts";
import { ulidOf } from "./dice.ts";
import type { EnginePorts } from "./engine_ports.ts";
import type { JobModel } from "./job_model.ts";
import { LIMITED_TYPE, OTHER_LIMITS } from "./limit_model.ts";
import type { Promises } from "./promises.ts";
import { anyPlan, anyTasks, anyWork, EVENTS, FAILED, OPENED, UNDONE } from "./simulated_jobs.ts";
import { isInjected } from "./simulated_process.ts";
import type { World } from "./world.ts";
import { incoming } from "../support/engine/incoming.ts";

/** Every other request is in a trace, and half of these are not sampled. */
function traceOf(count: number): TraceIds | undefined {
  if (count % 2 === 0) return undefined;
  const traceId = count.toString(16).padStart(32, "0");
  return count % 4 === 1 ? { traceId } : { traceId, spanId: traceId.slice(16) };
}

type Control = "suspend" | "resume" | "cancel" | "start" | "wake";

/** Why a state refuses a control; `undefined` if it does not. */
function refusalOf(kind: Control, state: JobState): string | undefined {
  const decision = decide(state, { kind });
  return decision.accepted ? undefined : decision.rejection.message;
}

/** A request that is repeated until there is an answer. */
interface Request {
  readonly what: string;
  ask(engine: JobEngine): Promise<void>;
}

/** The simulated machine. */
export type ClientsWorld = Pick<
  World,
  "dice" | "scheduler" | "trace" | "weather" | "isDisturbed" | "violate"
>;

export class EngineClients {
  /** Unanswered requests. */
  readonly #open = new Set<Request>();
  readonly #sent: IncomingEvent[] = [];
  readonly #created = new Map<string, string>();
  readonly #isPausing: boolean;
  readonly #isLimiting: boolean;
  #count: number;

  /** @param count The number of names that other clients have used. */
  constructor(
    private readonly world: ClientsWorld,
    private readonly jobs: JobModel,
    private readonly promises: Promises,
    { pausesOften = false, limitsOften = false }: Pick<EnginePorts, "pausesOften" | "limitsOften">,
    count = 0,
  ) {
    this.#count = count;
    this.#isPausing = pausesOften;
    this.#isLimiting = limitsOften;
  }

  /** Performs one user action. */
  act(engine: JobEngine): void {
    const { dice } = this.world;
    switch (dice.kind({ create: 4, event: 6, redelivery: 1, control: 3, retry: 1 })) {
      case "create":
        return this.#askOnceOrTwice(engine, this.#creation());
      case "event":
        return this.#ask(engine, this.#delivery([this.#event()]));
      case "redelivery":
        if (this.#sent.length === 0) return;
        return this.#ask(engine, this.#delivery([dice.pick(this.#sent), dice.pick(this.#sent)]));
      case "control":
        return this.#control(
          engine,
          dice.pick(
            this.#isLimiting
              ? ["suspend", "resume", "cancel", "start", "wake", "wake"]
              : ["suspend", "resume", "cancel", "start"],
          ),
        );
      case "retry":
        return this.#retry(engine);
    }
  }

  /** Begins a pause, or ends one. */
  pause(engine: JobEngine): void {
    const { dice, scheduler } = this.world;
    const { pauses } = this.jobs;
    const inForce = engine.pauses.all();
    if (inForce.length > 0 && dice.chance(0.5)) {
      const { pauseId } = dice.pick(inForce);
      return void this.#once(`end of ${pauseId}`, async () => {
        await engine.pauses.end(pauseId);
        if (pauses.has(pauseId)) this.world.violate(`${pauseId} was ended, but is in force`);
      });
    }
    const scope = dice.pick([{}, { type: "sim.work" }, { type: "sim.opened" }, {
      label: "half:0",
    }, ...(this.#isLimiting ? [{ key: "half-1" }] : [])]);
    const forMs = dice.pick([Infinity, 0, 500, 20_000]);
    const until = forMs === Infinity ? {} : {
      until: new Date(scheduler.timeOfDayMs + forMs).toISOString(),
    };
    void this.#once("pause", async () => {
      const begun = await engine.pauses.begin({ ...scope, ...until, reason: "simulated" });
      if (begun === undefined) return;
      const { pauseId, by } = begun.pause;
      this.promises.sawJob({ jobId: pauseId, lastLogId: by });
    });
  }

  /** Replaces the limits of the code, or restores them. */
  limit(engine: JobEngine): void {
    const { dice } = this.world;
    if (dice.chance(0.3)) {
      return void this.#once("limits of the code", async () => {
        await engine.limits.restore(LIMITED_TYPE);
      });
    }
    const limits = dice.pick(OTHER_LIMITS);
    void this.#once(`limits ${JSON.stringify(limits)}`, async () => {
      const outcome = await engine.limits.change(LIMITED_TYPE, limits, "simulated");
      if (!outcome.ok) {
        return this.world.violate(`limits were refused: ${JSON.stringify(outcome)}`);
      }
      const { by } = outcome.value.change ?? {};
      if (by !== undefined) this.promises.sawJob({ jobId: LIMITED_TYPE, lastLogId: by });
    });
  }

  /** Repeats requests that were not answered before the process died. */
  askAgain(engine: JobEngine): void {
    for (const request of [...this.#open]) void this.#attempt(engine, request);
  }

  /** Continues every job that waits for something outside. */
  /** @param givesUp Whether to give up jobs that stay parked. */
  async pushOn(engine: JobEngine, givesUp: boolean): Promise<void> {
    this.askAgain(engine);
    for (const { pauseId } of engine.pauses.all()) await engine.pauses.end(pauseId);
    for (const job of this.jobs.unfinished) {
      const condition = deriveCondition(job);
      if (condition === "created") await engine.control(job.jobId, { kind: "start" });
      const isParked = condition === "parked";
      if (isParked && givesUp) {
        await engine.control(job.jobId, { kind: "cancel", leave: true });
      } else if (condition === "suspended" || isParked) {
        await engine.control(job.jobId, { kind: "resume" });
      }
    }
    const keys = new Set(this.jobs.unfinished.map(({ jobId }) => this.#keyOf(jobId)));
    const events = [...keys].flatMap((key) => {
      const types = [...EVENTS, ...EVENTS, UNDONE];
      return types.map((type) => this.#named(type, { key }));
    });
    for (const receipt of await engine.deliver(events)) this.promises.gotReceipt(receipt);
  }

  /** The attributes of a job's events. */
  #keyOf(jobId: string): string {
    const { input, plan } = this.jobs.jobs.get(jobId) ?? {};
    return /"key":"(\w+)"/.exec(JSON.stringify([input, plan]))?.[1] ?? "none";
  }

  get isAnswered(): boolean {
    return this.#open.size === 0;
  }

  /** Like a client that does not wait for the first answer. */
  #askOnceOrTwice(engine: JobEngine, request: Request): void {
    this.#ask(engine, request);
    if (this.world.dice.chance(0.2)) this.#ask(engine, { ...request });
  }

  #ask(engine: JobEngine, request: Request): void {
    this.#open.add(request);
    void this.#attempt(engine, request);
  }

  async #attempt(engine: JobEngine, request: Request): Promise<void> {
    const { trace } = this.world;
    trace.note(() => `client: ${request.what}`);
    try {
      await request.ask(engine);
      this.#open.delete(request);
      trace.note(() => `client: ${request.what}: answered`);
    } catch (error) {
      this.#judge(request.what, error);
    }
  }

  #judge(what: string, error: unknown): void {
    const world = this.world;
    world.trace.note(() => `client: ${what}: ${errorMessage(error)}`);
    const isOurs = error instanceof JournalFullError || error instanceof JournalFailedError ||
      isInjected(error);
    // Without its reserve, a journal may lack room from its start on.
    const wasFull = error instanceof JournalFullError && world.weather.struck.full > 0;
    const isExplained = world.isDisturbed || wasFull ||
      errorMessage(error).includes("the journal is closed");
    if (!isOurs || !isExplained) world.violate(`${what} failed: ${errorMessage(error)}`);
  }

  #creation(): Request {
    const request = this.#createRequest();
    const { idempotency } = request;
    const ask = async (engine: JobEngine) => {
      const outcome = await engine.create(request);
      if (!outcome.ok) {
        // Without a key, a second attempt finds the job of the first one.
        if (outcome.problem.kind === "jobExists") return this.#mustExist(outcome.problem.jobId);
        // This process was started without its code.
        if (outcome.problem.kind === "unknownType" && engine.definitions().length === 1) return;
        return this.world.violate(`a job was not created: ${JSON.stringify(outcome)}`);
      }
      const { job } = outcome.value;
      this.promises.sawJob(job);
      if (idempotency !== undefined) this.#sameJob(idempotency.key, job.jobId);
    };
    return { what: `creation of ${idempotency?.key ?? request.jobId}`, ask };
  }

  #sameJob(key: string, jobId: string): void {
    const before = this.#created.get(key) ?? jobId;
    if (before !== jobId) this.world.violate(`key ${key} is answered ${before}, then ${jobId}`);
    this.#created.set(key, jobId);
  }

  #createRequest(): CreateRequest {
    const { dice, scheduler } = this.world;
    const key = `k${++this.#count}`;
    const common = {
      priority: dice.pick([0, 0, 5]),
      ...(dice.chance(0.5)
        ? { idempotency: { key, digest: "same" } }
        : { jobId: jobId(`job_${key}`) }),
      trace: traceOf(this.#count),
      ...(this.#isPausing ? { labels: { half: `${this.#count % 2}` } } : {}),
      ...(dice.chance(0.1) ? { start: false } : {}),
      ...(dice.chance(0.15)
        ? { startAt: new Date(scheduler.timeOfDayMs + 60_000).toISOString() }
        : {}),
    };
    if (dice.chance(0.3)) return { plan: anyPlan(dice, key), ...common };
    return { type: "sim.work", input: anyWork(dice, key) as unknown as JsonObject, ...common };
  }

  #delivery(events: readonly IncomingEvent[]): Request {
    const ask = async (engine: JobEngine) => {
      for (const receipt of await engine.deliver(events)) {
        this.promises.gotReceipt(receipt);
        const known = this.jobs.positionOf(receipt.eventId);
        if (receipt.logId !== undefined && known !== undefined && known !== receipt.logId) {
          this.world.violate(
            `${receipt.eventId} is reported at ${receipt.logId}, but is at ${known}`,
          );
        }
      }
    };
    return { what: `delivery of ${events.map(({ eventId }) => eventId)}`, ask };
  }

  #event(): IncomingEvent {
    const { dice } = this.world;
    if (dice.chance(0.1)) {
      const work = anyTasks(dice, `o${this.#count}`);
      return this.#named(OPENED, { work: work as unknown as JsonObject });
    }
    const type = dice.pick([...EVENTS, ...EVENTS, FAILED, UNDONE]);
    const job = this.#anyJob();
    if (job === undefined || dice.chance(0.1)) return this.#named(type, { key: "none" });
    const event = this.#named(type, { key: this.#keyOf(job.jobId) });
    return dice.chance(0.3) ? { ...event, jobId: job.jobId } : event;
  }

  #named(type: string, attributes: JsonObject): IncomingEvent {
    const event: IncomingEvent = incoming(type, attributes, { eventId: this.#eventId() });
    this.#sent.push(event);
    return event;
  }

  /** Some look as if the engine had just made them. */
  #eventId(): EventId {
    const count = ++this.#count;
    const { timeOfDayMs } = this.world.scheduler;
    return eventId(count % 2 === 0 ? `evt_${ulidOf(timeOfDayMs, `C${count}`)}` : `evt-${count}`);
  }

  #control(engine: JobEngine, kind: Control): void {
    const job = this.#anyJob();
    if (job === undefined) return;
    // A process that shares its journal may be behind.
    const known = engine.history.positions(job.jobId).length;
    if (known === 0) return;
    const asOf = Math.min(this.jobs.states(job.jobId).length, known) - 1;
    void this.#once(`${kind} ${job.jobId}`, async () => {
      const outcome = await engine.control(job.jobId, { kind });
      if (!outcome.ok) return this.#judgeRefusal(kind, job.jobId, asOf, outcome.problem);
      this.promises.sawJob(outcome.value);
      if (kind === "cancel") this.#mustBeCancelled(outcome.value);
    });
  }

  #mustExist(jobId: string): void {
    if (this.jobs.jobs.has(jobId)) return;
    this.world.violate(`${jobId} was reported to exist, but is not on record`);
  }

  /**
   * A refusal must be exactly true of what was on record at the request, or was recorded since:
   * entries on their way to the disk must not cause a refusal.
   */
  #judgeRefusal(kind: Control, jobId: string, asOf: number, problem: EngineProblem): void {
    const told = problem.kind === "rejected" ? problem.rejection.message : problem.kind;
    const states = this.jobs.states(jobId).slice(asOf);
    if (states.some((state) => refusalOf(kind, state) === told)) return;
    const conditions = states.map((state) => deriveCondition(state));
    this.world.violate(`${kind} of ${jobId} was refused, and it is ${conditions}: ${told}`);
  }

  #mustBeCancelled(job: JobState): void {
    if ("failure" in job && job.failure?.kind === "cancelled") return;
    this.world.violate(`${job.jobId} was cancelled, and is ${job.state} for another reason`);
  }

  #retry(engine: JobEngine): void {
    const failed = [...this.jobs.jobs.values()].find(({ state }) => state === "Failed");
    if (failed === undefined) return;
    void this.#once(`retry ${failed.jobId}`, async () => {
      const outcome = await engine.retry(failed.jobId, {});
      if (outcome.ok) this.promises.sawJob(outcome.value);
    });
  }

  async #once(what: string, ask: () => Promise<void>): Promise<void> {
    this.world.trace.note(() => `client: ${what}`);
    try {
      await ask();
    } catch (error) {
      this.#judge(what, error);
    }
  }

  /** Mostly an unfinished job. */
  #anyJob(): JobState | undefined {
    const { dice } = this.world;
    const { unfinished, jobs } = this.jobs;
    const some = unfinished.length > 0 && dice.chance(0.8) ? unfinished : [...jobs.values()];
    return some.length === 0 ? undefined : dice.pick(some);
  }
}
