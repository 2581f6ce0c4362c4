/** Times and durations as people write and read them. */

import { parseDuration } from "../core/duration.ts";

/**
 * Milliseconds that a text such as `90s` or `1h30m` stands for; a number alone is of
 * seconds. `undefined` when it is no duration.
 */
export function parseDurationMs(text: string): number | undefined {
  const ms = parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Writes times of one zone. */
export class Times {
  /** Of the zone that this process runs in. */
  static ofThisZone(): Times {
    return new Times(Intl.DateTimeFormat().resolvedOptions().timeZone);
  }

  /** Its IANA name. */
  readonly zone: string;
  readonly #day: Intl.DateTimeFormat;
  readonly #second: Intl.DateTimeFormat;
  readonly #millisecond: Intl.DateTimeFormat;

  /** @param timeZone An IANA name. */
  constructor(timeZone: string) {
    this.zone = timeZone;
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
    // Of all locales these write the year first, and the day by 24 hours.
    this.#day = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" });
    this.#second = new Intl.DateTimeFormat("en-GB", { timeZone, ...time });
    this.#millisecond = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      ...time,
      fractionalSecondDigits: 3,
    });
  }

  /** `2026-01-31` */
  day(time: string | number): string {
    return this.#day.format(new Date(time));
  }

  /** `12:00:03` */
  timeOfDay(time: string | number): string {
    return this.#second.format(new Date(time));
  }

  /** `12:00:03.120` */
  preciseTimeOfDay(time: string | number): string {
    return this.#millisecond.format(new Date(time));
  }

  /** `2026-01-31 12:00:03` */
  dayAndTime(time: string | number): string {
    return `${this.day(time)} ${this.timeOfDay(time)}`;
  }
}

/** Milliseconds from one RFC 3339 time to another. */
export function millisecondsBetween(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from);
}
