/** Where an axis of time is marked: at round lengths, and not at too many. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((count) => count * DAY),
];

export interface Tick {
  readonly atMs: number;
  /** `0`, `30 s`, `2 h`. */
  readonly text: string;
}

const TICKS_MAX = 5;

/** From 0 on; none at the very end, where there would be no room for its text. */
export function ticksOf(totalMs: number): readonly Tick[] {
  const stepMs = STEPS_MS.find((step) => totalMs / step <= TICKS_MAX) ??
    Math.ceil(totalMs / TICKS_MAX / DAY) * DAY;
  const count = Math.floor((totalMs * 0.94) / stepMs);
  return Array.from({ length: count + 1 }, (_, index) => ({
    atMs: index * stepMs,
    text: tickText(index * stepMs),
  }));
}

function tickText(ms: number): string {
  if (ms === 0) return "0";
  const [size, unit] = UNITS.find(([size]) => ms >= size && ms % size === 0) ?? [1, "ms"];
  return `${ms / size} ${unit}`;
}

const UNITS = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"], [1, "ms"]] as const;
