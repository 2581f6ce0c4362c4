/** Layers between a simulated engine and its journal: observers, and broken variants. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import {
  type Journal,
  type JournalConsumer,
  JournalFullError,
  type JournalHead,
} from "../../src/engine/ports.ts";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import type { JobModel } from "./job_model.ts";
import type { JournalModel } from "./journal_model.ts";

/** A layer of a broken variant. */
export interface EnginePorts {
  fileSystem(disk: FileSystem): FileSystem;
  /** A layer between the engine and the observers of its journal. */
  between(consumer: JournalConsumer): {
    readonly consumer: JournalConsumer;
    journal(journal: Journal): Journal;
  };
  readonly options: { readonly batchBytesMax?: number; readonly reserveBytes?: number };
  /** The clock is set repeatedly, with some time in between. */
  readonly setsClockOften?: boolean;
  /** Jobs are paused repeatedly, by hand and by the rule of a definition. */
  readonly pausesOften?: boolean;
  /** Jobs have limits and keys, and the limits are changed repeatedly. */
  readonly limitsOften?: boolean;
  /** The number of workers; chosen by the seed by default. */
  readonly maxRunning?: number;
}

export const HONEST_ENGINE: EnginePorts = {
  fileSystem: (disk) => disk,
  between: (consumer) => ({ consumer, journal: (journal) => journal }),
  options: {},
};

/** With one worker, and with room reserved for started jobs. */
export const ONE_WORKER: EnginePorts = {
  ...HONEST_ENGINE,
  options: { reserveBytes: 60_000 },
  maxRunning: 1,
};

/** On a machine whose time of day is set repeatedly. */
export const SET_CLOCK: EnginePorts = { ...HONEST_ENGINE, setsClockOften: true };

/** With jobs that are paused repeatedly, by hand and by rule. */
export const PAUSED: EnginePorts = { ...HONEST_ENGINE, pausesOften: true };

/** The same, with limits that are changed repeatedly. */
export const LIMITED: EnginePorts = { ...PAUSED, limitsOften: true };

/** Passes every batch to the model before the engine gets it. */
export class EngineWitness implements JournalConsumer {
  #isServing = false;
  readonly #early: JobEventLogEntry[] = [];
  #hasFailed = false;

  constructor(
    private readonly inner: JournalConsumer,
    private readonly model: JournalModel,
    private readonly jobs: Pick<JobModel, "handled">,
    private readonly violate: (what: string) => void,
  ) {}

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The start is over, with exactly these entries. */
  serve(entries: readonly JobEventLogEntry[]): void {
    this.model.recovered(entries);
    this.#isServing = true;
    this.model.becameDurable(this.#early.filter(({ logId }) => logId > entries.length));
  }

  restore(lines: readonly string[]): boolean {
    return this.inner.restore(lines);
  }

  replay(entry: JobEventLogEntry): void {
    this.inner.replay(entry);
  }

  durable(entries: readonly JobEventLogEntry[]): void | Promise<void> {
    if (this.#hasFailed) this.violate("a batch became durable after the journal had failed");
    // Entries of the start itself are read at its end; a probe for room may record more meanwhile.
    if (this.#isServing) this.model.becameDurable(entries);
    else this.#early.push(...entries);
    return this.jobs.handled(entries, () => this.inner.durable(entries));
  }

  lost(error: JournalFullError): void {
    this.inner.lost(error);
  }

  capture(head: JournalHead): Iterable<string> {
    return this.inner.capture(head);
  }

  refuse(entry: JobEventLogEntry): string | undefined {
    return this.inner.refuse(entry);
  }

  failed(...error: Parameters<JournalConsumer["failed"]>): void {
    this.#hasFailed = true;
    this.inner.failed(...error);
  }
}

/** Passes every group and its outcome to the model. */
export function watched(journal: Journal, model: JournalModel): Journal {
  return withAppend(journal, (group, urgency, receivedAt) => {
    const appended = journal.append(group, urgency, receivedAt);
    const issued = model.issued(appended.entries.map(({ eventId }) => eventId));
    appended.durable.then(
      () => model.acknowledge(issued, appended),
      (error) => issued.outcome = error instanceof JournalFullError ? "refused" : "unknown",
    );
    return appended;
  });
}

/** The same journal, with another way to append. */
export function withAppend(
  journal: Journal,
  append: Journal["append"],
): Journal {
  return new Proxy(journal, {
    get(target, name) {
      if (name === "append") return append;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
