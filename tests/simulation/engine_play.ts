/** One seed of the whole engine: jobs, events, controls, stops and crashes, and then a calm end. */

import { deriveCondition } from "../../src/core/condition.ts";
import { errorMessage } from "../../src/core/thrown.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import type { Journal } from "../../src/engine/ports.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import { EngineClients } from "./engine_clients.ts";
import {
  type EnginePorts,
  EngineWitness,
  HONEST_ENGINE,
  watched,
  withAppend,
} from "./engine_ports.ts";
import { JobModel } from "./job_model.ts";
import { named } from "./trace.ts";
import { JournalModel } from "./journal_model.ts";
import { CODE_LIMITS } from "./limit_model.ts";
import { RULE } from "./pause_model.ts";
import { Promises } from "./promises.ts";
import { Dice } from "./dice.ts";
import { type Loaded, LOADS, simulatedDefinitions } from "./simulated_jobs.ts";
import { isInjected, Play, startUntilUp } from "./simulated_process.ts";
import { SimulatedIndex } from "./simulated_index.ts";
import { StarvationWatch } from "./starvation.ts";
import type { Life, World } from "./world.ts";
import { unlimited } from "../support/engine/unlimited.ts";

interface Opened {
  readonly life: Life;
  readonly engine: JobEngine;
  readonly journal: Journal;
  readonly witness: EngineWitness;
}

const FOLDER = "data/journal";
const READ_MAX = 100_000;
/** After this time every backoff is due. */
const AFTER_JUMP_MS = 8_000;
const HOUR_MS = 3_600_000;
/** How late a pause by rule may be: pending writes, and one check for room. */
const OVERDUE_MS = 10_000;
/** The next process may find an index older than the newest snapshot. */
const WITHOUT_INDEX = "or it needs an index that is not here";

export class EnginePlay extends Play<Opened> {
  readonly #ports: EnginePorts;
  readonly #jobs: JobModel;
  readonly #promises: Promises;
  readonly #clients: EngineClients;
  override readonly model: JournalModel;
  readonly #options;
  readonly #maxRunning: number;
  readonly #index: SimulatedIndex;
  /** Separate dice, so that known seeds do not change. */
  readonly #codeDice: Dice;
  readonly #changesCode: boolean;
  readonly #isPausing: boolean;
  readonly #isLimiting: boolean;
  /** How long failures have been due to pause their type. */
  #overdueMs = 0;
  /** The engine of the current process, until it is stopped. */
  #starvation: StarvationWatch | undefined;
  /** The same, once it has resumed what was on record. */
  #working: JobEngine | undefined;

  constructor(world: World, ports = HONEST_ENGINE) {
    super(world);
    const { dice } = world;
    const violate = (what: string) => world.violate(what);
    this.#ports = ports;
    this.#jobs = new JobModel(violate, () => world.scheduler.nowMs);
    this.#promises = new Promises(this.#jobs, violate);
    this.#isPausing = ports.pausesOften === true;
    this.#isLimiting = ports.limitsOften === true;
    if (this.#isLimiting) this.#jobs.limits.limit();
    this.#clients = new EngineClients(world, this.#jobs, this.#promises, ports);
    this.model = new JournalModel(violate, (entry) => {
      world.trace.note(() => `durable: ${named(entry)}`);
      this.#jobs.see(entry);
      this.#starvation?.see(entry);
    });
    world.scheduler.onPassing = (ms) => this.#passes(ms);
    this.actionsLeft = dice.between(5, 30);
    this.#maxRunning = ports.maxRunning ?? dice.pick([1, 2, 5]);
    this.#index = new SimulatedIndex(dice);
    this.#codeDice = new Dice(world.seed);
    // Counted starts are forgotten if no code has a rate.
    this.#changesCode = this.#codeDice.chance(0.3) && !this.#isLimiting;
    this.#options = {
      segmentBytes: dice.pick([1_500, 6_000, 40_000]),
      snapshotEvery: dice.pick([8, 30, 200]),
      quietSealMs: dice.pick([20, 1_000]),
      batchBytesMax: dice.pick([3_000, 100_000]),
      reserveBytes: dice.pick([0, 0, 20_000]),
      ...ports.options,
    };
  }

  /** Nothing fails any more: every job must end, and everything must be there. */
  protected override async lastRound(opened: Opened, round: "first" | "second"): Promise<void> {
    if (round === "first") await this.#endAll(opened);
    await this.#catchUp(opened);
    this.judgeStream();
    this.#judge(opened);
    await this.#stop(opened);
  }

  async #endAll({ engine, life }: Opened): Promise<void> {
    const { scheduler } = this.world;
    // A job waits for a time on record as much longer as the clock was set back before a start.
    const rounds = 4 + Math.ceil(scheduler.setBackMs / HOUR_MS);
    for (let round = 0; round < rounds; round++) {
      if (round > 0 && this.#jobs.unfinished.length === 0 && this.#clients.isAnswered) break;
      await this.#clients.pushOn(engine, round >= 2);
      await scheduler.sleep(HOUR_MS, life.number);
    }
    for (const job of this.#jobs.unfinished) {
      this.world.violate(`${job.jobId} does not end: it is ${deriveCondition(job)}`);
    }
    if (!this.#clients.isAnswered) this.world.violate("a request is never answered");
    for (const { pauseId } of engine.pauses.all()) this.world.violate(`${pauseId} does not end`);
    for (const { type, held, waiting } of engine.limits.all) {
      if (held + waiting > 0) this.world.violate(`${held} places of ${type} are never released`);
    }
    const { busyWorkers, queued } = engine.activity;
    if (busyWorkers + queued > 0) this.world.violate(`${busyWorkers} workers are never released`);
  }

  protected override start(): Promise<Opened | undefined> {
    return startUntilUp(this.world, (life) => this.#open(life));
  }

  async #open(life: Life): Promise<Opened> {
    const world = this.world;
    const engine = this.#engineOf(life);
    const between = this.#ports.between(engine.consumer);
    const violate = (what: string) => world.violate(what);
    const witness = new EngineWitness(between.consumer, this.model, this.#jobs, violate);
    const { journal: files, report } = await FileJournal.open({
      folder: FOLDER,
      fileSystem: this.#ports.fileSystem(life.disk),
      clock: life.clock,
      random: world.random,
      consumer: witness,
      ...this.#options,
    });
    witness.serve(await files.read(0, READ_MAX));
    this.#watchFor(life);
    world.trace.note(() => `started: ${JSON.stringify(report)}`);
    for (const warning of report.warnings) {
      if (!isInjected(warning) && !warning.endsWith(WITHOUT_INDEX)) world.violate(warning);
    }
    const opened = { life, engine, journal: files, witness };
    this.#judge(opened);
    const served = between.journal(watched(files, this.model));
    void life.over.then(() => this.#working = undefined);
    // When it records its first entry, it has resumed what was there.
    const journal = withAppend(served, (group, urgency, receivedAt) => {
      this.#working = engine;
      return served.append(group, urgency, receivedAt);
    });
    await engine.start(journal, report.recoveredLogId ?? undefined);
    this.#working = engine;
    return opened;
  }

  #watchFor(life: Life): void {
    this.#starvation = new StarvationWatch(this.world, this.#jobs, this.#maxRunning);
    void life.over.then(() => this.#starvation = undefined);
  }

  #engineOf(life: Life): JobEngine {
    return new JobEngine({
      ...unlimited(),
      index: this.#index.next(),
      clock: life.clock,
      random: this.world.random,
      definitions: simulatedDefinitions(
        life.clock,
        this.#promises,
        this.#loaded(),
        {
          ...(this.#isPausing ? { rule: RULE } : {}),
          ...(this.#isLimiting ? { limits: CODE_LIMITS } : {}),
        },
      ),
      maxRunning: this.#maxRunning,
      onDefect: (error) => {
        if (isInjected(error)) return;
        this.world.violate(`the engine reported a defect: ${errorMessage(error)}`);
      },
      onJournalFailed: () => void this.#exitSoon(life),
    });
  }

  /** Some seeds change their definitions at each start; in the end all are loaded. */
  #loaded(): readonly Loaded[] {
    if (!this.#changesCode) return LOADS[0] ?? [];
    return (this.actionsLeft > 0 ? this.#codeDice.pick(LOADS) : LOADS[1]) ?? [];
  }

  #judge({ engine }: Opened): void {
    this.#promises.judge(this.model.exposed);
    this.#jobs.compare((jobId) => engine.job(jobId as never));
    this.#jobs.compareTrails(engine);
    this.#jobs.pauses.compare(engine.pauses.all());
    this.#jobs.limits.compare(engine.limits.all);
  }

  #passes(ms: number): void {
    this.#starvation?.passes(ms);
    if (this.#working !== undefined) this.#jobs.limits.compareHeld(this.#working.limits.all);
    const { scheduler, weather } = this.world;
    // Without its code, a process has no rule.
    const isOverdue = this.#isPausing && !this.#changesCode && this.#starvation !== undefined &&
      !weather.isFull && this.#jobs.pauses.isDue(scheduler.timeOfDayMs);
    this.#overdueMs = isOverdue ? this.#overdueMs + ms : 0;
    if (this.#overdueMs < OVERDUE_MS) return;
    this.#overdueMs = 0;
    this.world.violate("failures should have paused their type");
  }

  /** As in `main.ts`: waiting callers are rejected, and then the process ends. */
  async #exitSoon(life: Life): Promise<void> {
    const { dice, scheduler } = this.world;
    await scheduler.sleep(dice.pick([0, 10, 200]), life.number);
    this.world.crash(dice.pick(["kill", "power"]));
  }

  protected override async act(opened: Opened): Promise<void> {
    const world = this.world;
    const { dice, scheduler } = world;
    const isOften = this.#ports.setsClockOften === true;
    this.#clients.askAgain(opened.engine);
    while (this.actionsLeft-- > 0 && this.goesOn) {
      switch (
        dice.kind({
          // The first, so that a weight of 0 changes no other seed.
          limit: this.#isLimiting ? 6 : 0,
          pause: this.#isPausing ? 6 : 0,
          ...{ clients: 16, sleep: 10, jump: isOften ? 8 : 0.5, stop: 0.8, crash: 0.4 },
          // A rate uses the times on record.
          ...(this.#isLimiting ? { jump: 0, crash: 1.5 } : {}),
        })
      ) {
        case "clients":
          for (let n = dice.between(1, 3); n > 0; n--) this.#clients.act(opened.engine);
          break;
        case "limit":
          this.#clients.limit(opened.engine);
          break;
        case "pause":
          this.#clients.pause(opened.engine);
          break;
        case "sleep":
          await scheduler.sleep(world.weather.napMs(), opened.life.number);
          break;
        case "jump":
          scheduler.jump(dice.pick([-HOUR_MS, -500, 500, HOUR_MS]));
          if (isOften) await scheduler.sleep(AFTER_JUMP_MS, opened.life.number);
          break;
        case "stop":
          return await this.#stop(opened);
        case "crash":
          return world.crash(dice.pick(["kill", "power"]));
      }
    }
    world.crash(dice.pick(["kill", "power"]));
  }

  async #stop({ engine, journal }: Opened): Promise<void> {
    this.#starvation = undefined;
    this.#working = undefined;
    await engine.stop(this.world.dice.pick([0, 100, 1_000]));
    await journal.close();
    this.world.exit();
  }

  protected override async follow(opened: Opened): Promise<void> {
    const { dice, scheduler } = this.world;
    for (;;) {
      await opened.engine.changed(this.model.streamed, 15_000);
      await this.#catchUp(opened, dice.pick([1, 7, 50]));
      // A stream that has ended, or cannot be read, is requested again after a while.
      await scheduler.sleep(dice.pick([1, 100]), opened.life.number);
    }
  }

  async #catchUp({ engine }: Opened, limit = READ_MAX): Promise<void> {
    await this.reading(async () =>
      this.model.stream(await engine.entries(this.model.streamed, limit))
    );
  }
}
