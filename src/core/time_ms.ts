/**
 * Milliseconds since the epoch of an RFC 3339 time; `NaN` if it is none. Remembers the last one,
 * since the entries of a batch mostly share their time.
 */

let lastTime = "";
let lastMs = NaN;

export function timeMs(time: string): number {
  if (time !== lastTime) {
    lastTime = time;
    lastMs = Date.parse(time);
  }
  return lastMs;
}
