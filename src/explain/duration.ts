/** Lengths of time as a person reads them. */

/** `12 ms`, `1.204 s`, `3 min 20 s`, `2 h 5 min`, `3 d`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${ms / 1_000} s`;
  const seconds = Math.floor(ms / 1_000);
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  if (minutes < 60) return units(minutes, "min", seconds % 60, "s");
  const days = Math.floor(hours / 24);
  return hours < 24 ? units(hours, "h", minutes % 60, "min") : units(days, "d", hours % 24, "h");
}

function units(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** What is nearer than this is now, to a reader. */
const NEAR_MS = 1_000;

/**
 * The text with the distance beside each time in it, such as `(in 6 h)` or `(3 min ago)`; of
 * several times in a row that are as far, only the first is told.
 *
 * @param nowMs When it is read; `undefined` leaves it as it is.
 */
export function withDistances(text: string, nowMs: number | undefined): string {
  return distances(nowMs)(text);
}

/** The same for texts that are read one after the other. */
export function distances(nowMs: number | undefined): (text: string) => string {
  if (nowMs === undefined) return (text) => text;
  let before = "";
  return (text) =>
    text.replace(TIME, (time) => {
      const distance = distanceText(Date.parse(time) - nowMs);
      if (distance === before) return time;
      before = distance;
      return distance === "" ? time : `${time} (${distance})`;
    });
}

function distanceText(ms: number): string {
  if (Number.isNaN(ms) || Math.abs(ms) < NEAR_MS) return "";
  const length = coarseText(Math.abs(ms));
  return ms > 0 ? `in ${length}` : `${length} ago`;
}

/** Whole seconds, and one unit from ten minutes on: nobody reads more of it. */
function coarseText(ms: number): string {
  if (ms < 600_000) return durationText(Math.floor(ms / 1_000) * 1_000);
  if (ms < 2 * 3_600_000) return durationText(Math.round(ms / 60_000) * 60_000);
  if (ms < 2 * 86_400_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}
