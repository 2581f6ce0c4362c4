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

export class Times {
  static ofThisZone(): Times {
    // Has no name that could be used if TZ is empty, which means UTC, or names a file or an offset.
    const name: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return new Times(name === "Etc/Unknown" ? undefined : name);
  }

  /** In words: the IANA name of the zone, if it has one. */
  readonly zone: string;
  readonly #day: Intl.DateTimeFormat;
  readonly #second: Intl.DateTimeFormat;
  readonly #millisecond: Intl.DateTimeFormat;

  /** @param name An IANA name; absent for the zone of this process. */
  constructor(name?: string) {
    this.zone = name ?? "local time";
    const zone = name === undefined ? {} : { timeZone: name };
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
    // These locales put the year first, and use 24 hours.
    this.#day = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short" });
    this.#second = new Intl.DateTimeFormat("en-GB", { ...zone, ...time });
    this.#millisecond = new Intl.DateTimeFormat("en-GB", {
      ...zone,
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
