/** Pauses, each of which holds many jobs at once: a pure fold of the entries about them. */

import type { JobEventLogEntry } from "./event.ts";
import type { PauseBeganAttributes, PauseScope } from "./framework_events.ts";
import type { LogId } from "./ids.ts";

export interface Pause extends PauseBeganAttributes {
  /** The `job.PauseBegan` entry, and its time. */
  readonly by: LogId;
  readonly since: string;
  /** The name beside the token of the request; absent when it is unknown, as for `--hold`. */
  readonly actor?: string;
}

/** What decides whether a pause holds a job. */
export interface Pausable {
  readonly type?: string;
  readonly key?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** The pauses in force after an entry, oldest first; the same array when none changed. */
export function notePause(pauses: readonly Pause[], entry: JobEventLogEntry): readonly Pause[] {
  if (entry.stratum !== "framework") return pauses;
  if (entry.eventType === "job.PauseBegan") {
    const { logId: by, receivedAt: since, actor, attributes } = entry;
    if (pauses.some(({ pauseId }) => pauseId === attributes.pauseId)) return pauses;
    return [...pauses, { ...attributes, by, since, ...(actor === undefined ? {} : { actor }) }];
  }
  if (entry.eventType !== "job.PauseEnded") return pauses;
  const { pauseId } = entry.attributes;
  return pauses.filter((pause) => pause.pauseId !== pauseId);
}

/** Whether a pause keeps a job from beginning anything. */
export function holds(scope: PauseScope, job: Pausable): boolean {
  return holder(scope)(job);
}

/** The same, prepared for many jobs. */
export function holder({ type, label, key }: PauseScope): (job: Pausable) => boolean {
  const colon = label?.indexOf(":") ?? 0;
  const name = label?.slice(0, colon) ?? "";
  const value = label?.slice(colon + 1);
  return (job) =>
    (type === undefined || type === job.type) && (key === undefined || key === job.key) &&
    (value === undefined || job.labels[name] === value);
}

export function isOfEverything({ type, label, key }: PauseScope): boolean {
  return type === undefined && label === undefined && key === undefined;
}

/** Whether failures began it, and not a request. */
export function isByRule({ failures }: PauseBeganAttributes): boolean {
  return failures !== undefined;
}
