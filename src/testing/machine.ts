/**
 * What outlives the processes of a test: the clock, and the journal that a crashed process leaves
 * behind.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../core/ids.ts";
import { isTerminal, type JobState } from "../core/job_state.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import { DefinitionRegistry } from "../engine/definition_registry.ts";
import { JournalFailedError } from "../engine/ports.ts";
import type { MemoryContent } from "./memory_journal.ts";
import { CountedRandom, MemoryKeys } from "./stand_ins.ts";
import { type ExportedJob, requireFit, toContent } from "./exported_job.ts";
import { ManualClock, TurnClock } from "./clocks.ts";
import { RunTraces, SecondCalls } from "./run_traces.ts";
import { PATIENT_POLLS_MAX, POLLS_MAX, TestProcess } from "./test_process.ts";

interface MachineOptions {
  readonly definitions: readonly AnyJobDefinition[];
  /** `undefined` for an empty journal. */
  readonly exported: ExportedJob | undefined;
  readonly startMs: number;
  warn(message: string): void;
}

/** The entries that complete a step; a sleep is a step too. */
const STEP_ENDS: ReadonlySet<string> = new Set(["job.TaskCompleted", "job.TimerElapsed"]);

/** After this many turns of the event loop without activity, there will be none. */
const QUIET_TURNS = 5;
/** The same while something may need more turns. */
const BUSY_TURNS = 30;

export class Machine {
  readonly clock: ManualClock;
  readonly #options: MachineOptions;
  readonly #random = new CountedRandom("01T");
  readonly #keys = new MemoryKeys();
  readonly #traces = new RunTraces();
  readonly #definitions: readonly AnyJobDefinition[];
  readonly #registry: DefinitionRegistry;
  readonly #secondCalls: SecondCalls;
  #process: TestProcess | undefined;
  /** Counts processes. What an earlier process does is ignored. */
  #lives = 0;
  /** Set while another process starts. */
  #starting: Promise<void> | undefined;
  /** The steps after which it crashes. */
  readonly #crashes = new Set<string>();
  /** The end of the journal when `crashAfter` was last called. */
  #armedAt: LogId = 0;
  /** Jobs that have not ended. */
  readonly #open = new Set<JobId>();
  /** Jobs whose `run` may have progressed since it was last called a second time. */
  readonly #moved = new Set<JobId>();
  readonly #defects: unknown[] = [];

  private constructor(options: MachineOptions) {
    this.#options = options;
    this.clock = new ManualClock(options.startMs);
    this.#definitions = options.definitions.map((one) => this.#traces.recording(one));
    this.#registry = new DefinitionRegistry(this.#definitions);
    this.#secondCalls = new SecondCalls({
      clock: new TurnClock(this.clock),
      keys: this.#keys,
      registry: this.#registry,
      traces: this.#traces,
    });
  }

  /** @throws {Error} when the definitions do not fit the exported job. */
  static async start(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(options);
    const { exported } = options;
    const content = exported === undefined ? {} : toContent(exported);
    const { entries = [] } = content;
    machine.#see(entries);
    if (exported !== undefined) await machine.#requireFit(exported.jobId, entries);
    await machine.#begin(content);
    await machine.settle();
    return machine;
  }

  /** The running process; while another starts, the previous one. */
  get process(): TestProcess {
    if (this.#process === undefined) {
      throw new TypeError("Cannot use a process before it has started");
    }
    return this.#process;
  }

  crashAfter(taskId: string): void {
    if (taskId === MAIN_TASK) {
      throw new TypeError(`Cannot crash after ${taskId}: the name stands for run itself`);
    }
    this.#crashes.add(taskId);
    this.#armedAt = this.process.journal.head.logId;
  }

  /** Crashes the process once everything that needs no time has happened. */
  async crash(): Promise<void> {
    await this.settle();
    const { journal } = this.process;
    this.#restart(journal.content);
    journal.failNext(new JournalFailedError("the process has ended"));
    await this.settle();
  }

  /** The jobs that have not ended. */
  get openJobs(): readonly JobState[] {
    const { engine } = this.process;
    const jobs = [...this.#open].flatMap((jobId) => engine.job(jobId) ?? []);
    for (const job of jobs) if (isTerminal(job)) this.#open.delete(job.jobId);
    return jobs.filter((job) => !isTerminal(job));
  }

  /** Waits until everything has happened that needs neither time nor anything from outside. */
  async settle(): Promise<void> {
    for (let quiet = 0, needed = QUIET_TURNS; quiet < needed; quiet++) {
      const { process } = this;
      const { mark } = process;
      await this.clock.nextTurn();
      await this.#starting;
      if (process !== this.process || mark !== process.mark) quiet = -1;
      needed = process.isBusy ? BUSY_TURNS : QUIET_TURNS;
    }
  }

  /** The same, and gives job code that awaits something from outside a little real time. */
  async rest(): Promise<void> {
    do await this.settle(); while (await this.process.code.waitForReturn(POLLS_MAX));
  }

  /** Gives the code of one job more real time; `false` when it needs none, or has used it up. */
  async restLonger(jobId: string): Promise<boolean> {
    const isAwaited = await this.process.code.waitForReturn(PATIENT_POLLS_MAX, jobId);
    await this.settle();
    return isAwaited;
  }

  /** @throws when the `run` of a job does not do the same each time, or Daybook has a defect. */
  async requireSound(): Promise<void> {
    const moved = [...this.#moved];
    this.#moved.clear();
    await this.#secondCalls.check(this.process.engine, moved);
    this.#traces.requireSame();
    const [defect] = this.#defects.splice(0);
    if (defect !== undefined) throw defect;
    const isOver = this.openJobs.length === 0;
    if (isOver && this.process.journal.head.logId > this.#armedAt) await this.#requireCrashed();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, () => this.rest());
    await this.rest();
  }

  async stop(closeServer: () => Promise<unknown>): Promise<void> {
    try {
      await this.rest();
      await this.requireSound();
      await this.#requireCrashed();
    } finally {
      const stopped = Promise.all([this.process.stop(), closeServer()]);
      let isStopped = false;
      const end = () => isStopped = true;
      stopped.then(end, end);
      for (await this.settle(); !isStopped; await this.settle()) this.clock.callNext(Infinity);
      await stopped;
    }
  }

  /** Reports once that a crash did not happen, since the test would then test nothing. */
  async #requireCrashed(): Promise<void> {
    const [missing] = this.#crashes;
    if (missing === undefined) return;
    this.#crashes.clear();
    const { engine } = this.process;
    const entries = await engine.entries(0, Infinity);
    const steps = entries.flatMap(({ eventType, taskId = MAIN_TASK }) =>
      STEP_ENDS.has(eventType) && taskId !== MAIN_TASK ? [taskId] : []
    );
    const last = entries.findLast(({ jobId }) => jobId !== undefined)?.jobId;
    const why = last === undefined
      ? undefined
      : await (await engine.explanations()).explainer.explain(last);
    throw new Error(
      `Cannot crash after ${missing}: no step of this name has completed since; completed are ` +
        `${[...new Set(steps)].join(", ") || "none"}. ${why?.summary ?? "There is no job."}`,
    );
  }

  async #requireFit(jobId: string, entries: readonly JobEventLogEntry[]): Promise<void> {
    await requireFit(jobId, entries, this.#registry, new TurnClock(this.clock));
    this.#traces.requireSame();
  }

  async #begin(content: Partial<MemoryContent>): Promise<void> {
    const { warn } = this.#options;
    const life = this.#lives;
    this.#process = await TestProcess.start({
      clock: this.clock,
      random: this.#random,
      keys: this.#keys,
      definitions: this.#definitions,
      content,
      endsWith: (entries) => {
        this.#see(entries);
        return entries.some((entry) => this.#dies(entry));
      },
      ended: (content) => {
        if (life === this.#lives) this.#restart(content);
      },
      onDefect: (error) => this.#defects.push(error),
      warn,
    });
  }

  #restart(content: MemoryContent): void {
    this.#lives++;
    this.#traces.forget();
    // Through JSON, as through a file: only what JSON preserves may be in the journal.
    const left: MemoryContent = JSON.parse(JSON.stringify(content));
    const starting = (this.#starting ?? Promise.resolve()).then(async () => {
      this.process.kill();
      await this.#begin(left);
      if (this.#starting === starting) this.#starting = undefined;
    });
    this.#starting = starting;
  }

  #see(entries: readonly JobEventLogEntry[]): void {
    for (const { eventType, jobId } of entries) {
      if (jobId === undefined) continue;
      this.#moved.add(jobId);
      if (eventType === "job.JobCreated") this.#open.add(jobId);
    }
  }

  #dies({ eventType, taskId }: JobEventLogEntry): boolean {
    return STEP_ENDS.has(eventType) && taskId !== undefined && this.#crashes.delete(taskId);
  }
}
