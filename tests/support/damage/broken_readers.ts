/**
 * Readers that lack one check. Their input is changed so that the check always passes, so `src/`
 * needs no switch for it, and a sweep can show that it would catch this.
 */

import { createHash } from "node:crypto";
import type { Damage } from "./damage_kinds.ts";
import { bodyOf, withCrc } from "../journal/journal_bytes.ts";
import {
  bytesOf,
  type MemoryDisk,
  segmentPaths,
  setText,
  textAt,
} from "../journal/journal_memory_disk.ts";
import { forkOf, type WrittenJournal } from "../journal/written_journal.ts";

interface Check {
  readonly crc: boolean;
  readonly chain: boolean;
}

/** Makes the missing checks pass by correcting each crc or chain. */
export function withoutChecks(missing: Check): (disk: MemoryDisk) => MemoryDisk {
  return (disk) => {
    const fork = forkOf(disk);
    let chain = "";
    for (const path of segmentPaths(fork)) {
      const mended = mendedText(textAt(fork, path), chain, missing);
      setText(fork, path, mended.text);
      chain = mended.chain;
    }
    return fork;
  };
}

/** Cannot distinguish batches: every whole line may belong to any batch. */
export function withoutBatchId(journal: WrittenJournal): (disk: MemoryDisk) => MemoryDisk {
  const lines = journal.batches.at(-1)?.lines.slice(1) ?? [];
  const path = journal.segments.at(-1) ?? "";
  return (disk) => {
    const fork = forkOf(disk);
    let text = textAt(fork, path);
    for (const line of lines) {
      const logId = /^\{"logId":(\d+),/.exec(line)?.[1];
      const other = bodyOf(line).replace(/"batch":\d+/, `"batch":${logId}`);
      text = text.replace(line, () => withCrc(other));
    }
    setText(fork, path, text);
    return fork;
  };
}

/** Treats newlines written ahead as the end of the last segment, whatever follows. */
export function endingAtBlankLines(disk: MemoryDisk): MemoryDisk {
  const fork = forkOf(disk);
  const path = segmentPaths(fork).at(-1) ?? "";
  const text = textAt(fork, path);
  const end = /\n{3}/.exec(text)?.index ?? text.length;
  setText(fork, path, text.slice(0, end + 1));
  return fork;
}

/** Damage to the output of a writer without seals: the last batch, a seal, is missing. */
export function* unsealed(journal: WrittenJournal, damages: Iterable<Damage>): Iterable<Damage> {
  const seal = journal.batches.at(-1);
  const path = journal.segments.at(-1) ?? "";
  for (const damage of damages) {
    const apply = (disk: MemoryDisk) => {
      damage.apply(disk);
      disk.files.set(path, bytesOf(disk, path).slice(0, seal?.start));
    };
    yield { ...damage, apply };
  }
}

/** A reader of snapshots that does not check the digest. */
export function withoutDigest(disk: MemoryDisk): MemoryDisk {
  const fork = forkOf(disk);
  for (const path of fork.files.keys()) {
    if (!path.endsWith(".snapshot")) continue;
    const bytes = bytesOf(fork, path);
    const trailerAt = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    const content = bytes.subarray(0, trailerAt);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const lines = new TextDecoder().decode(content).split("\n").length - 2;
    const trailer = new TextEncoder().encode(`${JSON.stringify({ lines, sha256 })}\n`);
    const mended = new Uint8Array(content.length + trailer.length);
    mended.set(content);
    mended.set(trailer, content.length);
    fork.files.set(path, mended);
  }
  return fork;
}

function mendedText(text: string, previousChain: string, missing: Check) {
  let chain = previousChain;
  const batches = text.split(/(?<=\n)(?=\n)/).map((batch) => {
    const lines = batch.slice(1, -1).split("\n").map((line) => mendedLine(line, chain, missing));
    const last = lines.pop() ?? "";
    const found = /,"chain":"([^"]*)","crc":"[^"]*"\}$/.exec(last)?.[1];
    if (found === undefined) return batch;
    const body = bodyOf(last);
    const covered = lines.map((line) => `${line}\n`).join("") + body;
    const digest = createHash("sha256").update(chain + covered).digest("base64url");
    chain = missing.chain ? digest : found;
    const isTrusted = missing.crc || crcHolds(last);
    const commit = isTrusted ? withCrc(`${body},"chain":"${chain}"`) : last;
    return `\n${[...lines, commit].join("\n")}\n`;
  });
  return { text: batches.join(""), chain };
}

/** Without one of the checks a line passes unchanged; otherwise only if nothing is wrong. */
function mendedLine(line: string, chain: string, missing: Check): string {
  const body = line.replace(/,"crc":"[^"]*"\}$/, "");
  if (body === line || !(missing.crc || crcHolds(line))) return line;
  if (!missing.chain) return withCrc(body);
  return withCrc(body.replace(/"previousChain":"[^"]*"/, `"previousChain":"${chain}"`));
}

function crcHolds(line: string): boolean {
  return withCrc(line.replace(/,"crc":"[^"]*"\}$/, "")) === line;
}
