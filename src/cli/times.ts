/** Times and durations as people write and read them. */

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

const UNITS = [["days", DAY], ["hours", HOUR], ["minutes", MINUTE], ["seconds", SECOND]] as const;

const NARROW = new Intl.DurationFormat("en", { style: "narrow" });

/** `320ms`, `4.2s`, `3m 12s`, `2d 5h`: two units at most. */
export function durationText(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms < SECOND) return `${ms}ms`;
  const tenths = Math.round(ms / 100) / 10;
  if (tenths < 60) return `${tenths}s`;
  return NARROW.format(twoUnits(Math.round(ms / SECOND) * SECOND));
}

/** `12s`, `3m`, `2h`, `5d`: the largest unit alone. */
export function ageText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ?? ["seconds", SECOND];
  return NARROW.format({ [unit]: Math.floor(ms / length) }) || "0s";
}

function twoUnits(ms: number): Partial<Record<typeof UNITS[number][0], number>> {
  const first = UNITS.findIndex(([, length]) => ms >= length);
  let rest = ms;
  const parts = UNITS.slice(first, first + 2).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return [unit, count] as const;
  });
  return Object.fromEntries(parts);
}

const UNIT_LENGTHS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
};

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;

export const DURATION_RULE = "a duration such as 500ms, 90s, 10m, 1h30m or 2d";

/**
 * Milliseconds that a text such as `90s` or `1h30m` stands for; a number alone is of
 * seconds. `undefined` when it is no duration.
 */
export function durationOf(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * SECOND;
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    sum += Number(count) * (UNIT_LENGTHS[unit] ?? 0);
  }
  return sum;
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
