/** Times and durations as people write and read them. */

import { parseDuration } from "../core/duration.ts";
import type { Clock } from "../engine/ports.ts";

/**
 * The milliseconds of a text such as `90s` or `1h30m`; a number alone means seconds. `undefined` if
 * it is not a duration.
 */
export function parseDurationMs(text: string): number | undefined {
  const ms = parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Formats times in one time zone. */
export class Times {
  /** Times in the time zone of this process. */
  static ofThisZone(): Times {
    return new Times(Intl.DateTimeFormat().resolvedOptions().timeZone);
  }

  /** The IANA name of the zone. */
  readonly zone: string;
  readonly #day: Intl.DateTimeFormat;
  readonly #second: Intl.DateTimeFormat;
  readonly #millisecond: Intl.DateTimeFormat;

  /** @param timeZone An IANA name. */
  constructor(timeZone: string) {
    this.zone = timeZone;
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
    // These locales put the year first, and use 24 hours.
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

/** Resolves after the delay, or as soon as the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.setTimer(ms, done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
