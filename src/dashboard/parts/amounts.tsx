/**
 * Times, durations, counts and progress. Times are in UTC, as in the journal; a script shows them
 * in the reader's time zone, with UTC on hover.
 */

import { ageText, durationText } from "../../core/duration.ts";
import { countOf, countText } from "../../core/counted.ts";
import type { Progress } from "../../core/job_state.ts";
import { UserText } from "./text.tsx";
import { useNow } from "./viewing.tsx";

interface TimeProps {
  /** RFC 3339. */
  readonly at: string;
  /** Whether the age is shown too. */
  readonly ago?: boolean;
}

/** With the date; with its age, only `12:00:03` for today. */
export function Time({ at, ago = false }: TimeProps) {
  const now = useNow();
  return (
    <time datetime={at} title={at}>
      {momentText(at, ago ? now : undefined)}
      {ago && <Ago at={at} now={now} />}
    </time>
  );
}

function Ago({ at, now }: { readonly at: string; readonly now: number }) {
  return <span class="ago">{` ${ageText(now - Date.parse(at))}`}</span>;
}

/** The time for today, otherwise the date, for places with room for only one of them. */
export function Day({ at, ago = false }: TimeProps) {
  const now = useNow();
  return (
    <time datetime={at} title={at} data-day>
      {momentText(at, now).slice(0, "2026-01-01".length)}
      {ago && <Ago at={at} now={now} />}
    </time>
  );
}

/**
 * Without the date if it is that of `now`.
 *
 * @param precision Default: seconds.
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

interface DurationProps {
  readonly ms: number;
  /** Whether it lasts: then a script keeps counting, in whole seconds so that it does not flicker. */
  readonly isOngoing?: boolean;
}

export function Duration({ ms, isOngoing = false }: DurationProps) {
  const now = useNow();
  return isOngoing
    ? <span class="duration" data-since={String(now - ms)}>{durationText(ms - ms % 1_000)}</span>
    : <span class="duration" title={`${Math.round(ms)} ms`}>{durationText(ms)}</span>;
}

const NOTE_LENGTH_MAX = 300;

interface ProgressBarProps {
  readonly done: number;
  readonly total: number;
  /** Default: `40 of 100`. */
  readonly text?: string;
  /** What progresses, if the text does not say it. */
  readonly label?: string;
}

export function ProgressBar({ done, total, text = countOf(done, total), label }: ProgressBarProps) {
  return (
    <progress max={Math.max(1, total)} value={done} aria-label={label ?? text}>{text}</progress>
  );
}

/** `40 of 100`, with a bar if the total is known. */
export function TaskProgress({ done, total, note }: Progress) {
  return (
    <span class="task-progress">
      {total !== undefined && <ProgressBar done={done} total={total} />}
      <span>
        {total === undefined ? countText(done) : countOf(done, total)}
      </span>
      {note !== undefined && <UserText text={note} lengthMax={NOTE_LENGTH_MAX} />}
    </span>
  );
}
