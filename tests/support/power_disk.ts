/**
 * A disk in memory at which the power can go: it tells what is on it from what was only
 * written. Names in a folder and the content of a file are durable when they were synced, and
 * after a power cut any part of the rest may be there or not.
 */

import type {
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../src/journal/file_system.ts";

type Bytes = Uint8Array<ArrayBuffer>;

class FileNode {
  content: Bytes = new Uint8Array();
  durable: Bytes = new Uint8Array();
}

/** What one operation changes in one folder; `undefined` takes the name away. */
type NameChange = readonly (readonly [name: string, node: Node | undefined])[];

class FolderNode {
  readonly names = new Map<string, Node>();
  readonly durable = new Map<string, Node>();
  /** Not synced yet, in order. */
  pending: NameChange[] = [];
}

type Node = FileNode | FolderNode;

/** What may come before or be missing after a power cut. */
export type ContentFate = "lost" | "kept" | "half" | "zeros";
const FATES: readonly ContentFate[] = ["lost", "kept", "half", "zeros"];

export class PowerDisk implements FileSystem {
  #root = new FolderNode();
  readonly #locks = new Set<string>();
  /** Called before each operation that changes something, and once more at `end`. */
  before: (operation: string) => void = () => {};

  /** The content of every file, by its path. */
  get files(): ReadonlyMap<string, Bytes> {
    return new Map(filesIn(this.#root));
  }

  /** Puts a file there, on disk with its name and those of its folders. */
  put(path: string, bytes: Bytes): void {
    const file = new FileNode();
    file.content = file.durable = bytes;
    const folders = path.split("/");
    const name = folders.pop() ?? "";
    let folder = this.#root;
    for (const each of folders) {
      const found = folder.names.get(each) ?? new FolderNode();
      if (found instanceof FileNode) throw new TypeError(`Cannot use ${each}: it is a file`);
      folder.names.set(each, found);
      folder.durable.set(each, found);
      folder = found;
    }
    folder.names.set(name, file);
    folder.durable.set(name, file);
  }

  /** What is there now, however it ends: another disk, and what is not durable on it. */
  cut(): PowerCut {
    return new PowerCut(cloneOf(this.#root, new Map()));
  }

  /** The same disk for the next process: the one that had it is gone, and its locks with it. */
  restarted(): PowerDisk {
    return PowerDisk.of(this.#root);
  }

  static of(root: FolderNode): PowerDisk {
    const disk = new PowerDisk();
    disk.#root = root;
    return disk;
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    if (mode === "create") await this.#create(path);
    const node = this.#find(path);
    if (!(node instanceof FileNode)) throw new Deno.errors.NotFound(path);
    return this.#handle(path, node);
  }

  lock(path: string): Promise<HeldLock | undefined> {
    if (this.#locks.has(path)) return Promise.resolve(undefined);
    this.#locks.add(path);
    const release = () => void this.#locks.delete(path);
    return Promise.resolve({ note: () => Promise.resolve(), release });
  }

  list(path: string): Promise<readonly string[]> {
    return Promise.try(() => [...this.#folder(path).names.keys()]);
  }

  kind(path: string): Promise<PathKind> {
    const node = this.#find(path);
    if (node === undefined) return Promise.resolve("missing");
    return Promise.resolve(node instanceof FileNode ? "file" : "folder");
  }

  makeFolder(path: string): Promise<void> {
    return Promise.try(() => {
      let folder = this.#root;
      for (const name of partsOf(path)) {
        const found = folder.names.get(name);
        if (found instanceof FileNode) throw new Deno.errors.AlreadyExists(path);
        if (found === undefined) this.before(`makeFolder ${path}`);
        const next = found ?? new FolderNode();
        if (found === undefined) change(folder, [[name, next]]);
        folder = next;
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return Promise.try(() => {
      const node = this.#find(from);
      if (node === undefined) throw new Deno.errors.NotFound(from);
      this.before(`rename ${from} ${to}`);
      const [source, target] = [this.#placeOf(from), this.#placeOf(to)];
      if (source.folder === target.folder) {
        change(source.folder, [[source.name, undefined], [target.name, node]]);
      } else {
        change(target.folder, [[target.name, node]]);
        change(source.folder, [[source.name, undefined]]);
      }
    });
  }

  remove(path: string): Promise<void> {
    return Promise.try(() => {
      const { folder, name } = this.#placeOf(path);
      if (!folder.names.has(name)) throw new Deno.errors.NotFound(path);
      this.before(`remove ${path}`);
      change(folder, [[name, undefined]]);
    });
  }

  syncFolder(path: string): Promise<void> {
    return Promise.try(() => {
      const folder = this.#folder(path);
      this.before(`syncFolder ${path}`);
      for (const each of folder.pending) apply(folder.durable, each);
      folder.pending = [];
    });
  }

  #create(path: string): Promise<void> {
    return Promise.try(() => {
      const { folder, name } = this.#placeOf(path);
      if (folder.names.has(name)) throw new Deno.errors.AlreadyExists(path);
      this.before(`create ${path}`);
      change(folder, [[name, new FileNode()]]);
    });
  }

  #handle(path: string, file: FileNode): OpenFile {
    const sync = () =>
      Promise.try(() => {
        this.before(`sync ${path}`);
        file.durable = file.content;
      });
    return {
      append: (bytes) =>
        Promise.try(() => {
          this.before(`append ${path}`);
          file.content = joined(file.content, bytes);
        }),
      read: (offset, length) => Promise.resolve(file.content.slice(offset, offset + length)),
      size: () => Promise.resolve(file.content.length),
      truncate: (size) =>
        Promise.try(() => {
          this.before(`truncate ${path}`);
          file.content = file.content.slice(0, size);
        }),
      syncData: sync,
      sync,
      close: () => {},
    };
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of partsOf(path)) {
      node = node instanceof FolderNode ? node.names.get(name) : undefined;
    }
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path);
    if (!(node instanceof FolderNode)) throw new Deno.errors.NotFound(path);
    return node;
  }

  #placeOf(path: string): { readonly folder: FolderNode; readonly name: string } {
    const slash = path.lastIndexOf("/");
    return { folder: this.#folder(path.slice(0, Math.max(0, slash))), name: path.slice(slash + 1) };
  }
}

/** The moment at which the power goes, and every disk that can be found after it. */
export class PowerCut {
  readonly #root: FolderNode;
  readonly #folders: readonly FolderNode[];
  readonly #files: readonly FileNode[];

  constructor(root: FolderNode) {
    this.#root = root;
    const nodes = [...nodesOf(root, new Set())];
    this.#folders = nodes.filter((node) => node instanceof FolderNode)
      .filter(({ pending }) => pending.length > 0);
    this.#files = nodes.filter((node) => node instanceof FileNode)
      .filter(({ content, durable }) => content !== durable);
  }

  /**
   * All of them, or some when they are many: those that lost and that kept everything, and
   * others at random.
   *
   * @param fraction gives numbers from 0 up to 1.
   */
  *disks(most: number, fraction: () => number): Iterable<PowerDisk> {
    const changes = this.#folders.reduce((sum, { pending }) => sum + pending.length, 0);
    const total = 2 ** changes * FATES.length ** this.#files.length;
    if (total <= most) {
      for (let number = 0; number < total; number++) yield this.#disk(digitsOf(number));
      return;
    }
    yield this.#disk(() => 0);
    yield this.#disk(() => 1);
    for (let count = 2; count < most; count++) {
      yield this.#disk((base) => Math.floor(fraction() * base));
    }
  }

  /** @param choose 0 loses, 1 keeps, and the others are for content alone. */
  #disk(choose: (base: number) => number): PowerDisk {
    const kept = new Map<FolderNode, readonly NameChange[]>();
    for (const folder of this.#folders) {
      kept.set(folder, folder.pending.filter(() => choose(2) === 1));
    }
    const fates = new Map(
      this.#files.map((file) => [file, FATES[choose(FATES.length)] ?? "lost"] as const),
    );
    return PowerDisk.of(foundFolder(this.#root, kept, fates, new Map()));
  }
}

/** A folder as it is found when the power is back: all that is on it is durable. */
function foundFolder(
  folder: FolderNode,
  kept: ReadonlyMap<FolderNode, readonly NameChange[]>,
  fates: ReadonlyMap<FileNode, ContentFate>,
  known: Map<Node, Node>,
): FolderNode {
  const names = new Map(folder.durable);
  for (const each of kept.get(folder) ?? []) apply(names, each);
  const found = new FolderNode();
  known.set(folder, found);
  for (const [name, node] of names) {
    const copy = known.get(node) ??
      (node instanceof FolderNode
        ? foundFolder(node, kept, fates, known)
        : foundFile(node, fates.get(node) ?? "kept"));
    known.set(node, copy);
    found.names.set(name, copy);
    found.durable.set(name, copy);
  }
  return found;
}

function foundFile({ content, durable }: FileNode, fate: ContentFate): FileNode {
  const found = new FileNode();
  found.content = found.durable = contentAfter(durable, content, fate);
  return found;
}

function contentAfter(durable: Bytes, content: Bytes, fate: ContentFate): Bytes {
  const common = Math.min(durable.length, content.length);
  switch (fate) {
    case "lost":
      return durable;
    case "kept":
      return content;
    case "half":
      return content.slice(0, common + Math.ceil((content.length - common) / 2));
    case "zeros":
      return joined(content.slice(0, common), new Uint8Array(content.length - common));
  }
}

function digitsOf(number: number): (base: number) => number {
  let rest = number;
  return (base) => {
    const digit = rest % base;
    rest = Math.floor(rest / base);
    return digit;
  };
}

function change(folder: FolderNode, changes: NameChange): void {
  apply(folder.names, changes);
  folder.pending.push(changes);
}

function apply(names: Map<string, Node>, changes: NameChange): void {
  for (const [name, node] of changes) {
    if (node === undefined) names.delete(name);
    else names.set(name, node);
  }
}

/** All that can be reached, now or after a power cut. */
function* nodesOf(node: Node, seen: Set<Node>): Iterable<Node> {
  if (seen.has(node)) return;
  seen.add(node);
  yield node;
  if (node instanceof FileNode) return;
  const pending = node.pending.flatMap((each) => each.map(([, changed]) => changed));
  for (const each of [...node.names.values(), ...node.durable.values(), ...pending]) {
    if (each !== undefined) yield* nodesOf(each, seen);
  }
}

function cloneOf<Kind extends Node>(node: Kind, known: Map<Node, Node>): Kind {
  const found = known.get(node);
  if (found !== undefined) return found as Kind;
  if (node instanceof FileNode) {
    const file = Object.assign(new FileNode(), node);
    known.set(node, file);
    return file as Kind;
  }
  const folder = new FolderNode();
  known.set(node, folder);
  for (const [name, each] of node.names) folder.names.set(name, cloneOf(each, known));
  for (const [name, each] of node.durable) folder.durable.set(name, cloneOf(each, known));
  folder.pending = node.pending.map((changes) =>
    changes.map(([name, each]) => [name, each && cloneOf(each, known)] as const)
  );
  return folder as Kind;
}

function* filesIn(folder: FolderNode, prefix = ""): Iterable<[string, Bytes]> {
  for (const [name, node] of folder.names) {
    if (node instanceof FileNode) yield [prefix + name, node.content];
    else yield* filesIn(node, `${prefix}${name}/`);
  }
}

function partsOf(path: string): readonly string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function joined(left: Bytes, right: Uint8Array): Bytes {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}
