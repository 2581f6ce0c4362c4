/**
 * A second reader of the journal's format, written from `journal/README.md` alone: it shares no
 * code with `src/`, so that an error in one does not hide in the other.
 */

import { createHash } from "node:crypto";

export interface IndependentEntry {
  readonly logId: number;
  readonly batch: number;
  readonly eventType: string;
  readonly attributes: Record<string, unknown>;
  readonly [key: string]: unknown;
}

export interface IndependentJournal {
  readonly entries: readonly IndependentEntry[];
  /** The chain of the last batch. */
  readonly chain: string;
  /** First and last position of each batch. */
  readonly batches: readonly (readonly [number, number])[];
}

const KEY_ORDER = [
  "logId",
  "batch",
  "receivedAt",
  "stratum",
  "eventId",
  "eventType",
  "occurredAt",
  "jobId",
  "taskId",
  "executionId",
  "traceId",
  "spanId",
  "causedBy",
  "attributes",
  "chain",
  "crc",
];

/** Reads every segment of a journal folder. Throws at the first error. */
export async function readIndependently(folder: string): Promise<IndependentJournal> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${folder}/segments`)) names.push(name);
  const segments: [string, Uint8Array][] = [];
  for (const name of names.sort()) {
    segments.push([name, await Deno.readFile(`${folder}/segments/${name}`)]);
  }
  return readSegments(segments);
}

export function readSegments(segments: readonly (readonly [string, Uint8Array])[]) {
  const entries: IndependentEntry[] = [];
  const batches: [number, number][] = [];
  let chain = "";
  for (const [name, bytes] of segments) {
    const chainBefore = chain;
    let isFirst = true;
    for (const lines of batchesIn(name, bytes)) {
      chain = checkBatch(name, lines, entries.length + 1, chain);
      const parsed = lines.map((line) => filledIn(JSON.parse(text(line)) as IndependentEntry));
      if (isFirst) checkOpening(name, parsed[0], chainBefore);
      isFirst = false;
      batches.push([entries.length + 1, entries.length + parsed.length]);
      entries.push(...parsed);
    }
  }
  return { entries, chain, batches };
}

/** What a line of version 2 leaves out. */
const MAIN_PLAN = {
  expected: [{
    id: "main",
    kind: "TaskCompletion",
    matcher: { eventType: "job.TaskCompleted", correlation: "any" },
    multiplicity: "ExactlyOnce",
    taskId: "main",
  }],
  policy: { errors: [], onCompensated: "Failed" },
};

/** The entry with the values that its line left out. */
export function filledIn(entry: IndependentEntry): IndependentEntry {
  const { eventId, taskId } = entry as { readonly eventId?: string; readonly taskId?: string };
  const isStart = entry.eventType === "job.TaskStarted" ||
    entry.eventType === "job.CompensationStarted";
  const filled = {
    ...(isStart ? { executionId: `exe_${eventId?.slice(4)}` } : {}),
    ...entry,
    occurredAt: entry["occurredAt"] ?? entry["receivedAt"],
  };
  if (entry.eventType === "job.TaskStarted" && taskId !== "main") {
    return { ...filled, attributes: { maxAttempts: 3, ...entry.attributes } };
  }
  if (entry.eventType !== "job.JobCreated") return filled;
  const attributes = { plan: MAIN_PLAN, priority: 0, labels: {}, ...entry.attributes };
  return { ...filled, attributes };
}

function checkOpening(name: string, first: IndependentEntry | undefined, chain: string): void {
  if (first === undefined) throw new Error(`${name}: empty batch`);
  if (`${String(first.logId).padStart(20, "0")}.ndjson` !== name) throw new Error(`${name}: name`);
  if (first.eventType !== "journal.SegmentOpened") throw new Error(`${name}: no SegmentOpened`);
  const { formatVersion, previousChain } = first.attributes;
  if (formatVersion !== 1 && formatVersion !== 2) {
    throw new Error(`${name}: format ${formatVersion}`);
  }
  if ((previousChain ?? "") !== chain) throw new Error(`${name}: previousChain`);
}

function checkBatch(
  name: string,
  lines: readonly Uint8Array[],
  firstLogId: number,
  chain: string,
): string {
  const hash = createHash("sha256").update(chain);
  let found: unknown;
  for (const [index, line] of lines.entries()) {
    const where = `${name}: logId ${firstLogId + index}`;
    const value = JSON.parse(text(line)) as IndependentEntry;
    checkKeys(where, Object.keys(value));
    if (value.logId !== firstLogId + index) throw new Error(`${where}: logId ${value.logId}`);
    if (value.batch !== firstLogId) throw new Error(`${where}: batch ${value.batch}`);
    checkCrc(where, line, value["crc"]);
    const isLast = index === lines.length - 1;
    if (("chain" in value) !== isLast) throw new Error(`${where}: chain is on the wrong line`);
    if (isLast) found = value["chain"];
    hash.update(isLast ? line.subarray(0, lastIndexOf(line, ',"chain":"')) : line);
    if (!isLast) hash.update("\n");
  }
  const expected = hash.digest("base64").replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
  if (found !== expected) throw new Error(`${name}: chain of batch ${firstLogId}`);
  return expected;
}

function checkKeys(where: string, keys: readonly string[]): void {
  const expected = KEY_ORDER.filter((key) => keys.includes(key));
  if (keys.join() !== expected.join()) throw new Error(`${where}: keys ${keys.join()}`);
}

function checkCrc(where: string, line: Uint8Array, found: unknown): void {
  const expected = crc32(line.subarray(0, lastIndexOf(line, ',"crc":"')));
  if (found !== expected.toString(16).padStart(8, "0")) throw new Error(`${where}: crc`);
}

/** A batch is a blank line, then lines; the file ends with a newline, or with blank lines. */
function batchesIn(name: string, bytes: Uint8Array): Uint8Array[][] {
  if (bytes.length > 0 && bytes.at(-1) !== 10) throw new Error(`${name}: no newline at the end`);
  const batches: Uint8Array[][] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(10, start);
    if (end === start) batches.push([]);
    else if (batches.length === 0) throw new Error(`${name}: no blank line at the start`);
    else batches.at(-1)?.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return batches.filter((lines) => lines.length > 0);
}

function lastIndexOf(line: Uint8Array, part: string): number {
  return new TextEncoder().encode(text(line).slice(0, text(line).lastIndexOf(part))).length;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
