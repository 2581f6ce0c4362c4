/**
 * One seed of several processes that share a journal: they are killed, freeze, and lose their
 * connections to the database, which crashes, fails over and gives its lock to all. Then a calm
 * end.
 */

import { deriveCondition } from "../../src/core/condition.ts";
import { WORLD } from "./scheduler.ts";
import {
  EXIT_OVERTAKEN,
  EXITS_LOST_HISTORY,
  HONEST_SHARED,
  type SharedPorts,
  SharedProcess,
} from "./shared_process.ts";
import { entriesOf, isCopyOf } from "./shared_contents.ts";
import { judgeShared } from "./shared_judge.ts";
import { Member } from "./shared_member.ts";
import { SharedRecord } from "./shared_record.ts";
import { textOf } from "./trace.ts";
import { SimulatedDatabase } from "./simulated_database.ts";
import { Link } from "./simulated_link.ts";
import { World } from "./world.ts";

const READ_MAX = 100_000;
/** The time between two checks whether everything is done, once nothing fails any more. */
const ROUND_MS = 15_000;
const ROUNDS_MAX = 16;
/** After this time, jobs that stay parked are given up as they are. */
const PATIENT_ROUNDS = 6;
const STARTS_MAX = 300;

export class SharedPlay {
  readonly worlds: readonly World[];
  readonly struck: Record<string, number> = {};
  readonly #ports: SharedPorts;
  readonly #database: SimulatedDatabase;
  readonly #members: readonly Member[];
  readonly #options;
  readonly #maxRunning: number;
  #record: SharedRecord;
  #records = 0;
  #acknowledged = 0;
  #actionsLeft: number;
  #running: readonly Promise<void>[] = [];
  /** No process is started any more. */
  #isOver = false;
  #isPeace = false;

  constructor(private readonly world: World, ports = HONEST_SHARED) {
    const { dice, scheduler, trace } = world;
    this.#ports = ports;
    const isSynchronous = dice.chance(0.7);
    this.#database = new SimulatedDatabase(
      { dice, scheduler, trace, violate: (what) => world.violate(what) },
      isSynchronous,
      ports.checksPlaces,
    );
    const others = Array.from(
      { length: dice.between(1, 2) },
      () => new World(world.seed, false, undefined, world),
    );
    this.worlds = [world, ...others];
    const breaks = dice.pick([0, 0.005, 0.03]);
    const deaths = dice.pick([0, 0, 0.002, 0.01]);
    this.#members = this.worlds.map((machine) => {
      const link = new Link({
        dice,
        scheduler,
        trace,
        database: this.#database,
        kill: () => this.#kill(machine),
      });
      link.becomeRough(breaks, deaths);
      return new Member(machine, link);
    });
    this.#options = {
      segmentBytes: dice.pick([1_500, 6_000, 40_000]),
      snapshotEvery: dice.pick([8, 30, 200]),
      quietSealMs: dice.pick([20, 1_000]),
      batchBytesMax: dice.pick([3_000, 100_000]),
      reserveBytes: dice.pick([0, 0, 20_000]),
    };
    this.#maxRunning = dice.pick([1, 2, 5]);
    this.#actionsLeft = dice.between(15, 60);
    this.#record = new SharedRecord(world, this.#database);
  }

  get acknowledged(): number {
    return this.#acknowledged + this.#record.acknowledged.size;
  }

  async run(): Promise<void> {
    this.#startAll();
    void this.#follow();
    while (this.#actionsLeft-- > 0 && this.#goesOn) await this.#act();
    this.#calm();
    for (const _ of ["first", "second"]) {
      await this.#settle();
      if (!this.#goesOn) return;
      await this.#judge();
      await this.#stopAll();
      if (!this.#goesOn) return;
      this.#startAll();
    }
  }

  get #goesOn(): boolean {
    return this.world.violations.length === 0;
  }

  get #processes(): readonly SharedProcess[] {
    return this.#members.flatMap(({ process }) => process ?? []);
  }

  get #up(): readonly SharedProcess[] {
    return this.#processes.filter(({ isUp, isDoomed, isPaused }) => isUp && !isDoomed && !isPaused);
  }

  /** The processes that accept requests; all but one of them are mistaken. */
  get #leaders(): readonly SharedProcess[] {
    return this.#up.filter(({ leads }) => leads);
  }

  #startAll(): void {
    this.#isOver = false;
    this.#running = this.#members.map((member) => this.#restart(member));
  }

  /** Like a supervisor, and an operator who reads why a process has ended. */
  async #restart(member: Member): Promise<void> {
    const { world, link } = member;
    while (!this.#isOver && this.#goesOn) {
      if (++member.starts > STARTS_MAX) world.violate("a process does not start any more");
      const process = member.process = new SharedProcess({
        world,
        link,
        ports: this.#ports,
        record: this.#record,
        index: member.index,
        isLeading: (writer) => this.#isLeading(writer),
        options: this.#options,
        maxRunning: this.#maxRunning,
      });
      await process.over;
      member.process = undefined;
      if (EXITS_LOST_HISTORY.includes(process.exitCode)) {
        this.#count("lost history");
        member.wipe();
      }
      if (process.exitCode === EXIT_OVERTAKEN) this.#count("overtaken");
      await world.scheduler.sleep(world.dice.pick([0, 500, 3_000]));
    }
  }

  /** Without a working lock, the network between the processes does not help either. */
  #isLeading(writer: string): boolean {
    return !this.#database.givesLockToAll && this.#leaders.some(({ name }) => name === writer);
  }

  async #act(): Promise<void> {
    const { dice, scheduler, weather } = this.world;
    const { clients } = this.#record;
    switch (
      dice.kind({
        ...{ clients: 20, sleep: 12, pause: 1.5, cut: 1.2, kill: 1, stop: 0.8 },
        ...{ crash: 0.6, failOver: 0.8, slow: 1.2, lock: 0.5, jump: 0.3 },
      })
    ) {
      case "clients": {
        const leaders = this.#leaders;
        if (leaders.length === 0) return await scheduler.sleep(dice.pick([100, 1_000]));
        const { front } = dice.pick(leaders);
        for (let n = dice.between(1, 3); n > 0; n--) clients.act(front);
        return;
      }
      case "sleep":
        return await scheduler.sleep(weather.napMs());
      case "pause":
        this.#count("pause");
        return this.#anyProcess()?.pause(dice.pick([200, 3_000, 9_000, 20_000]));
      case "cut":
        return this.#cut(dice.pick(this.#members));
      case "kill":
        return this.#kill(dice.pick(this.worlds));
      case "stop":
        return void this.#anyProcess()?.stop();
      case "crash":
        await this.#behind();
        this.#count("database crash");
        this.#database.crash();
        return this.#down();
      case "failOver":
        await this.#behind();
        return this.#failOver();
      case "slow":
        return this.#database.holdUpStandby(dice.pick([200, 5_000, 20_000]));
      case "lock":
        this.#count("lock for all");
        this.#database.givesLockToAll = true;
        scheduler.after(
          dice.pick([1_000, 20_000]),
          WORLD,
          () => this.#database.givesLockToAll = false,
        );
        return;
      case "jump":
        return scheduler.jump(dice.pick([-60_000, -500, 500, 60_000]));
    }
  }

  /** In half of the cases the standby lacks something when the database fails. */
  async #behind(): Promise<void> {
    const { dice, scheduler } = this.world;
    if (dice.chance(0.5)) return;
    this.#database.holdUpStandby(20_000);
    const [leader] = this.#leaders;
    if (leader !== undefined) this.#record.clients.act(leader.front);
    await scheduler.sleep(dice.pick([5, 50, 1_000]));
  }

  #anyProcess(): SharedProcess | undefined {
    const { dice } = this.world;
    const some = this.#leaders.length > 0 && dice.chance(0.6) ? this.#leaders : this.#processes;
    return some.length === 0 ? undefined : dice.pick(some);
  }

  #kill(machine: World): void {
    machine.crash(this.world.dice.pick(["kill", "power"]));
  }

  #cut({ link }: Member): void {
    const { dice, scheduler, trace } = this.world;
    const ways = dice.pick([["requests"], ["answers"], ["requests", "answers"]] as const);
    trace.note(() => `network of a machine: ${ways} are cut`);
    this.#count("partition");
    link.cut(...ways);
    scheduler.after(dice.pick([300, 4_000, 9_000, 30_000]), WORLD, () => link.mend());
  }

  #down(): void {
    const { dice, scheduler } = this.world;
    this.#database.isDown = true;
    scheduler.after(dice.pick([10, 2_000]), WORLD, () => this.#database.isDown = false);
  }

  #failOver(): void {
    const before = entriesOf(this.#database.allRows);
    this.#count("fail-over");
    this.#database.failOver();
    this.#down();
    const kept = entriesOf(this.#database.rows);
    if (before.length > kept.length) this.#lose(kept, before.slice(kept.length).map(textOf));
  }

  /** Processes that have seen lost entries must end; the others continue from what is left. */
  #lose(kept: ReturnType<typeof entriesOf>, lost: readonly string[]): void {
    const { acknowledged } = this.#record;
    this.#record.isOver = true;
    this.#acknowledged += acknowledged.size;
    const gone = [...acknowledged.keys()].filter((logId) => logId > kept.length);
    if (gone.length > 0 && this.#database.isSynchronous) {
      this.world.violate(`acknowledged, but lost with a machine that had a standby: ${gone}`);
    }
    const allLost = new Set([...this.#record.lost, ...lost]);
    this.#record = new SharedRecord(this.world, this.#database, ++this.#records, allLost);
    this.#record.shows(0, kept);
    for (const { witness } of this.#processes) {
      if (witness.record !== undefined) {
        witness.record = witness.head > kept.length ? undefined : this.#record;
      }
    }
  }

  #count(what: string): void {
    this.struck[what] = (this.struck[what] ?? 0) + 1;
  }

  /** Nothing fails any more. */
  #calm(): void {
    this.world.trace.note(() => "nothing fails any more");
    this.#isPeace = true;
    this.#database.givesLockToAll = this.#database.isDown = false;
    this.#database.holdUpStandby(0);
    for (const { world, link, process } of this.#members) {
      world.weather.end();
      link.becomeRough(0, 0);
      link.mend();
      process?.goOn();
    }
  }

  /** Every job ends, one process leads, and the others have everything that it has. */
  async #settle(): Promise<void> {
    const { scheduler } = this.world;
    for (let round = 0; round < ROUNDS_MAX && this.#goesOn; round++) {
      await scheduler.sleep(ROUND_MS);
      if (this.#isSettled) return;
      this.#stopMistaken();
      const [leader] = this.#leaders;
      if (leader === undefined) continue;
      const pushed = this.#record.clients.pushOn(leader.front, round >= PATIENT_ROUNDS);
      await Promise.race([pushed.catch(() => {}), leader.over, scheduler.sleep(ROUND_MS)]);
    }
    if (this.#goesOn) this.#sayUnsettled();
  }

  /** Entries that the database has lost may have been inserted again. */
  #stopMistaken(): void {
    for (const { process, world } of this.#members) {
      if (process?.isDoomed && isCopyOf(world, this.#database)) void process.stop();
    }
  }

  get #isSettled(): boolean {
    const { jobs, clients } = this.#record;
    return this.#leaders.length === 1 && this.#up.length === this.#members.length &&
      jobs.unfinished.length === 0 && clients.isAnswered &&
      this.#up.every(({ witness: { head } }) => head === this.#database.lastLogId);
  }

  #sayUnsettled(): void {
    const { jobs, clients } = this.#record;
    const { violations } = this.world;
    const processes = this.#members.map(({ process }) =>
      process === undefined ? "none" : `${process.life}: ${process.state}`
    );
    for (const job of jobs.unfinished) {
      violations.push(`${job.jobId} does not end: it is ${deriveCondition(job)}`);
    }
    if (!clients.isAnswered) violations.push("a request is never answered");
    violations.push(
      `it does not settle; ${processes.join(", ")}; the log ends at ${this.#database.lastLogId}`,
    );
  }

  async #judge(): Promise<void> {
    await this.#catchUp(READ_MAX);
    judgeShared({
      world: this.world,
      members: this.#members,
      record: this.#record,
      database: this.#database,
    });
  }

  async #stopAll(): Promise<void> {
    this.#isOver = true;
    for (const { process } of this.#members) {
      if (process === undefined) continue;
      void process.stop();
      await process.over;
    }
    await Promise.all(this.#running);
  }

  /** The reader, which resumes on another process each time. */
  async #follow(): Promise<void> {
    const { dice, scheduler } = this.world;
    while (this.#goesOn) {
      await scheduler.sleep(dice.pick([1, 100, 700]));
      if (!this.#isPeace) await this.#catchUp(dice.pick([1, 7, 50]));
    }
  }

  async #catchUp(limit: number): Promise<void> {
    const { dice, scheduler } = this.world;
    const up = this.#up;
    if (up.length === 0) return;
    const record = this.#record;
    const { streamed } = record.model;
    const { engine, over, witness } = dice.pick(up);
    // A client gives up after a while, and calls another process.
    const read = engine.entries(streamed, limit).catch(() => []);
    const entries = await Promise.race([read, over, scheduler.sleep(5_000)]);
    if (Array.isArray(entries) && this.#record === record && witness.record === record) {
      record.model.stream(entries);
    }
  }
}
