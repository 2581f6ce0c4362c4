/**
 * Simulates a power cut after the process has died: gives a folder the content that the disk would
 * have, with everything synced and any part of the rest.
 */

import { DurableNames, type Node } from "./durable_names.ts";
import type { RecordingDisk } from "./recording_disk.ts";

const PAGE_BYTES = 4096;
const NEWLINE = 10;

/** From 0 up to 1. */
type Fraction = () => number;

type Range = readonly [from: number, to: number];

/** What is on disk of one file. */
interface Durable {
  /** The number of bytes from its start that are durable. */
  size: number;
  /** Writes since the last sync; those within the size overwrote newlines. */
  unsynced: Range[];
  /** Ranges that a failed sync should have written, with the byte that is there instead. */
  readonly holes: (readonly [...Range, byte: number])[];
}

/** Records while the power is on what is lost when it is cut. */
export class PowerSupply {
  #names: DurableNames;
  readonly #files = new Map<Node, Durable>();

  constructor(private readonly disk: RecordingDisk, private readonly fraction: Fraction) {
    this.#names = new DurableNames(disk.folder);
  }

  /** Everything in the folder is durable now. */
  async on(): Promise<void> {
    await this.disk.powerOn();
    this.#names = new DurableNames(this.disk.folder);
    this.#files.clear();
    await this.#take(this.disk.folder);
  }

  /** The process is dead: some or all of what it never synced is removed. */
  async cut(): Promise<void> {
    for (const [call = "", ...operands] of await this.disk.recorded()) this.#note(call, operands);
    const files = this.#names.afterCut(this.#nameSurvives());
    const contents = new Map<string, Uint8Array>();
    for (const [path, node] of files) contents.set(path, await this.#contentOf(node));
    await Deno.remove(this.disk.folder, { recursive: true });
    for (const [path, bytes] of contents) {
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, bytes);
    }
    await Deno.mkdir(this.disk.folder, { recursive: true });
  }

  async #take(folder: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) {
        this.#names.hadFolder(path);
        await this.#take(path);
        continue;
      }
      const { ino, size } = await Deno.stat(path);
      await Deno.link(path, `${this.disk.kept}/${ino}`);
      this.#names.hadFile(path, String(ino));
      this.#files.set(String(ino), { size, unsynced: [], holes: [] });
    }
  }

  #note(call: string, [first = "", second = "", third = ""]: readonly string[]): void {
    switch (call) {
      case "create":
        this.#files.set(first, { size: 0, unsynced: [], holes: [] });
        return this.#names.madeFile(second, first);
      case "mkdir":
        return this.#names.madeFolder(first);
      case "rename":
        return this.#names.renamed(first, second);
      case "unlink":
        return this.#names.removed(first);
      case "syncfolder":
        return this.#names.syncedFolder(first);
      case "write":
        this.#durable(first).unsynced.push([Number(second), Number(third)]);
        return;
      case "sync":
        Object.assign(this.#durable(first), { size: Number(second), unsynced: [] });
        return;
      case "fail":
        return lose(this.#durable(first), Number(second));
      default:
        throw new Error(`${call} is not a call that is recorded`);
    }
  }

  #durable(node: Node): Durable {
    const file = this.#files.get(node);
    if (file === undefined) throw new Error(`inode ${node} was synced and never made`);
    return file;
  }

  /** None of what was not synced, all, what came before some moment, or any of it. */
  #nameSurvives(): (index: number, count: number) => boolean {
    const kind = Math.floor(this.fraction() * 4);
    const moment = this.fraction();
    return (index, count) =>
      [false, true, index < moment * count, this.fraction() < 0.5][kind] ?? false;
  }

  async #contentOf(node: Node): Promise<Uint8Array> {
    const bytes = await Deno.readFile(`${this.disk.kept}/${node}`);
    const { size, unsynced, holes } = this.#durable(node);
    for (const [from, to, byte] of holes) bytes.fill(byte, from, to);
    for (const range of unsynced) loseOverwrites(bytes, range, size, this.fraction);
    return bytes.length <= size ? bytes : withoutUnsynced(bytes, size, this.fraction);
  }
}

/** A sync failed: what it should have written is lost, but the file keeps its length. */
function lose(file: Durable, size: number): void {
  for (const [from, to] of file.unsynced) {
    file.holes.push([from, Math.min(to, file.size), NEWLINE]);
  }
  file.unsynced = [];
  file.holes.push([file.size, size, 0]);
}

/** Any overwritten page of newlines may still have its old content. */
export function loseOverwrites(
  bytes: Uint8Array,
  [from, to]: Range,
  size: number,
  fraction: Fraction,
): void {
  const pageSurvives = fraction() < 0.3 ? 0 : fraction();
  const end = Math.min(to, size, bytes.length);
  for (let page = from; page < end; page = nextPage(page)) {
    if (fraction() >= pageSurvives) bytes.fill(NEWLINE, page, Math.min(nextPage(page), end));
  }
}

/**
 * The bytes up to a size, and some or none of those after it: the file may have grown by any number
 * of bytes, and each of its new pages is there or reads as zeros.
 */
export function withoutUnsynced(
  bytes: Uint8Array,
  size: number,
  fraction: Fraction,
): Uint8Array {
  if (fraction() < 0.3) return bytes.slice(0, size);
  const length = size + Math.floor(fraction() * (bytes.length - size + 1));
  const kept = bytes.slice(0, length);
  const pageSurvives = fraction();
  for (let page = size; page < length; page = nextPage(page)) {
    if (fraction() >= pageSurvives) kept.fill(0, page, Math.min(nextPage(page), length));
  }
  return kept;
}

function nextPage(offset: number): number {
  return (Math.floor(offset / PAGE_BYTES) + 1) * PAGE_BYTES;
}
