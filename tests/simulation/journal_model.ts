/** The promises about a journal, and whether they were kept. It knows nothing about files. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { Appended } from "../../src/engine/ports.ts";
import { textOf } from "./trace.ts";

/** Entries that were appended together. */
export interface Group {
  readonly eventIds: readonly string[];
  /**
   * `unknown` if the process ended before the answer, or the answer was that the outcome is
   * unknown.
   */
  outcome: "open" | "durable" | "refused" | "unknown";
}

export class JournalModel {
  /** Groups by event: the last one, and earlier ones that other processes may still record. */
  readonly #groups = new Map<string, readonly Group[]>();
  /** All entries reported as durable, as text; position 1 is the first. */
  readonly exposed: string[] = [];
  /** The position of the stream that resumes after each restart. */
  streamed = 0;
  acknowledged = 0;

  /** @param onExposed Called once for each entry, when it is known to be durable. */
  constructor(
    private readonly violate: (what: string) => void,
    private readonly onExposed: (entry: JobEventLogEntry) => void = () => {},
  ) {}

  issued(eventIds: readonly string[]): Group {
    const group: Group = { eventIds, outcome: "open" };
    for (const eventId of eventIds) {
      const open = this.#groups.get(eventId)?.filter(({ outcome }) => outcome === "open") ?? [];
      this.#groups.set(eventId, [...open, group]);
    }
    return group;
  }

  /** A batch is reported as durable. */
  becameDurable(entries: readonly JobEventLogEntry[]): void {
    for (const entry of entries) this.#expose(entry);
    this.#requireWhole(entries.map(({ eventId }) => eventId));
  }

  /** The group was answered with success. */
  acknowledge(group: Group, { entries }: Appended): void {
    group.outcome = "durable";
    this.acknowledged += entries.length;
    for (const entry of entries) {
      if (this.exposed[entry.logId - 1] === textOf(entry)) continue;
      this.violate(`entry ${entry.logId} was acknowledged before it was durable`);
    }
  }

  /** What a start found, before anything else is done. */
  recovered(entries: readonly JobEventLogEntry[]): void {
    const lost = this.exposed.findIndex((text, index) => textAt(entries, index) !== text);
    if (lost >= 0) {
      const found = textAt(entries, lost) ?? "gone";
      const was = this.exposed[lost];
      this.violate(
        `entry ${lost + 1} was durable, and after a restart is ${found}; it was ${was}`,
      );
    }
    const found = entries.slice(this.exposed.length);
    for (const entry of found) this.#expose(entry);
    const eventIds = found.map(({ eventId }) => eventId);
    this.#requireWhole(eventIds);
    for (const eventId of eventIds) this.#requirePossible(eventId);
    this.#forgetOpen();
  }

  /** What a reader got after a position. */
  read(after: number, entries: readonly JobEventLogEntry[]): void {
    entries.forEach((entry, index) => {
      const logId = after + 1 + index;
      if (entry.logId !== logId) this.violate(`a reader got ${entry.logId} in place of ${logId}`);
      if (this.exposed[logId - 1] === textOf(entry)) return;
      this.violate(`a reader got an entry ${logId} that is not what was durable`);
    });
  }

  /** The stream resumes from where it was. */
  stream(entries: readonly JobEventLogEntry[]): void {
    this.read(this.streamed, entries);
    this.streamed += entries.length;
  }

  #expose(entry: JobEventLogEntry): void {
    const { logId } = entry;
    if (logId !== this.exposed.length + 1) {
      this.violate(`position ${this.exposed.length + 1} should follow, and ${logId} does`);
    }
    this.exposed.push(textOf(entry));
    this.onExposed(entry);
  }

  /** If any part of a group is there, all of it is, in order. */
  #requireWhole(eventIds: readonly string[]): void {
    for (let at = 0; at < eventIds.length;) {
      const groups = this.#groups.get(eventIds[at] ?? "") ?? [];
      const [group] = groups;
      if (group === undefined) {
        at++;
        continue;
      }
      const partOf = ({ length }: readonly string[]) => eventIds.slice(at, at + length);
      // The same event may have reached more jobs if another process recorded it.
      const [whole] = groups
        .filter(({ eventIds }) => partOf(eventIds).join() === eventIds.join())
        .toSorted((one, other) => other.eventIds.length - one.eventIds.length);
      if (whole === undefined) {
        const found = partOf(group.eventIds).join();
        this.violate(`of a group of ${group.eventIds.length} there is a part: ${found}`);
        return;
      }
      at += whole.eventIds.length;
    }
  }

  #requirePossible(eventId: string): void {
    if (this.#groups.get(eventId)?.at(-1)?.outcome !== "refused") return;
    this.violate(`${eventId} was answered with "nothing was recorded", and is there`);
  }

  #forgetOpen(): void {
    for (const group of [...this.#groups.values()].flat()) {
      if (group.outcome === "open") group.outcome = "unknown";
    }
  }
}

function textAt(entries: readonly JobEventLogEntry[], index: number): string | undefined {
  const entry = entries[index];
  return entry === undefined ? undefined : textOf(entry);
}
