/** Adds distances to the times in a text. */

import { distanceText } from "../core/duration.ts";

/** Not in quotes, where it is a value that is shown as it is. */
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?!")/g;
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
    text.replace(TIME, (time, at: number) => {
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
  if (Number.isNaN(ms) || Math.abs(ms) < NEAR_MS) return "";
  const length = distanceText(Math.abs(ms));
  return ms > 0 ? `in ${length}` : `${length} ago`;
}
