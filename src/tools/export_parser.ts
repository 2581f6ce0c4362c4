/**
 * Parses an export and checks everything in it: what is appended to a journal stays there, and a
 * line that the next start cannot use would keep Daybook from starting.
 */

import { createHash } from "node:crypto";
import * as v from "valibot";
import { parseJsonText } from "../core/json_text.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import { isReserved, type LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import { logReferences, quotedEntry } from "../core/log_references.ts";
import { foldAll } from "../core/job_fold.ts";
import { errorMessage } from "../core/thrown.ts";
import { quotedEventId } from "../engine/writer/derived_ids.ts";
import { refuseEntry } from "../engine/writer/framework_schemas.ts";
import { pointedIssues } from "../engine/parsed_input.ts";
import {
  endSchema,
  entrySchema,
  EXPORT_VERSION,
  type ExportHeader,
  headerSchema,
  planSchema,
} from "./export_file.ts";

export interface ExportFile {
  readonly header: ExportHeader;
  /** The job as its own entries project it, at the positions of the file. */
  readonly job: JobState;
  /** In the order of their journal. */
  readonly entries: readonly JobEventLogEntry[];
}

/** The file is not a whole export. */
export class ExportFileError extends Error {
  override readonly name = "ExportFileError";

  /** @param line The number of the faulty line, from 1. */
  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
  }
}

const NEWLINE = 10;

/** @throws {ExportFileError} naming the first line that `journal export` would not have written. */
export function parseExport(bytes: Uint8Array): ExportFile {
  const lines = linesIn(bytes);
  const header = headerIn(lines[0] ?? "");
  const entries = lines.slice(1, -1).map((line, index) => entryIn(line, index + 2));
  requireWhole(bytes, lines, entries.length);
  const flaw = new FileCheck(header).flawIn(entries);
  if (flaw !== undefined) throw flaw;
  return { header, entries, job: jobIn(header, entries) };
}

function linesIn(bytes: Uint8Array): readonly string[] {
  const lines = textIn(bytes).split("\n");
  const last = lines.length;
  if (bytes.length === 0) throw new ExportFileError(1, "the file is empty");
  const end = lines.pop() ?? "";
  if (end !== "") {
    // A single line may be another kind of file.
    if (last === 1) headerIn(end);
    throw new ExportFileError(last, "it is incomplete: the file was cut off");
  }
  if (lines.length < 2) throw new ExportFileError(last, "the file is not a complete export");
  return lines;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textIn(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ExportFileError(lineNotUtf8(bytes), "it is not UTF-8");
  }
}

function lineNotUtf8(bytes: Uint8Array): number {
  let start = 0;
  for (let number = 1;; number++) {
    const newline = bytes.indexOf(NEWLINE, start);
    try {
      decoder.decode(bytes.subarray(start, newline < 0 ? bytes.length : newline));
    } catch {
      return number;
    }
    start = newline + 1;
  }
}

function headerIn(line: string): ExportHeader {
  const value = jsonIn(line, 1) as Partial<ExportHeader> | null;
  const version: unknown = value?.daybookExport;
  if (version === undefined) {
    const what = otherFile(value);
    throw new ExportFileError(
      1,
      `the file is not an export of a job${what === undefined ? "" : `, but ${what}`}; ` +
        "deno task journal export writes one",
    );
  }
  if (version !== EXPORT_VERSION) {
    const known = `this Daybook reads version ${EXPORT_VERSION}`;
    throw new ExportFileError(1, `it is of export version ${version}, and ${known}`);
  }
  requireShape(headerSchema, value, 1);
  return value as ExportHeader;
}

/** What a file that begins with such a value is instead, if known. */
function otherFile(value: object | null): string | undefined {
  if (Array.isArray(value)) return "a list";
  if (value === null || typeof value !== "object") return undefined;
  if ("eventType" in value) return "entries, as a segment or GET /jobs/:id/events has them";
  if ("entries" in value) return "a page of entries, as GET /jobs/:id/events answers it";
  if ("summary" in value) return "an explanation, as GET /jobs/:id/explain answers it";
  return "jobId" in value ? "a job, as GET /jobs/:id answers it" : undefined;
}

function entryIn(line: string, number: number): JobEventLogEntry {
  const value = jsonIn(line, number);
  requireShape(entrySchema, value, number);
  const entry = value as JobEventLogEntry;
  const reason = refuseEntry(entry);
  if (reason !== undefined) throw new ExportFileError(number, reason);
  if (entry.stratum === "framework" && entry.eventType === "job.JobCreated") {
    requireShape(planSchema, entry.attributes.plan, number, "/attributes/plan");
  }
  return entry;
}

function jsonIn(line: string, number: number): unknown {
  try {
    return parseJsonText(line);
  } catch {
    throw new ExportFileError(number, "it is not JSON");
  }
}

function requireShape(schema: v.GenericSchema, value: unknown, line: number, at = ""): void {
  const { issues } = v.safeParse(schema, value);
  const [issue] = pointedIssues(issues ?? [], at);
  if (issue === undefined) return;
  throw new ExportFileError(line, `${issue.pointer || "it"} ${issue.detail}`);
}

/** The last line covers all lines before it. */
function requireWhole(bytes: Uint8Array, lines: readonly string[], entries: number): void {
  const number = lines.length;
  const end = jsonIn(lines[number - 1] ?? "", number);
  if (!v.is(endSchema, end)) {
    throw new ExportFileError(number, "it is not the closing line: the file was cut off");
  }
  if (end.entries !== entries) {
    throw new ExportFileError(
      number,
      `${end.entries} entries were exported, but the file has ${entries}`,
    );
  }
  const closing = bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1;
  const sha256 = createHash("sha256").update(bytes.subarray(0, closing)).digest("hex");
  if (sha256 === end.sha256) return;
  throw new ExportFileError(
    number,
    "its sha256 does not match the lines before it: one was changed",
  );
}

function jobIn(header: ExportHeader, entries: readonly JobEventLogEntry[]): JobState {
  const own = entries.filter(({ jobId }) => jobId === header.jobId);
  if (own.length !== header.own) {
    throw new ExportFileError(
      1,
      `${header.own} own entries are announced, but there are ${own.length}`,
    );
  }
  const job = projected(own);
  if (job.state !== header.state) {
    throw new ExportFileError(
      1,
      `the state is announced as ${header.state}, but the entries give ${job.state}`,
    );
  }
  return job;
}

function projected(own: readonly JobEventLogEntry[]): JobState {
  try {
    return foldAll(own);
  } catch (error) {
    throw new ExportFileError(1, errorMessage(error));
  }
}

/** Checks the entries of one file against each other. */
class FileCheck {
  readonly #header: ExportHeader;
  readonly #eventIds = new Set<string>();
  #last: LogId = 0;

  constructor(header: ExportHeader) {
    this.#header = header;
  }

  flawIn(entries: readonly JobEventLogEntry[]): ExportFileError | undefined {
    if (entries.length !== this.#header.entries) {
      const reason =
        `${this.#header.entries} entries are announced, but there are ${entries.length}`;
      return new ExportFileError(1, reason);
    }
    const positions = new Set(entries.map(({ logId }) => logId));
    for (const [index, entry] of entries.entries()) {
      const reason = this.#orderFlaw(entry) ?? belongingFlaw(entry, this.#header.jobId) ??
        referenceFlaw(entry, positions);
      if (reason !== undefined) return new ExportFileError(index + 2, reason);
    }
    return undefined;
  }

  #orderFlaw({ logId, eventId }: JobEventLogEntry): string | undefined {
    if (logId <= this.#last) return `logId ${logId} comes after ${this.#last}`;
    if (this.#eventIds.has(eventId)) return `event id ${eventId} occurs twice`;
    this.#last = logId;
    this.#eventIds.add(eventId);
    return undefined;
  }
}

function referenceFlaw(entry: JobEventLogEntry, positions: ReadonlySet<LogId>): string | undefined {
  const missing = logReferences(entry).find((logId) => !positions.has(logId));
  return missing === undefined
    ? undefined
    : `it refers to entry ${missing}, which is not in the file`;
}

const JOURNAL_FACTS = new Set<string>([
  "journal.Recovered",
  "journal.WriterOpened",
  "journal.EntryQuoted",
]);

/** An entry must belong to the job, or have no effect on any job. */
function belongingFlaw(entry: JobEventLogEntry, jobId: string): string | undefined {
  const { eventType, stratum } = entry;
  if (stratum !== "framework") {
    if (isReserved(eventType)) return `${eventType} is in a namespace of the framework`;
    return entry.jobId === undefined || entry.jobId === jobId
      ? undefined
      : `it belongs to job ${entry.jobId}`;
  }
  if (entry.jobId !== undefined) {
    if (entry.jobId !== jobId) return `it belongs to job ${entry.jobId}`;
    return eventType.startsWith("job.") ? undefined : `${eventType} is about no job`;
  }
  if (!JOURNAL_FACTS.has(eventType)) return `${eventType} does not belong in the history of a job`;
  return eventType === "journal.EntryQuoted" ? quotationFlaw(entry, jobId) : undefined;
}

function quotationFlaw(entry: JobEventLogEntry, jobId: string): string | undefined {
  const quoted = quotedEntry(entry);
  const { issues } = v.safeParse(entrySchema, quoted);
  const [issue] = pointedIssues(issues ?? []);
  if (issue !== undefined) {
    return `what it quotes is not an entry: ${issue.pointer} ${issue.detail}`;
  }
  if (quoted.jobId === jobId) return `it quotes an entry of the exported job ${jobId}`;
  if (entry.eventId !== quotedEventId(quoted.eventId)) {
    return "its eventId is not that of a quotation";
  }
  return refuseEntry(quoted);
}
