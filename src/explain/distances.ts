/** How far away the moments are that a text names. */

import { distanceText } from "../core/duration.ts";

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
      const distance = distanceFrom(Date.parse(time) - nowMs);
      if (distance === before) return time;
      before = distance;
      return distance === "" ? time : `${time} (${distance})`;
    });
}

function distanceFrom(ms: number): string {
  if (Number.isNaN(ms) || Math.abs(ms) < NEAR_MS) return "";
  const length = distanceText(Math.abs(ms));
  return ms > 0 ? `in ${length}` : `${length} ago`;
}
