/**
 * What the processes of a shared journal have shown and promised, and whether it was kept. All of
 * them show the same record, up to different positions.
 */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JournalConsumer, JournalHead } from "../../src/engine/ports.ts";
import { EngineClients } from "./engine_clients.ts";
import { named, textOf } from "./trace.ts";
import { JobModel } from "./job_model.ts";
import { JournalModel } from "./journal_model.ts";
import { Promises } from "./promises.ts";
import { entriesOf } from "./shared_contents.ts";
import type { SimulatedDatabase } from "./simulated_database.ts";
import type { World } from "./world.ts";

/** Valid until the database loses a part; then there is another record. */
export class SharedRecord {
  readonly model: JournalModel;
  readonly jobs: JobModel;
  readonly promises: Promises;
  readonly clients: EngineClients;
  /** What was acknowledged, as text, by position. */
  readonly acknowledged = new Map<number, string>();
  /** The database has lost a part: answers about that part are no longer true. */
  isOver = false;

  /**
   * @param number The number of the record; clients of one record do not use the names of another.
   */
  constructor(
    world: World,
    private readonly database: SimulatedDatabase,
    number = 0,
    /** What the database has ever lost, as text: a process that stood still may have received it. */
    readonly lost: ReadonlySet<string> = new Set(),
  ) {
    const { dice, scheduler, trace, weather } = world;
    const violate = (what: string) => {
      if (!this.isOver) world.violate(what);
    };
    this.model = new JournalModel(violate, (entry) => {
      trace.note(() => `durable: ${named(entry)}`);
      this.jobs.see(entry);
    });
    this.jobs = new JobModel(violate, () => scheduler.nowMs);
    this.promises = new Promises(this.jobs, violate);
    // Whether an error is explained is judged where a process ends.
    const surroundings = { dice, scheduler, trace, weather, violate, isDisturbed: true };
    this.clients = new EngineClients(surroundings, this.jobs, this.promises, {}, number * 10_000);
  }

  /** A process shows entries after a position. */
  shows(after: number, entries: readonly JobEventLogEntry[]): void {
    const { length } = this.model.exposed;
    const known = entries.filter(({ logId }) => logId <= length);
    this.model.read(after, known);
    if (known.length < entries.length) this.model.becameDurable(entries.slice(known.length));
  }

  /**
   * Whether the database has lost entries that a process received. They may have been inserted
   * again.
   */
  hasLost(entry: JobEventLogEntry): boolean {
    const text = textOf(entry);
    return this.lost.has(text) &&
      !entriesOf(this.database.rows).some((kept) => textOf(kept) === text);
  }

  acknowledges(entries: readonly JobEventLogEntry[]): void {
    for (const entry of entries) this.acknowledged.set(entry.logId, textOf(entry));
  }
}

export interface WitnessParts {
  readonly world: World;
  readonly record: SharedRecord;
  readonly inner: JournalConsumer;
}

/** The consumer of one process: it sees entries just before the engine does. */
export class SharedWitness implements JournalConsumer {
  readonly #world: World;
  readonly #inner: JournalConsumer;
  /** `undefined` once the process has seen entries that the database has lost. */
  record: SharedRecord | undefined;
  /** As this process received them. */
  readonly jobs: JobModel;
  readonly promises: Promises;
  #isServing = false;
  #early: JobEventLogEntry[] = [];
  head = 0;

  constructor({ world, record, inner }: WitnessParts) {
    const violate = (what: string) => {
      if (this.record !== undefined) world.violate(what);
    };
    this.#world = world;
    this.record = record;
    this.#inner = inner;
    this.jobs = new JobModel(violate, () => world.scheduler.nowMs);
    this.promises = new Promises(this.jobs, violate);
  }

  /** The start is over, with exactly these entries. */
  serve(entries: readonly JobEventLogEntry[]): void {
    this.#see(entries);
    this.#isServing = true;
    this.#see(this.#early.splice(0).filter(({ logId }) => logId > this.head));
  }

  durable(entries: readonly JobEventLogEntry[]): void | Promise<void> {
    if (this.#isServing) this.#see(entries);
    else this.#early.push(...entries);
    return this.jobs.handled(entries, () => this.#inner.durable(entries));
  }

  restore(lines: readonly string[]): boolean {
    return this.#inner.restore(lines);
  }

  replay(entry: JobEventLogEntry): void {
    this.#inner.replay(entry);
  }

  lost(...error: Parameters<JournalConsumer["lost"]>): void {
    this.#inner.lost(...error);
  }

  capture(head: JournalHead): Iterable<string> {
    return this.#inner.capture(head);
  }

  refuse(entry: JobEventLogEntry): string | undefined {
    return this.#inner.refuse(entry);
  }

  failed(...error: Parameters<JournalConsumer["failed"]>): void {
    this.#inner.failed(...error);
  }

  #see(entries: readonly JobEventLogEntry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    if (first.logId !== this.head + 1) {
      this.#world.violate(`a process is given ${first.logId} after ${this.head}`);
    }
    const last = entries.at(-1) ?? first;
    if (this.record?.hasLost(last) === true) this.record = undefined;
    this.record?.shows(this.head, entries);
    this.head = last.logId;
    for (const entry of entries) this.jobs.see(entry);
  }
}
