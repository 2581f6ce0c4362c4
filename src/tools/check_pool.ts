/** What a check of recorded histories needs: the jobs of a journal, and a pool that checks them. */

import type { Clock, EntryLocation, JournalHead } from "../engine/ports.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import { refuseEntry } from "../engine/writer/framework_schemas.ts";
import { JobTable } from "../engine/writer/job_table.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import { JournalReading } from "./journal_reading.ts";

/** Entries that counted for an expectation other than that of `main`. */
type Facts = ReadonlyMap<LogId, JobEventLogEntry>;

/** All jobs of a journal as they are now, with the facts that a check of their histories needs. */
export class RecordedJobs {
  readonly table: JobTable;
  readonly #facts: Facts;
  readonly #reading: JournalReading;

  private constructor(table: JobTable, facts: Facts, reading: JournalReading) {
    this.table = table;
    this.#facts = facts;
    this.#reading = reading;
  }

  /**
   * Reads a journal, which a server may be using.
   *
   * @throws {JournalDamagedError}
   * @throws {JournalUnusableError}
   */
  static async read(
    fileSystem: FileSystem,
    folder: string,
    progress: (done: number, total: number) => void,
  ): Promise<RecordedJobs> {
    const table = new JobTable();
    const facts = new Map<LogId, JobEventLogEntry>();
    const reading = await JournalReading.begin(fileSystem, folder, {
      refuse: refuseEntry,
      replay(entry) {
        const matched = table.apply(entry)?.matched ?? [];
        if (matched.some((id) => id !== MAIN_EXPECTATION_ID)) facts.set(entry.logId, entry);
      },
      progress,
    });
    return new RecordedJobs(table, facts, reading);
  }

  get head(): JournalHead {
    return this.#reading.head;
  }

  /** The entries at these positions, which counted for expectations. */
  readonly factsAt = (logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> =>
    Promise.resolve(logIds.flatMap((logId) => this.#facts.get(logId) ?? []));

  /** Where the line of an entry is. */
  async locate(logId: LogId): Promise<EntryLocation | undefined> {
    return (await this.#reading.locate([logId]))[0];
  }
}

const BUSY_MAX = 100;
const BEGUN_MAX = 5_000;

export class CheckPool<Item> {
  readonly #clock: Clock;
  readonly #done = Promise.withResolvers<void>();
  #next = 0;
  #begun = 0;
  #waiting = 0;

  /** @param work Must use the clock it is given for all waiting, one timer at a time. */
  constructor(
    private readonly items: readonly Item[],
    clock: Clock,
    private readonly work: (item: Item, clock: Clock) => Promise<void>,
  ) {
    this.#clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      nextTurn: () => clock.nextTurn(),
      pause: () => clock.pause(),
      setTimer: (delayMs, callback) => this.#wait(clock, delayMs, callback),
    };
  }

  /** Resolves when all items are done; rejects with the first failure. */
  async run(): Promise<void> {
    this.#beginMore();
    await this.#done.promise;
  }

  #beginMore(): void {
    while (
      this.#next < this.items.length && this.#begun < BEGUN_MAX &&
      this.#begun - this.#waiting < BUSY_MAX
    ) void this.#begin(this.items[this.#next++] as Item);
    if (this.#begun === 0) this.#done.resolve();
  }

  async #begin(item: Item): Promise<void> {
    this.#begun++;
    try {
      await this.work(item, this.#clock);
    } catch (error) {
      this.#done.reject(error);
    } finally {
      this.#begun--;
      this.#beginMore();
    }
  }

  #wait(clock: Clock, delayMs: number, callback: () => void): () => void {
    let isWaiting = true;
    const end = () => {
      if (isWaiting) this.#waiting--;
      isWaiting = false;
    };
    const cancel = clock.setTimer(delayMs, () => {
      end();
      callback();
    });
    this.#waiting++;
    this.#beginMore();
    return () => {
      end();
      cancel();
    };
  }
}
