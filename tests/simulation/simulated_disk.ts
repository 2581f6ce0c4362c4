/**
 * A disk with a page cache and injected faults (weather). Operations take effect when the scheduler
 * says so; a crash ends the process in the middle of any of them.
 */

import type {
  FileStamp,
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../src/journal/files/file_system.ts";
import { inputOutputError, noSpace } from "../support/journal/journal_disk.ts";
import type { Dice } from "./dice.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Storage } from "./storage.ts";
import { StoredFile } from "./stored_file.ts";
import { type Stored, StoredFolder } from "./stored_folder.ts";
import type { Trace } from "./trace.ts";
import type { Strike, Weather } from "./weather.ts";

export interface DiskParts {
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly trace: Trace;
}

/** One operation: its effect when it succeeds, fails, or is cut short. */
interface Operation<Result> {
  readonly name: string;
  readonly path: string;
  readonly delayMs?: number;
  /** Whether it takes room on the disk. */
  readonly grows?: boolean;
  /** How much room, if it matters. */
  readonly bytes?: number;
  act(): Result;
  /** What is left of it if it fails or the process ends meanwhile; nothing by default. */
  fail?(): void;
}

/** The file that a journal removes to get room on a full disk. */
const RESERVE = "reserve";
/** Room that a full disk sometimes has for a short write. */
const FITS_ALL_THE_SAME = 0.3;

/** The disk of one process: after its end, its pending operations do not happen. */
export class SimulatedDisk implements FileSystem {
  constructor(
    private readonly parts: DiskParts,
    private readonly storage: Storage,
    private readonly life: number,
  ) {}

  open(path: string, mode: OpenMode): Promise<OpenFile> {
    const isNew = mode === "create";
    return this.#perform({
      name: isNew ? "create" : "open",
      path,
      grows: isNew,
      act: () => this.#handle(path, isNew ? this.#created(path) : this.#file(path)),
    });
  }

  lock(path: string): Promise<HeldLock | undefined> {
    return this.#perform({ name: "lock", path, act: () => this.#locked(path) });
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#perform({ name: "list", path: folder, act: () => this.#folder(folder).names });
  }

  kind(path: string): Promise<PathKind> {
    const stored = this.#find(path);
    if (stored === undefined) return Promise.resolve("missing");
    return Promise.resolve(stored instanceof StoredFile ? "file" : "folder");
  }

  stamp(path: string): Promise<FileStamp | undefined> {
    const stored = this.#find(path);
    return Promise.resolve(stored instanceof StoredFile ? stored.stamp : undefined);
  }

  makeFolder(path: string): Promise<void> {
    return this.#perform({ name: "makeFolder", path, grows: true, act: () => this.#made(path) });
  }

  isPrivate(_path: string): Promise<boolean> {
    return Promise.resolve(true);
  }

  makePrivate(_path: string): Promise<void> {
    return Promise.resolve();
  }

  rename(from: string, to: string): Promise<void> {
    const [folder, name] = split(from);
    const [otherFolder, newName] = split(to);
    if (folder !== otherFolder) throw new TypeError(`Cannot rename ${from}: the folders differ`);
    const act = () => {
      this.#stored(from);
      this.#folder(folder).rename(name, newName);
    };
    return this.#perform({ name: `rename to ${newName}`, path: from, act });
  }

  remove(path: string): Promise<void> {
    const [folder, name] = split(path);
    const act = () => {
      const stored = this.#stored(path);
      this.#folder(folder).remove(name);
      if (name === RESERVE && stored instanceof StoredFile) this.parts.weather.spare(stored.size);
    };
    return this.#perform({ name: "remove", path, act });
  }

  syncFolder(path: string): Promise<void> {
    return this.#perform({
      name: "syncFolder",
      path,
      delayMs: this.parts.weather.syncMs(),
      act: () => this.#folder(path).sync(),
      fail: () => this.#folder(path).failSync(this.parts.dice),
    });
  }

  #handle(path: string, file: StoredFile): OpenFile {
    return {
      write: (offset, bytes) => this.#write(path, file, offset, bytes),
      read: (offset, length) =>
        this.#perform({ name: "read", path, act: () => file.read(offset, length) }),
      size: () => Promise.resolve(file.size),
      truncate: (size) =>
        this.#perform({ name: `truncate to ${size}`, path, act: () => file.truncate(size) }),
      syncData: () => this.#sync("syncData", path, file),
      sync: () => this.#sync("sync", path, file),
      isAt: (path) => this.#find(path) === file,
      close: () => {},
    };
  }

  #write(path: string, file: StoredFile, offset: number, bytes: Uint8Array): Promise<void> {
    const { dice } = this.parts;
    const copy = bytes.slice();
    const growth = Math.max(0, offset + copy.length - file.size);
    return this.#perform({
      name: `write ${bytes.length} bytes at ${offset}`,
      path,
      grows: growth > 0,
      bytes: growth,
      act: () => file.write(offset, copy),
      fail: () => file.write(offset, copy.subarray(0, dice.between(0, copy.length - 1))),
    });
  }

  #sync(name: string, path: string, file: StoredFile): Promise<void> {
    const { dice, weather } = this.parts;
    const fail = () => file.failSync(dice);
    return this.#perform({ name, path, delayMs: weather.syncMs(), act: () => file.sync(), fail });
  }

  /** Takes effect in its turn, and then settles, unless the process ends first. */
  #perform<Result>(operation: Operation<Result>): Promise<Result> {
    const { scheduler, dice } = this.parts;
    const delayMs = operation.delayMs ?? 0;
    return new Promise((resolve, reject) => {
      scheduler.after(delayMs, this.life, () => {
        const strike = this.#strikeOn(operation);
        this.#note(operation, strike);
        if (strike === "kill" || strike === "power") {
          dice.pick([() => {}, () => operation.fail?.(), () => attempt(operation.act)])();
          return this.storage.onCrash(strike);
        }
        try {
          if (strike !== undefined) throw this.#failure(operation, strike);
          resolve(operation.act());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #strikeOn({ name, path, grows, bytes = 0 }: Operation<unknown>): Strike | undefined {
    const { weather, dice } = this.parts;
    const strike = weather.strike(name.startsWith("sync"));
    if (strike === "full" && !weather.isFull) this.#fill();
    if (strike === "full" || (strike === undefined && weather.isFull)) {
      if (!grows) return undefined;
      if (!path.endsWith(`/${RESERVE}`) && weather.takeSpared(bytes)) return undefined;
      return dice.chance(FITS_ALL_THE_SAME) ? undefined : "full";
    }
    if (strike !== undefined) weather.count(strike);
    return strike;
  }

  #fill(): void {
    const { weather, scheduler, trace } = this.parts;
    weather.count("full");
    weather.fill();
    trace.note(() => "the disk is full");
    scheduler.after(weather.fullMs(), 0, () => {
      weather.makeRoom();
      trace.note(() => "the disk has room");
    });
  }

  #failure(operation: Operation<unknown>, strike: Strike): Error {
    operation.fail?.();
    return strike === "full" ? noSpace() : inputOutputError();
  }

  #note({ name, path }: Operation<unknown>, strike: Strike | undefined): void {
    this.parts.trace.note(() =>
      `disk: ${name} ${path}${strike === undefined ? "" : `: ${strike}`}`
    );
  }

  #created(path: string): StoredFile {
    const [folder, name] = split(path);
    if (this.#find(path) !== undefined) throw new Deno.errors.AlreadyExists(path);
    const file = new StoredFile(this.storage.pageBytes, this.storage.ticks);
    this.#folder(folder).set(name, file);
    return file;
  }

  #made(path: string): void {
    if (this.#find(path) !== undefined) return;
    const [folder, name] = split(path);
    this.#folder(folder).set(name, new StoredFolder());
  }

  #locked(path: string): HeldLock | undefined {
    if (this.storage.locks.has(path)) return undefined;
    this.storage.locks.add(path);
    const file = this.#find(path) === undefined ? this.#created(path) : this.#file(path);
    const note = (text: string) => {
      file.truncate(0);
      file.write(0, new TextEncoder().encode(text));
    };
    return {
      note: (text) => this.#perform({ name: "note", path, act: () => note(text) }),
      isAt: (path) => this.#find(path) === file,
      release: () => void this.storage.locks.delete(path),
    };
  }

  #find(path: string): Stored | undefined {
    let stored: Stored | undefined = this.storage.root;
    for (const name of path.split("/")) {
      if (!(stored instanceof StoredFolder)) return undefined;
      stored = stored.get(name);
    }
    return stored;
  }

  #stored(path: string): Stored {
    const stored = this.#find(path);
    if (stored === undefined) throw new Deno.errors.NotFound(path);
    return stored;
  }

  #file(path: string): StoredFile {
    const stored = this.#stored(path);
    if (stored instanceof StoredFile) return stored;
    throw new Deno.errors.IsADirectory(path);
  }

  #folder(path: string): StoredFolder {
    const stored = this.#stored(path);
    if (stored instanceof StoredFolder) return stored;
    throw new Deno.errors.NotADirectory(path);
  }
}

function split(path: string): readonly [folder: string, name: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, at), path.slice(at + 1)];
}

/** The process gets no result, whether it works or not. */
function attempt(act: () => unknown): void {
  try {
    act();
  } catch {
    // As for an ended process.
  }
}
