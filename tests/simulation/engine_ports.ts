/** What stands between a simulated engine and its journal: who watches, and who breaks it. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import {
  type Appended,
  type Journal,
  type JournalConsumer,
  JournalFullError,
  type JournalHead,
  type StampedEvent,
  type Urgency,
} from "../../src/engine/ports.ts";
import type { FileSystem } from "../../src/journal/file_system.ts";
import type { JournalModel } from "./journal_model.ts";

/** What a broken variant may put in between. */
export interface EnginePorts {
  fileSystem(disk: FileSystem): FileSystem;
  /** What comes between the engine and those who watch its journal. */
  between(consumer: JournalConsumer): {
    readonly consumer: JournalConsumer;
    journal(journal: Journal): Journal;
  };
  readonly options: { readonly batchBytesMax?: number; readonly reserveBytes?: number };
  /** Somebody sets the clock all the time, and then lets some of it pass. */
  readonly setsClockOften?: boolean;
  /** Somebody pauses jobs all the time, and so does the rule of a definition. */
  readonly pausesOften?: boolean;
  /** Jobs have limits and keys, and somebody changes the limits all the time. */
  readonly limitsOften?: boolean;
  /** Workers; as many as the seed says, when absent. */
  readonly maxRunning?: number;
}

export const HONEST_ENGINE: EnginePorts = {
  fileSystem: (disk) => disk,
  between: (consumer) => ({ consumer, journal: (journal) => journal }),
  options: {},
};

/** With one worker, and room that is kept for jobs that have begun. */
export const ONE_WORKER: EnginePorts = {
  ...HONEST_ENGINE,
  options: { reserveBytes: 60_000 },
  maxRunning: 1,
};

/** On a machine whose time of day is set again and again. */
export const SET_CLOCK: EnginePorts = { ...HONEST_ENGINE, setsClockOften: true };

/** Where jobs are paused again and again, by hand and by rule. */
export const PAUSED: EnginePorts = { ...HONEST_ENGINE, pausesOften: true };

/** The same, with limits of jobs that somebody changes again and again. */
export const LIMITED: EnginePorts = { ...PAUSED, limitsOften: true };

/** Tells the model of every batch, before the engine hears of it. */
export class EngineWitness implements JournalConsumer {
  readonly #inner: JournalConsumer;
  readonly #model: JournalModel;
  readonly #violate: (what: string) => void;
  #isServing = false;
  readonly #early: JobEventLogEntry[] = [];
  #hasFailed = false;

  constructor(inner: JournalConsumer, model: JournalModel, violate: (what: string) => void) {
    this.#inner = inner;
    this.#model = model;
    this.#violate = violate;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The start is over, and this is all that there is. */
  serve(entries: readonly JobEventLogEntry[]): void {
    this.#model.recovered(entries);
    this.#isServing = true;
    this.#model.becameDurable(this.#early.filter(({ logId }) => logId > entries.length));
  }

  restore(lines: readonly string[]): boolean {
    return this.#inner.restore(lines);
  }

  replay(entry: JobEventLogEntry): void {
    this.#inner.replay(entry);
  }

  durable(entries: readonly JobEventLogEntry[]): void {
    if (this.#hasFailed) this.#violate("a batch became durable after the journal had failed");
    // What the start itself records is read with the rest when it is over; a probe for room may
    // record more while that is read.
    if (this.#isServing) this.#model.becameDurable(entries);
    else this.#early.push(...entries);
    this.#inner.durable(entries);
  }

  lost(error: JournalFullError): void {
    this.#inner.lost(error);
  }

  capture(head: JournalHead): Iterable<string> {
    return this.#inner.capture(head);
  }

  refuse(entry: JobEventLogEntry): string | undefined {
    return this.#inner.refuse(entry);
  }

  failed(...error: Parameters<JournalConsumer["failed"]>): void {
    this.#hasFailed = true;
    this.#inner.failed(...error);
  }
}

/** Tells the model of every group, and of what became of it. */
export function watched(journal: Journal, model: JournalModel): Journal {
  return withAppend(journal, (group, urgency) => {
    const appended = journal.append(group, urgency);
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
  append: (group: readonly StampedEvent[], urgency?: Urgency) => Appended,
): Journal {
  return new Proxy(journal, {
    get(target, name) {
      if (name === "append") return append;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
