/**
 * A simulated machine: its disk, its time, and one process that is started, dies and is started
 * again. Violations are noted; a run is judged by these alone.
 */

import { Dice, SimulatedRandom } from "./dice.ts";
import { Scheduler, SimulatedClock, WORLD } from "./scheduler.ts";
import { SimulatedDisk } from "./simulated_disk.ts";
import { Storage } from "./storage.ts";
import { Trace } from "./trace.ts";
import { anyClimate, type Climate, type Crash, Weather } from "./weather.ts";

/** One process, from its start to its end. */
export interface Life {
  readonly number: number;
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  /** Resolves when the process has ended; nothing that it waits for comes any more. */
  readonly over: Promise<Crash | "exit">;
}

export class World {
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly weather: Weather;
  readonly storage: Storage;
  readonly random: SimulatedRandom;
  readonly violations: string[];
  #life = WORLD;
  #lives = 0;
  #over = Promise.withResolvers<Crash | "exit">();
  #isOver = false;

  /**
   * @param climate Chosen by the seed by default.
   * @param other A machine that shares its time and dice with this one.
   */
  constructor(readonly seed: number, isTraced: boolean, climate?: Climate, other?: World) {
    this.dice = other?.dice ?? new Dice(seed);
    this.trace = other?.trace ?? new Trace(isTraced);
    this.scheduler = other?.scheduler ?? new Scheduler(this.dice);
    this.violations = other?.violations ?? [];
    this.trace.now = () => this.scheduler.nowMs;
    this.weather = new Weather(this.dice, climate ?? anyClimate(this.dice));
    this.storage = new Storage(this.dice);
    this.storage.onCrash = (crash) => this.#die(crash);
    this.random = other?.random ??
      new SimulatedRandom(this.dice, () => this.scheduler.timeOfDayMs);
  }

  /** Processes started on this machine so far. */
  get lives(): number {
    return this.#lives;
  }

  /** Whether a failure of the disk can explain an error of the current process. */
  get isDisturbed(): boolean {
    return this.weather.strikesInLife > 0 || this.weather.isFull;
  }

  begin(): Life {
    const number = this.#life = this.scheduler.newLife();
    this.#lives++;
    this.#over = Promise.withResolvers();
    this.#isOver = false;
    this.weather.strikesInLife = 0;
    this.weather.wasFullInLife = this.weather.isFull;
    this.trace.note(() => `process ${number} starts`);
    const clock = new SimulatedClock(this.scheduler, number);
    const disk = new SimulatedDisk(this, this.storage, number);
    return { number, clock, disk, over: this.#over.promise };
  }

  /** Kills the process as soon as it waits for something. */
  crash(crash: Crash): void {
    const life = this.#life;
    this.scheduler.after(0, WORLD, () => {
      if (life !== this.#life || this.#isOver) return;
      this.weather.count(crash);
      this.#die(crash);
    });
  }

  /** The process ends on its own; the machine continues. */
  exit(): void {
    this.trace.note(() => `process ${this.#life} exits`);
    this.#end();
    this.storage.crash("kill");
    this.#over.resolve("exit");
  }

  violate(what: string): void {
    this.trace.note(() => `VIOLATION: ${what}`);
    this.violations.push(what);
  }

  #die(crash: Crash): void {
    this.trace.note(() => `process ${this.#life} dies: ${crash}`);
    this.#end();
    this.storage.crash(crash);
    this.#over.resolve(crash);
  }

  #end(): void {
    this.#isOver = true;
    this.scheduler.end(this.#life);
  }
}
