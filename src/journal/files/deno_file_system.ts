/** The file system of the machine, through Deno. */

import { dirname } from "node:path";
import { setImmediate } from "node:timers";
import { ensureDir } from "@std/fs";
import type { Clock } from "../../engine/ports.ts";
import type {
  FileStamp,
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "./file_system.ts";
import { SpareDescriptors } from "./spare_descriptors.ts";

const OPTIONS: Readonly<Record<OpenMode, Deno.OpenOptions>> = {
  read: { read: true },
  write: { write: true },
  create: { write: true, createNew: true, mode: 0o600 },
};

/** The permissions of group and others. */
const OTHERS = 0o077;

/**
 * Writes up to this size are synchronous: they only copy to the page cache, which takes less time
 * than handing them to another thread. The sync that follows usually runs on another thread.
 */
const QUICK_WRITE_BYTES = 256 * 1024;

/**
 * Reads up to this size are synchronous: they mostly copy from the page cache, in 5 us instead of
 * 35 us on another thread. Thousands of scattered lines are read this way.
 */
const QUICK_READ_BYTES = 64 * 1024;

/** Identifies an open file by its device and inode. */
class Identity {
  #own: Pick<Deno.FileInfo, "dev" | "ino"> | undefined;

  constructor(private readonly file: Deno.FsFile) {}

  /** Reads the identity once. It cannot be read while another thread syncs the file. */
  look(): Pick<Deno.FileInfo, "dev" | "ino"> {
    return this.#own ??= this.file.statSync();
  }

  isAt(path: string, bytes = 0): boolean {
    const { dev, ino } = this.look();
    if (ino === null) return true;
    try {
      const there = Deno.lstatSync(path);
      return there.ino === ino && there.dev === dev && there.size >= bytes;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error; // Where the path leads is not known, as without permission for its folder.
    }
  }
}

class DenoFile implements OpenFile {
  constructor(
    private readonly file: Deno.FsFile,
    private readonly identity: Identity,
    private readonly spares: SpareDescriptors,
    private readonly turns: Turns,
  ) {}

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    // Seeking does not touch the disk.
    this.file.seekSync(offset, Deno.SeekMode.Start);
    if (bytes.length > QUICK_WRITE_BYTES) return await writeAll(this.file, bytes);
    await writeAtOnce(this.file, bytes);
  }

  async read(
    offset: number,
    length: number,
    into = new Uint8Array(length),
  ): Promise<Uint8Array<ArrayBuffer>> {
    const isQuick = length <= QUICK_READ_BYTES;
    if (isQuick) await this.turns.nextTurn();
    const bytes = into.subarray(0, length);
    // A long read has started by the time this method returns.
    this.file.seekSync(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < length) {
      const rest = bytes.subarray(done);
      const count = isQuick ? this.file.readSync(rest) : await this.file.read(rest);
      if (count === null || count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  async size(): Promise<number> {
    return (await this.file.stat()).size;
  }

  truncate(size: number): Promise<void> {
    return this.file.truncate(size);
  }

  async syncData(holdUp = false): Promise<void> {
    if (holdUp) this.file.syncDataSync();
    else await this.file.syncData();
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  isAt(path: string, bytes: number): boolean {
    return this.identity.isAt(path, bytes);
  }

  close(): void {
    this.file.close();
    this.spares.refill();
  }
}

type Turns = Pick<Clock, "nextTurn">;

/** For a process that serves nobody meanwhile. */
const IMMEDIATES: Turns = { nextTurn: () => new Promise((resolve) => setImmediate(resolve)) };

/** Writes until all bytes are written: one write may take only some of them. */
export async function writeAll(
  file: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    const count = await file.write(rest);
    if (count === 0) throw new Error("Cannot write: the system took no bytes");
    rest = rest.subarray(count);
  }
}

async function writeAtOnce(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  await writeAll({ write: (rest) => Promise.resolve(file.writeSync(rest)) }, bytes);
}

/**
 * `undefined` if nothing is there. Synchronous, since metadata is hardly ever read from the disk,
 * and a start needs that of each segment and sidecar.
 */
function metadataAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function kindOf(found: Deno.FileInfo | undefined): PathKind {
  if (found === undefined) return "missing";
  if (found.isSymlink) return "link";
  if (found.isFile) return "file";
  return found.isDirectory ? "folder" : "other";
}

function stampOf(found: Deno.FileInfo | undefined): FileStamp | undefined {
  if (found === undefined) return undefined;
  const { isFile, size, ino, mtime, ctime } = found;
  if (!isFile || ino === null || mtime === null || ctime === null) return undefined;
  return { bytes: size, inode: ino, modifiedMs: mtime.getTime(), changedMs: ctime.getTime() };
}

/** Needs read and write permission for the folder. */
export class DenoFileSystem implements FileSystem {
  readonly #spares = new SpareDescriptors();

  /** @param turns Every quick read waits for one: thousands may follow each other. */
  constructor(private readonly turns: Turns = IMMEDIATES) {}

  /** Reserves descriptors for the journal in this folder until its lock is released. */
  keepDescriptors(folder: string): void {
    this.#spares.keep(folder);
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const purpose = mode === "read" ? "read" : "write";
    const file = await this.#opened(path, OPTIONS[mode], purpose);
    if (mode === "create") giveToOwner(path);
    const identity = new Identity(file);
    if (purpose === "write") identity.look();
    return new DenoFile(file, identity, this.#spares, this.turns);
  }

  async lock(path: string): Promise<HeldLock | undefined> {
    const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
    giveToOwner(path);
    if (await held(file)) {
      const identity = new Identity(file);
      return {
        note: (text) => replaceText(file, text),
        isAt: (path) => identity.isAt(path),
        release: () => {
          // Unlocks explicitly: a child process that is just being started shares the file, and its
          // lock, until it runs its program.
          file.unlockSync();
          file.close();
          this.#spares.releaseAll();
        },
      };
    }
    file.close();
    return undefined;
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    } catch (error) {
      return this.#spares.use("write", error, () => [...Deno.readDirSync(folder)])
        .map(({ name }) => name);
    } finally {
      this.#spares.refill();
    }
  }

  kind(path: string): Promise<PathKind> {
    return Promise.try(() => kindOf(metadataAt(path)));
  }

  stamp(path: string): Promise<FileStamp | undefined> {
    return Promise.try(() => stampOf(metadataAt(path)));
  }

  async makeFolder(path: string): Promise<void> {
    try {
      await Deno.mkdir(path, { mode: 0o700 });
      giveToOwner(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      await ensureDir(path); // Fails if the path is a file.
    }
  }

  async isPrivate(path: string): Promise<boolean> {
    const { mode } = await Deno.stat(path);
    return mode === null || (mode & OTHERS) === 0;
  }

  async makePrivate(path: string): Promise<void> {
    const { mode } = await Deno.stat(path);
    if (mode !== null) await Deno.chmod(path, mode & 0o700);
  }

  rename(from: string, to: string): Promise<void> {
    return Deno.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return Deno.remove(path);
  }

  async syncFolder(path: string): Promise<void> {
    requireGranted(path);
    const folder = await this.#opened(path, { read: true }, "write");
    try {
      await folder.sync();
    } finally {
      folder.close();
      this.#spares.refill();
    }
  }

  /**
   * Opens a file for reading synchronously: it exists, so this takes less time than another thread
   * would.
   */
  async #opened(
    path: string,
    options: Deno.OpenOptions,
    purpose: "read" | "write",
  ): Promise<Deno.FsFile> {
    try {
      return purpose === "read" ? Deno.openSync(path, options) : await Deno.open(path, options);
    } catch (error) {
      return this.#spares.use(purpose, error, () => Deno.openSync(path, options));
    }
  }
}

/**
 * What root creates belongs to the owner of the folder around it: the server must be able to use a
 * journal that root has repaired. Only root may give files away.
 */
function giveToOwner(path: string): void {
  const around = dirname(path);
  try {
    requireGranted(around);
    const { uid, gid } = Deno.statSync(around);
    const own = Deno.lstatSync(path);
    if (own.uid === 0 && !own.isSymlink) Deno.chownSync(path, uid, gid);
  } catch {
    // Whose it should be is unknown, or the system does not allow it.
  }
}

/** Folders outside the journal are synced only if that is permitted; no permission is requested. */
function requireGranted(path: string): void {
  if (Deno.permissions.querySync({ name: "read", path }).state === "granted") return;
  throw new Deno.errors.NotCapable(`Requires read access to "${path}"`);
}

async function held(file: Deno.FsFile): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Synchronous, so that the texts of two calls are never mixed. */
async function replaceText(file: Deno.FsFile, text: string): Promise<void> {
  file.truncateSync(0);
  file.seekSync(0, Deno.SeekMode.Start);
  await writeAtOnce(file, new TextEncoder().encode(text));
}
