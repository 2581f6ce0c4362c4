/** Puts a pause into words: its scope, since when it is in force, and until when. */

import { counted } from "../../core/counted.ts";
import type { PauseScope } from "../../core/framework_events.ts";
import type { Pause } from "../../core/pauses.ts";
import { oneLine } from "../../core/shown_value.ts";
import { actorText, reasonText } from "./phrases.ts";

/** `everything`, `type mail.send`, `type mail.send with label tenant:acme`. */
export function scopeText({ type, label, key }: PauseScope): string {
  const parts = [
    ...type === undefined ? [] : [`type ${oneLine(type)}`],
    ...label === undefined ? [] : [`label ${oneLine(label)}`],
    ...key === undefined ? [] : [`key ${oneLine(key)}`],
  ];
  return parts.length === 0 ? "everything" : parts.join(" with ");
}

/** `type mail.send has been paused since ... by on-call, until ... (reason: the server is down)`. */
export function pauseText(pause: Pause): string {
  return `${scopeText(pause)} has been paused ${pauseTimes(pause)}${reasonText(pause.reason)}`;
}

/** `since ... by on-call, until ...`. */
export function pauseTimes(pause: Pause): string {
  const { since, until } = pause;
  return `since ${since}${actorText(pause)}${until === undefined ? "" : `, until ${until}`}`;
}

/** The oldest pause that holds a job, and how many others do. */
export function pausesText(pauses: readonly Pause[]): string {
  const [first, ...others] = pauses;
  if (first === undefined) return "";
  const beside = others.length === 0
    ? ""
    : `, and ${counted(others.length, "other pause holds", "other pauses hold")} it`;
  return `${pauseText(first)}${beside}`;
}
