/** What happened in a simulated world, in readable lines, and entries as such. */

import type { JobEventLogEntry } from "../../src/core/event.ts";

/** Written only on request. */
export class Trace {
  readonly lines: string[] = [];
  /** Milliseconds since the world began. */
  now: () => number = () => 0;

  constructor(private readonly isKept: boolean) {}

  /** Many lines are never needed, so they are formatted on demand. */
  note(line: () => string): void {
    if (this.isKept) this.lines.push(`${this.now().toFixed(1).padStart(10)} ms  ${line()}`);
  }
}

/** Computed once, because entries never change. */
const TEXTS = new WeakMap<JobEventLogEntry, string>();

export function textOf(entry: JobEventLogEntry): string {
  let text = TEXTS.get(entry);
  if (text === undefined) TEXTS.set(entry, text = JSON.stringify(entry));
  return text;
}

/** A readable description of an entry. */
export function named({ logId, eventType, eventId, jobId, taskId }: JobEventLogEntry): string {
  const subject = [jobId, taskId].filter((id) => id !== undefined).join(" ");
  return `${logId} ${eventType} ${subject} (${eventId})`;
}
