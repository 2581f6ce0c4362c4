/** Everything that is done to the segments of a journal, to test whether it is detected. */

import { bytesOf, type MemoryDisk } from "../journal/journal_memory_disk.ts";
import { withBlankEnd, withCrc } from "../journal/journal_bytes.ts";
import type { Bytes, WrittenJournal } from "../journal/written_journal.ts";

export interface Damage {
  readonly kind: string;
  /** What reproduces it. */
  readonly what: string;
  apply(disk: MemoryDisk): void;
}

const PAGE = 512;
const NEWLINE = 10;

/**
 * Every byte with one flipped bit, a different one for each byte, or all eight.
 *
 * @param first The bit of the first byte.
 */
export function* flips(disk: MemoryDisk, path: string, bits: 1 | 8, first = 0): Iterable<Damage> {
  const whole = bytesOf(disk, path);
  for (let offset = 0; offset < whole.length; offset++) {
    for (let count = 0; count < bits; count++) {
      const bit = (first + offset + count) % 8;
      yield replaced("flipped bit", path, `bit ${bit} of byte ${offset}`, () => {
        const bytes = whole.slice();
        bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
        return bytes;
      });
    }
  }
}

/** Every size from zero to one byte less. */
export function* truncations(disk: MemoryDisk, path: string): Iterable<Damage> {
  const whole = bytesOf(disk, path);
  for (let size = 0; size < whole.length; size++) {
    yield replaced("truncation", path, `cut to ${size} bytes`, () => whole.slice(0, size));
  }
}

/** Each line removed, repeated, zeroed, and replaced by other content with a correct crc. */
export function* lineDamage(disk: MemoryDisk, path: string): Iterable<Damage> {
  const lines = linesOf(bytesOf(disk, path));
  for (const [index, line] of lines.entries()) {
    const at = (kind: string, become: readonly Bytes[]) =>
      replaced(kind, path, `line ${index + 1}`, () => joined(lines.with(index, joined(become))));
    yield at("removed line", []);
    yield at("repeated line", [line, line]);
    if (line.length === 1) continue;
    yield at("zeroed line", [zeroed(line, 0, line.length - 1)]);
    yield at("zeroed line and its newline", [new Uint8Array(line.length)]);
    yield at("forged line with a right crc", [forgedLine(line)]);
  }
}

/** Any two lines swapped, within a segment or across two of them. */
export function* swappedLines(journal: WrittenJournal, every = 1): Iterable<Damage> {
  const all = journal.segments.flatMap((path) =>
    linesOf(bytesOf(journal.disk, path)).map((line, index) => ({ path, line, index }))
  );
  let count = 0;
  for (const [position, left] of all.entries()) {
    for (const right of all.slice(position + 1)) {
      if (sameBytes(left.line, right.line) || count++ % every > 0) continue;
      const what = `line ${left.index + 1} of ${left.path} and ${right.index + 1} of ${right.path}`;
      yield {
        kind: left.path === right.path ? "swapped lines" : "lines swapped across segments",
        what,
        apply(disk) {
          putLine(disk, left.path, left.index, right.line);
          putLine(disk, right.path, right.index, left.line);
        },
      };
    }
  }
}

/** Each batch removed, repeated after itself and at the end, and swapped with any other. */
export function* batchDamage(journal: WrittenJournal): Iterable<Damage> {
  const batches = journal.batches.map((batch, index) => {
    const path = journal.segments[batch.segment] ?? "";
    return { index, path, bytes: bytesOf(journal.disk, path).slice(batch.start, batch.end) };
  });
  const last = batches.at(-1);
  for (const batch of batches) {
    const where = `batch ${batch.index + 1}`;
    const become = (bytes: readonly Bytes[]) => (disk: MemoryDisk) =>
      putBatches(disk, journal, new Map([[batch.index, joined(bytes)]]));
    yield { kind: "removed batch", what: where, apply: become([]) };
    yield { kind: "repeated batch", what: where, apply: become([batch.bytes, batch.bytes]) };
    yield {
      kind: "batch repeated at the end",
      what: where,
      apply: (disk) =>
        putBatches(
          disk,
          journal,
          new Map([[last?.index ?? 0, joined([last?.bytes ?? NOTHING, batch.bytes])]]),
        ),
    };
    for (const other of batches.slice(batch.index + 1)) {
      yield {
        kind: batch.path === other.path ? "swapped batches" : "batches swapped across segments",
        what: `${where} and ${other.index + 1}`,
        apply: (disk) =>
          putBatches(
            disk,
            journal,
            new Map([[batch.index, other.bytes], [other.index, batch.bytes]]),
          ),
      };
    }
  }
}

/** Each run of pages zeroed, as if a disk had lost them. */
export function zeroedPages(disk: MemoryDisk, path: string): Iterable<Damage> {
  return changedPages("zeroed pages", zeroed, disk, path);
}

function* changedPages(
  kind: string,
  changed: (whole: Bytes, start: number, end: number) => Bytes,
  disk: MemoryDisk,
  path: string,
): Iterable<Damage> {
  const whole = bytesOf(disk, path);
  for (let start = 0; start < whole.length; start += PAGE) {
    for (let end = start + PAGE; end < whole.length + PAGE; end += PAGE) {
      yield replaced(kind, path, `from ${start} to ${end}`, () => changed(whole, start, end));
    }
  }
}

/** Each run of pages as it was written ahead, as if a disk had lost later writes. */
export function blankPages(disk: MemoryDisk, path: string): Iterable<Damage> {
  const blank = (whole: Bytes, start: number, end: number) => filled(whole, start, end, NEWLINE);
  return changedPages("blank pages", blank, disk, path);
}

/** Zeros, and other bytes, after the end. */
export function* appended(disk: MemoryDisk, path: string): Iterable<Damage> {
  const whole = bytesOf(disk, path);
  for (const count of [1, 7, 511, 512, 4096, 65_536]) {
    const zeros = new Uint8Array(count);
    yield replaced("zeros at the end", path, `${count}`, () => joined([whole, zeros]));
  }
  for (const text of ["\n", "x", "{", '\n{"logId":', "\r\n", "\n\n\n", "\ufeff"]) {
    const bytes = new TextEncoder().encode(text);
    yield replaced(
      "other bytes at the end",
      path,
      JSON.stringify(text),
      () => joined([whole, bytes]),
    );
  }
}

/**
 * A power cut while the last batch was written: any of its pages may be missing. If the segment had
 * been written ahead, there are newlines instead, and after them.
 */
export function* powerCuts(journal: WrittenJournal): Iterable<Damage> {
  const { start, end, segment } = journal.batches.at(-1) ?? { start: 0, end: 0, segment: 0 };
  const path = journal.segments[segment] ?? "";
  const whole = bytesOf(journal.disk, path);
  const firstPage = Math.floor(start / PAGE);
  const pages = Math.ceil(end / PAGE) - firstPage;
  for (let kept = 0; kept < 2 ** pages - 1; kept++) {
    const left = (missing: number) => {
      const bytes = whole.slice();
      for (let page = 0; page < pages; page++) {
        if (kept & (1 << page)) continue;
        const from = (firstPage + page) * PAGE;
        bytes.fill(missing, Math.max(start, from), from + PAGE);
      }
      return bytes;
    };
    const what = `pages ${kept.toString(2)} of the last batch`;
    yield replaced("power cut", path, what, () => left(0));
    const ahead = () => withBlankEnd(left(NEWLINE), 2 * PAGE);
    yield replaced("power cut, written ahead", path, what, ahead);
  }
}

/** Files that are missing, swapped, renamed, duplicated, or not the journal's. */
export function* fileDamage({ segments, disk }: WrittenJournal): Iterable<Damage> {
  const folder = "journal/segments/";
  for (const path of segments) {
    yield {
      kind: "missing segment",
      what: path,
      apply: (changed) => void changed.files.delete(path),
    };
    for (const name of ["7.ndjson", `${"0".repeat(19)}5.ndjson`, `${"9".repeat(20)}.ndjson`, "x"]) {
      const apply = (changed: MemoryDisk) => {
        changed.files.delete(path);
        changed.files.set(folder + name, bytesOf(disk, path));
      };
      yield { kind: "renamed segment", what: `${path} to ${name}`, apply };
      const twice = (changed: MemoryDisk) =>
        void changed.files.set(folder + name, bytesOf(disk, path));
      yield { kind: "segment that is there twice", what: `${path} as ${name}`, apply: twice };
    }
    for (const other of segments) {
      if (other === path) continue;
      yield replaced("segment in place of another", path, other, () => bytesOf(disk, other));
      if (other < path) continue;
      const swap = (changed: MemoryDisk) => {
        changed.files.set(path, bytesOf(disk, other));
        changed.files.set(other, bytesOf(disk, path));
      };
      yield { kind: "swapped segments", what: `${path} and ${other}`, apply: swap };
    }
  }
  for (const name of ["notes.txt", ".DS_Store", `${"0".repeat(19)}1.ndjson.bak`]) {
    const apply = (changed: MemoryDisk) => void changed.files.set(folder + name, new Uint8Array(3));
    yield { kind: "foreign file", what: name, apply };
  }
}

const NOTHING: Bytes = new Uint8Array();

function replaced(kind: string, path: string, what: string, become: () => Bytes): Damage {
  const apply = (disk: MemoryDisk) => void disk.files.set(path, become());
  return { kind, what: `${path}: ${what}`, apply };
}

/** With their newlines. */
function linesOf(bytes: Bytes): Bytes[] {
  const lines: Bytes[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    lines.push(bytes.slice(start, end));
    start = end;
  }
  return lines;
}

function putLine(disk: MemoryDisk, path: string, index: number, line: Bytes): void {
  disk.files.set(path, joined(linesOf(bytesOf(disk, path)).with(index, line)));
}

function putBatches(
  disk: MemoryDisk,
  journal: WrittenJournal,
  others: ReadonlyMap<number, Bytes>,
): void {
  for (const [segment, path] of journal.segments.entries()) {
    const whole = bytesOf(journal.disk, path);
    const parts = journal.batches.flatMap((batch, index) =>
      batch.segment === segment ? [others.get(index) ?? whole.subarray(batch.start, batch.end)] : []
    );
    disk.files.set(path, joined(parts));
  }
}

/** The same position with other content, like a forger who does not change the chain. */
function forgedLine(line: Bytes): Bytes {
  const text = new TextDecoder().decode(line);
  const [, before = "", digit = "0", after = ""] =
    /^(.*"receivedAt":"[^"]*\.\d\d)(\d)(Z.*),"crc":"[^"]*"\}\n$/.exec(text) ?? [];
  return new TextEncoder().encode(withCrc(`${before}${(Number(digit) + 1) % 10}${after}`) + "\n");
}

function zeroed(bytes: Bytes, start: number, end: number): Bytes {
  return filled(bytes, start, end, 0);
}

function filled(bytes: Bytes, start: number, end: number, byte: number): Bytes {
  const copy = bytes.slice();
  copy.fill(byte, start, end);
  return copy;
}

function joined(parts: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function sameBytes(left: Bytes, right: Bytes): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
