/**
 * Moments and lengths of time. Moments are in UTC, as in the journal; a script tells them in the
 * reader's zone, and UTC on hover.
 */

import { distanceText, durationText } from "../../core/duration.ts";

interface TimeProps {
  /** RFC 3339. */
  readonly at: string;
  /** Milliseconds since the epoch, to show how long ago it was; if absent, that is not shown. */
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
  const text = distanceText(Math.abs(differenceMs));
  return differenceMs < 0 ? `in ${text}` : `${text} ago`;
}

export function Duration({ ms }: { readonly ms: number }) {
  return <span class="duration" title={`${Math.round(ms)} ms`}>{durationText(ms)}</span>;
}
