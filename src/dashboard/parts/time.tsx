/**
 * Moments and lengths of time. Moments are in UTC, as in the journal; a script tells them in the
 * zone of whoever reads, and UTC to whoever points at one.
 */

export interface TimeProps {
  /** RFC 3339. */
  readonly at: string;
  /** Milliseconds since the epoch, to tell how long ago it was; absent, it is not told. */
  readonly now?: number;
}

/** `12:00:03` of today, else with its date. */
export function Time({ at, now }: TimeProps) {
  return (
    <time datetime={at} title={at}>
      {momentText(at, now)}
      {now === undefined ? null : <span class="ago">{agoText(Date.parse(at), now)}</span>}
    </time>
  );
}

/** Its time where it is of today, else its date: where there is room for one of them. */
export function Day({ at, now }: Required<TimeProps>) {
  const moment = momentText(at, now);
  return <time datetime={at} title={at} data-day>{moment.slice(0, "2026-01-01".length)}</time>;
}

/**
 * Without the date where it is that of `now`.
 *
 * @param precision To the second, when absent.
 */
export function momentText(
  at: string,
  now: number | undefined,
  precision: "seconds" | "milliseconds" = "seconds",
): string {
  const time = at.slice(11, precision === "seconds" ? 19 : 23);
  const date = at.slice(0, 10);
  const isToday = now !== undefined && date === new Date(now).toISOString().slice(0, 10);
  return isToday ? time : `${date} ${time}`;
}

/** `3 min ago`, or `in 5 s`. */
function agoText(atMs: number, now: number): string {
  const differenceMs = now - atMs;
  if (Math.abs(differenceMs) < 1_000) return "just now";
  const text = roughText(Math.abs(differenceMs));
  return differenceMs < 0 ? `in ${text}` : `${text} ago`;
}

const ROUGH_UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

function roughText(milliseconds: number): string {
  const [unit, size] = ROUGH_UNITS.find(([, size]) => milliseconds >= size) ?? ["s", 1_000];
  return `${Math.floor(milliseconds / size)} ${unit}`;
}

export function Duration({ ms }: { readonly ms: number }) {
  return <span class="duration" title={`${Math.round(ms)} ms`}>{durationText(ms)}</span>;
}

/** `812 ms`, `3.2 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return ms < 10 && ms % 1 !== 0 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  if (seconds < 3_600) return twoUnits(seconds, 60, "min", 1, "s");
  if (seconds < 86_400) return twoUnits(seconds, 3_600, "h", 60, "min");
  return twoUnits(seconds, 86_400, "d", 3_600, "h");
}

function twoUnits(
  seconds: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeName} ${rest} ${smallName}`;
}
