/** Formats and parses durations and times the same way everywhere, and adds distances to times. */

/**
 * `0.4 ms`, `812 ms`, `3.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d`: at most two whole units. Browsers
 * get this function too, so it uses nothing from outside.
 */
export function durationText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 10) return `${Math.floor(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.floor(ms)} ms`;
  if (ms < 60_000) return `${Math.floor(ms / 100) / 10} s`;
  const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]] as const;
  const first = units.findIndex(([, size]) => ms >= size);
  let rest = ms;
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? "" : `${count} ${unit}`;
  });
  return parts.filter((part) => part !== "").join(" ");
}

/** `3 min ago`, or `in 5 s`; browsers get this function and the next one too. */
export function ageText(milliseconds: number): string {
  const length = distanceText(Math.abs(milliseconds));
  if (Math.abs(milliseconds) < 1_000) return "just now";
  return milliseconds < 0 ? `in ${length}` : `${length} ago`;
}

/** The distance of a moment: in whole seconds, and from ten minutes on in one unit. */
export function distanceText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return "0 s";
  if (ms < 600_000) return durationText(ms - ms % 1_000);
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 2 * 86_400_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export const DURATION_RULE = "a duration such as 500ms, 90s, 10m, 1h30m or 2d";

/** Milliseconds of a text; `NaN` when it is not a duration. Only 0 may lack a unit. */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  let [sum, read] = [0, 0];
  for (
    const [part, count, unit = ""] of text.matchAll(
      /(\d+(?:\.\d+)?) ?(ms|min|s|m|h|d)(?: (?=\d))?/gy,
    )
  ) {
    sum += Number(count) * (UNIT_MS[unit] ?? NaN);
    read += part.length;
  }
  return read > 0 && read === text.length ? Math.round(sum) : NaN;
}

/** The last times. More would keep too many texts in memory. */
const known = new Map<string, number>();
const KNOWN_MAX = 128;

/**
 * Milliseconds since the epoch of an RFC 3339 time; `NaN` if it is none. Remembers the last ones,
 * since jobs and entries of the same moment share their times.
 */
export function timeMs(time: string): number {
  let ms = known.get(time);
  if (ms === undefined) {
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(time, ms = Date.parse(time));
  }
  return ms;
}

/**
 * From one time to another, in milliseconds; never negative, since the clock may have been set
 * back.
 */
export function lengthMs(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}

/** A time in a text, in UTC. */
export const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/;
/** Not in quotes, where it is a value that is shown as it is. */
const TIMES = new RegExp(`${TIME.source}(?!")`, "g");
/** Closer times count as now. */
const NEAR_MS = 1_000;

/**
 * The text with a distance after each time, such as `(in 6 h)` or `(3 min ago)`. When several times
 * in a row have the same distance, only the first gets it.
 *
 * @param nowMs When the text is read; `undefined` leaves the text unchanged.
 */
export function withDistances(text: string, nowMs: number | undefined): string {
  return distances(nowMs)(text);
}

/** The same for consecutive texts. */
export function distances(nowMs: number | undefined): (text: string) => string {
  if (nowMs === undefined) return (text) => text;
  let before = "";
  return (text) =>
    text.replace(TIMES, (time, at: number) => {
      const ms = Date.parse(time) - nowMs;
      const distance = text.endsWith("since ", at) ? sinceText(ms) : distanceFrom(ms);
      if (distance === before) return time;
      before = distance;
      return distance === "" ? time : `${time} (${distance})`;
    });
}

/** The past is ahead of a clock that has been set back. */
function sinceText(ms: number): string {
  return ms >= NEAR_MS ? `${distanceText(ms)} ahead of the clock` : distanceFrom(ms);
}

function distanceFrom(ms: number): string {
  return Number.isNaN(ms) || Math.abs(ms) < NEAR_MS ? "" : ageText(-ms);
}
