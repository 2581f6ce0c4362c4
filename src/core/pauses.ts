/**
 * Pauses, each of which holds many jobs at once: a pure fold of the entries about them. And the rule
 * by which failures pause their type, a circuit breaker: a pure function of the record, so that a
 * restart comes to the same result.
 */

import type { JobEventLogEntry } from "./event.ts";
import type { PauseBeganAttributes, PauseScope } from "./framework_events.ts";
import type { LogId } from "./ids.ts";
import { durationText } from "./duration.ts";

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

/** Failed attempts kept for each type; no rule counts more. */
export const FAILURES_MAX = 100;
/** Milliseconds: a day. */
const RULE_MS_MAX = 86_400_000;

/** When failed attempts pause their type automatically. */
export interface PauseRule {
  /** The number of failed attempts of its jobs, tasks and compensations together; 1 to 100. */
  readonly failures: number;
  /** The period in which they count, in milliseconds, by the times on record; at most a day. */
  readonly withinMs: number;
  /**
   * How long the pause lasts, in milliseconds; at most a day. Nothing of the type begins meanwhile.
   */
  readonly forMs: number;
}

/** A failed attempt. */
export interface RecordedFailure {
  readonly logId: LogId;
  /** When it was recorded: RFC 3339. */
  readonly at: string;
}

/** The pause that a rule derives from failures. */
interface Tripped {
  /** The failures that caused it. */
  readonly failures: readonly [RecordedFailure, ...RecordedFailure[]];
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
}

/**
 * The first failures that satisfy the rule and whose pause is not over yet.
 *
 * @param failures Those of one type, in the order of the journal.
 */
export function trippedBy(
  rule: PauseRule,
  failures: readonly RecordedFailure[],
  nowMs: number,
): Tripped | undefined {
  for (let end = rule.failures; end <= failures.length; end++) {
    const [first, ...others] = failures.slice(end - rule.failures, end);
    if (first === undefined) return undefined;
    const lastMs = Date.parse((others.at(-1) ?? first).at);
    const untilMs = lastMs + rule.forMs;
    const isClose = lastMs - Date.parse(first.at) <= rule.withinMs;
    if (isClose && untilMs > nowMs) return { failures: [first, ...others], untilMs };
  }
  return undefined;
}

/** `20 attempts failed within 1 min`. */
export function ruleText({ failures, withinMs }: PauseRule): string {
  const attempts = failures === 1 ? "1 attempt" : `${failures} attempts`;
  return `${attempts} failed within ${durationText(withinMs)}`;
}

/** What is wrong with a rule; `undefined` when nothing is. */
export function ruleFlaw(rule: unknown): string | undefined {
  const example = "such as {failures: 20, withinMs: 60_000, forMs: 300_000}";
  if (typeof rule !== "object" || rule === null) return `pauseAfter must be an object, ${example}`;
  const { failures, withinMs, forMs, ...others } = rule as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return `pauseAfter has no ${unknown}: it takes failures, withinMs and forMs, ${example}`;
  }
  if (!isWhole(failures, FAILURES_MAX)) {
    return `pauseAfter.failures must be a whole number from 1 to ${FAILURES_MAX}`;
  }
  const lengths = { withinMs, forMs };
  const wrong = Object.entries(lengths).find(([, ms]) => !isWhole(ms, RULE_MS_MAX));
  return wrong &&
    `pauseAfter.${wrong[0]} must be whole milliseconds from 1 to ${RULE_MS_MAX} (a day)`;
}

function isWhole(value: unknown, max: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max;
}
