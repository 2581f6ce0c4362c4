/** What can still be read of lines that a repair cuts away. */

import { parseJsonText } from "../../core/json_text.ts";
import { Buffer } from "node:buffer";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JournalHead } from "../../engine/ports.ts";
import { chainIn, crcHolds, isCommit } from "../../journal/line_bytes.ts";

const JOBS_LISTED_MAX = 20;
const NEWLINE = 10;
const LINE_START = '{"logId":';

export class Losses {
  #readable = 0;
  #lastLogId: LogId = 0;
  #head: JournalHead | undefined;
  readonly #jobs = new Set<JobId>();

  /** Whole lines. */
  get readable(): number {
    return this.#readable;
  }

  /** The greatest position among them; 0 when there is none. */
  get lastLogId(): LogId {
    return this.#lastLogId;
  }

  /** The last end of a batch among them. */
  get head(): JournalHead | undefined {
    return this.#head;
  }

  get jobCount(): number {
    return this.#jobs.size;
  }

  /** The first of the jobs that they are about. */
  get jobs(): readonly JobId[] {
    return [...this.#jobs].slice(0, JOBS_LISTED_MAX);
  }

  /** Takes bytes that begin anywhere; a line whose beginning is damaged is found by its end. */
  take(bytes: Uint8Array<ArrayBuffer>): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let start = 0; start < buffer.length;) {
      const newline = buffer.indexOf(NEWLINE, start);
      const end = newline < 0 ? buffer.length : newline;
      const whole = wholeLineIn(buffer, start, end);
      if (whole !== undefined) this.#takeLine(buffer, whole, end);
      start = end + 1;
    }
  }

  #takeLine(buffer: Buffer, start: number, end: number): void {
    const text = buffer.toString("utf8", start, end);
    const entry = entryIn(text);
    if (entry === undefined) return;
    this.#readable++;
    this.#lastLogId = Math.max(this.#lastLogId, entry.logId);
    if (entry.jobId !== undefined) this.#jobs.add(entry.jobId);
    if (!isCommit(buffer, end)) return;
    this.#head = { logId: entry.logId, chain: chainIn({ text, start: 0, end: text.length }) };
  }
}

/** Where a whole line begins that ends here. */
function wholeLineIn(buffer: Buffer, start: number, end: number): number | undefined {
  if (crcHolds(buffer, start, end)) return start;
  const later = buffer.subarray(0, end).lastIndexOf(LINE_START);
  return later > start && crcHolds(buffer, later, end) ? later : undefined;
}

function entryIn(text: string): Pick<JobEventLogEntry, "logId" | "jobId"> | undefined {
  try {
    const entry = parseJsonText(text) as JobEventLogEntry | null;
    return typeof entry?.logId === "number" ? entry : undefined;
  } catch {
    return undefined;
  }
}
