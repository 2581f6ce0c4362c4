/** Lines of entries that may be of several days. */

import { EntryLines, type EntryLinesOptions, type ShownEntry } from "./entry_line.ts";

/** Lines tell the time of day, so that a line of its own tells the day when it changes. */
export class DatedLines {
  readonly #options: EntryLinesOptions;
  readonly #lines: EntryLines;
  #day: string;

  /** @param now Its day goes without saying. */
  constructor(options: EntryLinesOptions, now: number) {
    this.#options = options;
    this.#lines = new EntryLines(options);
    this.#day = options.times.day(now);
  }

  /** One line, or two. */
  of(entry: ShownEntry): readonly string[] {
    const { times, paint } = this.#options;
    const day = times.day(entry.receivedAt);
    const line = this.#lines.line(entry);
    if (day === this.#day) return [line];
    this.#day = day;
    return [paint("dim", `${day} ${times.zone}`), line];
  }
}
