/** Disks that pass everything on to another disk, real or in memory. */

import type {
  FileStamp,
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../../src/journal/files/file_system.ts";

/** Operations that change something, or make it durable. */
export type DiskOperation =
  | "create"
  | "write"
  | "truncate"
  | "syncData"
  | "sync"
  | "syncFolder"
  | "rename"
  | "remove"
  | "makeFolder"
  | "note"
  | "read";

/** Operations that a test can wait for; listing a folder changes nothing, but is one of them. */
type AwaitedOperation = DiskOperation | "list";

export interface Fault {
  readonly operation: DiskOperation;
  /** Part of the path that it applies to; every path by default. */
  readonly path?: string;
  readonly error: Error;
  /** Bytes that `write` writes before it fails. */
  readonly bytesWritten?: number;
}

/** Passes everything on. */
export class PassingDisk implements FileSystem {
  constructor(readonly inner: FileSystem) {}

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    return this.wrapped(await this.inner.open(path, mode), path);
  }

  wrapped(file: OpenFile, _path: string): OpenFile {
    return file;
  }

  lock(path: string): Promise<HeldLock | undefined> {
    return this.inner.lock(path);
  }

  list(folder: string): Promise<readonly string[]> {
    return this.inner.list(folder);
  }

  kind(path: string): Promise<PathKind> {
    return this.inner.kind(path);
  }

  stamp(path: string): Promise<FileStamp | undefined> {
    return this.inner.stamp(path);
  }

  isPrivate(path: string): Promise<boolean> {
    return this.inner.isPrivate(path);
  }

  makePrivate(path: string): Promise<void> {
    return this.inner.makePrivate(path);
  }

  makeFolder(path: string): Promise<void> {
    return this.inner.makeFolder(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.inner.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.inner.remove(path);
  }

  syncFolder(path: string): Promise<void> {
    return this.inner.syncFolder(path);
  }
}

/** A disk that a test can crash, block and make fail. */
export class TestDisk extends PassingDisk {
  readonly #open = new Set<{ close(): void }>();
  readonly #underWay = new Set<Promise<unknown>>();
  #faults: Fault[] = [];
  #waiting: { readonly operation: AwaitedOperation; readonly resolve: () => void }[] = [];
  #gate: PromiseWithResolvers<void> | undefined;
  #reached = Promise.withResolvers<void>();
  /** Operations as `operation path`, since the last `forget`. */
  operations: string[] = [];
  /** For each `syncData`, whether it was allowed to block the event loop. */
  heldUp: boolean[] = [];
  /** Bytes read from files, since the last `forget`. */
  bytesRead = 0;
  /** Called before each operation that changes something; throwing makes it fail. */
  before: (operation: DiskOperation, path: string) => void = () => {};

  /** The next operation that the fault applies to fails, once. */
  fail(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** No `syncData` returns until `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers();
    this.#reached = Promise.withResolvers();
  }

  /** Resolves when a `syncData` has begun that `hold` blocks. */
  get held(): Promise<void> {
    return this.#reached.promise;
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** As if the process died: files are closed and locks released. */
  crash(): void {
    for (const each of this.#open) each.close();
    this.#open.clear();
    this.#faults = [];
    this.release();
  }

  /** Resolves when no operation is running, such as one that a crash did not wait for. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
  }

  forget(): void {
    this.operations = [];
    this.heldUp = [];
    this.bytesRead = 0;
  }

  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    if (mode === "create") this.#begin("create", path);
    return await super.open(path, mode);
  }

  override async lock(path: string): Promise<HeldLock | undefined> {
    const lock = await this.inner.lock(path);
    if (lock === undefined) return undefined;
    const closing = { close: () => lock.release() };
    this.#open.add(closing);
    return {
      note: (text) => this.#run("note", path, () => lock.note(text)),
      isAt: (path) => lock.isAt(path),
      release: () => {
        if (this.#open.delete(closing)) lock.release();
      },
    };
  }

  override async list(folder: string): Promise<readonly string[]> {
    const names = await this.inner.list(folder);
    this.#tell("list");
    return names;
  }

  override makeFolder(path: string): Promise<void> {
    return this.#run("makeFolder", path, () => this.inner.makeFolder(path));
  }

  override rename(from: string, to: string): Promise<void> {
    return this.#run("rename", to, () => this.inner.rename(from, to));
  }

  override remove(path: string): Promise<void> {
    return this.#run("remove", path, () => this.inner.remove(path));
  }

  override syncFolder(path: string): Promise<void> {
    return this.#run("syncFolder", path, () => this.inner.syncFolder(path));
  }

  /** Resolves when this operation has been done the next time. */
  done(operation: AwaitedOperation): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ operation, resolve }));
  }

  override wrapped(file: OpenFile, path: string): OpenFile {
    this.#open.add(file);
    return {
      write: (offset, bytes) => this.#write(file, path, offset, bytes),
      read: async (offset, length) => {
        const bytes = await this.#run("read", path, () => file.read(offset, length));
        this.bytesRead += bytes.length;
        return bytes;
      },
      size: () => file.size(),
      truncate: (size) => this.#run("truncate", path, () => file.truncate(size)),
      syncData: async (holdUp = false) => {
        this.heldUp.push(holdUp);
        if (this.#gate !== undefined) this.#reached.resolve();
        await this.#gate?.promise;
        await this.#run("syncData", path, () => file.syncData(holdUp));
      },
      sync: () => this.#run("sync", path, () => file.sync()),
      isAt: (path, bytes) => file.isAt(path, bytes),
      close: () => {
        if (this.#open.delete(file)) file.close();
      },
    };
  }

  async #write(
    file: OpenFile,
    path: string,
    offset: number,
    bytes: Uint8Array,
  ): Promise<void> {
    try {
      this.#begin("write", path);
    } catch (error) {
      const fault = error instanceof InjectedFault ? error.fault : undefined;
      await file.write(offset, bytes.subarray(0, fault?.bytesWritten ?? 0));
      throw fault?.error ?? error;
    }
    await this.#tracked(file.write(offset, bytes));
  }

  async #tracked<Result>(operation: Promise<Result>): Promise<Result> {
    this.#underWay.add(operation);
    try {
      return await operation;
    } finally {
      this.#underWay.delete(operation);
    }
  }

  async #run<Result>(
    operation: DiskOperation,
    path: string,
    action: () => Promise<Result>,
  ): Promise<Result> {
    this.#begin(operation, path);
    const result = await this.#tracked(action());
    this.#tell(operation);
    return result;
  }

  #tell(operation: AwaitedOperation): void {
    const done = this.#waiting.filter((each) => each.operation === operation);
    this.#waiting = this.#waiting.filter((each) => each.operation !== operation);
    for (const { resolve } of done) resolve();
  }

  #begin(operation: DiskOperation, path: string): void {
    this.before(operation, path);
    this.operations.push(`${operation} ${path}`);
    const index = this.#faults.findIndex((fault) =>
      fault.operation === operation && path.includes(fault.path ?? "")
    );
    const [fault] = index < 0 ? [] : this.#faults.splice(index, 1);
    if (fault === undefined) return;
    throw operation === "write" ? new InjectedFault(fault) : fault.error;
  }
}

class InjectedFault extends Error {
  constructor(readonly fault: Fault) {
    super(fault.error.message);
  }
}

/** As Deno throws it. */
export function noSpace(): Error {
  return Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
}

/** As Deno throws it. */
export function noDescriptor(): Error {
  return Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
}

/** As Deno throws it. */
export function inputOutputError(): Error {
  return Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" });
}
