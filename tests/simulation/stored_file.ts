/**
 * One file: its content as visible to programs, and as durable on disk. They differ by the pages
 * changed since the last sync. A crash leaves any part of these, in any order; a failed sync marks
 * the pages as clean, whether they reached the disk or not.
 */

import type { FileStamp } from "../../src/journal/files/file_system.ts";
import type { Dice } from "./dice.ts";

/** The pages that one write or truncation made dirty, with their new content. */
interface Change {
  readonly pages: readonly Page[];
  readonly size: number;
}

interface Page {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Bytes that grow and shrink; beyond their end everything is zero. */
class Content {
  #buffer = new Uint8Array(1024);
  size = 0;

  copy(): Content {
    const copy = new Content();
    copy.#buffer = this.#buffer.slice();
    copy.size = this.size;
    return copy;
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.#buffer.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, offset);
    this.size = Math.max(this.size, end);
  }

  resize(size: number): void {
    if (size > this.size) this.write(size, new Uint8Array());
    else this.#buffer.fill(0, size, this.size);
    this.size = size;
  }

  slice(start: number, end: number): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(Math.min(start, this.size), Math.min(end, this.size));
  }
}

/** Orders changes on one disk, and distinguishes files. */
export class Ticks {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}

export class StoredFile {
  readonly #ticks: Ticks;
  readonly #inode: number;
  /** A crash keeps it: times may be on disk before their pages. */
  #changed: number;
  #seen = new Content();
  #onDisk = new Content();
  #changes: Change[] = [];

  constructor(private readonly pageBytes: number, ticks = new Ticks()) {
    this.#ticks = ticks;
    this.#inode = ticks.next();
    this.#changed = ticks.next();
  }

  get size(): number {
    return this.#seen.size;
  }

  get stamp(): FileStamp {
    const changed = this.#changed;
    return { bytes: this.size, inode: this.#inode, modifiedMs: changed, changedMs: changed };
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#seen.slice(offset, offset + length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#seen.write(offset, bytes);
    this.#note(offset, offset + bytes.length);
  }

  truncate(size: number): void {
    this.#seen.resize(size);
    this.#note(size, size);
  }

  sync(): void {
    for (const { pages, size } of this.#changes) {
      this.#onDisk.resize(Math.max(size, this.#onDisk.size));
      for (const page of pages) this.#store(this.#onDisk, page);
      this.#onDisk.resize(size);
    }
    this.#onDisk.resize(this.#seen.size);
    this.#changes = [];
  }

  /** The error is reported once; the pages count as clean from then on. */
  failSync(dice: Dice): void {
    this.#onDisk = this.#remains(dice);
    this.#changes = [];
  }

  /** The machine stops: the content that it will read after the restart. */
  crash(dice: Dice): void {
    this.#seen = this.#remains(dice);
    this.#onDisk = this.#seen.copy();
    this.#changes = [];
  }

  #note(start: number, end: number): void {
    this.#changed = this.#ticks.next();
    const pages: Page[] = [];
    const first = Math.floor(start / this.pageBytes);
    for (let index = first; index * this.pageBytes < end; index++) {
      const from = index * this.pageBytes;
      pages.push({ index, bytes: this.#seen.slice(from, from + this.pageBytes) });
    }
    this.#changes.push({ pages, size: this.#seen.size });
  }

  #remains(dice: Dice): Content {
    const remains = this.#onDisk.copy();
    const last = this.#changes.at(-1);
    if (last === undefined) return remains;
    switch (dice.kind({ scattered: 5, torn: 2, whole: 4 })) {
      case "scattered":
        this.#storeSome(remains, () => dice.chance(0.6));
        remains.resize(this.#anySize(dice, last));
        break;
      case "torn":
        this.#storeTorn(remains, dice);
        remains.resize(this.#anySize(dice, last));
        break;
      case "whole":
        this.#storeFirst(remains, dice.between(0, this.#changes.length));
    }
    return remains;
  }

  #storeSome(remains: Content, isStored: () => boolean): void {
    for (const { pages } of this.#changes) {
      for (const page of pages) if (isStored()) this.#store(remains, page);
    }
  }

  /** Everything written, but only the first pages of the last write. */
  #storeTorn(remains: Content, dice: Dice): void {
    const last = this.#changes.findLast(({ pages }) => pages.length > 0);
    const kept = dice.between(0, last?.pages.length ?? 0);
    for (const change of this.#changes) {
      const pages = change === last ? change.pages.slice(0, kept) : change.pages;
      for (const page of pages) this.#store(remains, page);
    }
  }

  /** The first changes, each of them whole. */
  #storeFirst(remains: Content, count: number): void {
    for (const { pages, size } of this.#changes.slice(0, count)) {
      for (const page of pages) this.#store(remains, page);
      remains.resize(size);
    }
  }

  /** A size that the file had meanwhile, or one in between. */
  #anySize(dice: Dice, last: Change): number {
    const sizes = [this.#onDisk.size, ...this.#changes.map(({ size }) => size)];
    if (!dice.chance(0.3)) return dice.chance(0.5) ? last.size : dice.pick(sizes);
    const pages = Math.ceil(Math.max(...sizes) / this.pageBytes);
    const short = dice.between(0, pages) * this.pageBytes;
    return Math.min(Math.max(short, Math.min(...sizes)), Math.max(...sizes));
  }

  /** A whole page, padded with zeros. */
  #store(content: Content, { index, bytes }: Page): void {
    const offset = index * this.pageBytes;
    const end = Math.min(offset + this.pageBytes, content.size);
    content.write(offset, bytes);
    if (offset + bytes.length < end) {
      content.write(offset + bytes.length, new Uint8Array(end - offset - bytes.length));
    }
  }
}
