/** Files and folders in memory, with their durable parts. */

export type Bytes = Uint8Array<ArrayBuffer>;

/** One counter for all files, so that later changes have later times. */
let ticks = 0;

export class FileNode {
  #content: Bytes = new Uint8Array();
  durable: Bytes = new Uint8Array();
  /** The identity of the file, wherever it is moved. */
  inode = ++ticks;
  /** When it was last changed. */
  changed = ++ticks;

  get content(): Bytes {
    return this.#content;
  }

  set content(content: Bytes) {
    this.#content = content;
    this.changed = ++ticks;
  }

  /** Changes only the content, like a bad disk. */
  rot(content: Bytes): void {
    this.#content = this.durable = content;
  }

  /** The same file, on the same disk or after a power cut, which may have kept its times. */
  as(content: Bytes, durable: Bytes): FileNode {
    const file = new FileNode();
    file.#content = content;
    return Object.assign(file, { durable, inode: this.inode, changed: this.changed });
  }
}

/** The change of one operation in one folder; `undefined` removes the name. */
export type NameChange = readonly (readonly [name: string, node: Node | undefined])[];

export class FolderNode {
  readonly names = new Map<string, Node>();
  readonly durable = new Map<string, Node>();
  /** Not synced yet, in order. */
  pending: NameChange[] = [];
}

export type Node = FileNode | FolderNode;

export function change(folder: FolderNode, changes: NameChange): void {
  apply(folder.names, changes);
  folder.pending.push(changes);
}

export function apply(names: Map<string, Node>, changes: NameChange): void {
  for (const [name, node] of changes) {
    if (node === undefined) names.delete(name);
    else names.set(name, node);
  }
}

/** Everything that can be reached, now or after a power cut. */
export function* nodesOf(node: Node, seen: Set<Node>): Iterable<Node> {
  if (seen.has(node)) return;
  seen.add(node);
  yield node;
  if (node instanceof FileNode) return;
  const pending = node.pending.flatMap((each) => each.map(([, changed]) => changed));
  for (const each of [...node.names.values(), ...node.durable.values(), ...pending]) {
    if (each !== undefined) yield* nodesOf(each, seen);
  }
}

export function cloneOf<Kind extends Node>(node: Kind, known: Map<Node, Node>): Kind {
  const found = known.get(node);
  if (found !== undefined) return found as Kind;
  if (node instanceof FileNode) {
    const file = node.as(node.content, node.durable);
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

export function partsOf(path: string): readonly string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

export function findNode(root: FolderNode, path: string): Node | undefined {
  let node: Node | undefined = root;
  for (const name of partsOf(path)) {
    node = node instanceof FolderNode ? node.names.get(name) : undefined;
  }
  return node;
}

/** The files of a disk, by path. What a test changes here is durable at once. */
export class FilesByPath implements Iterable<[string, Bytes]> {
  constructor(private readonly root: FolderNode) {}

  get size(): number {
    return [...this].length;
  }

  get(path: string): Bytes | undefined {
    return this.#find(path)?.content;
  }

  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  /** Creates the file, and its folders, if they are missing. */
  set(path: string, bytes: Bytes): void {
    const { folder, name } = this.#placeOf(path);
    const file = this.#find(path) ?? new FileNode();
    file.content = file.durable = bytes;
    folder.names.set(name, file);
    folder.durable.set(name, file);
  }

  rot(path: string, bytes: Bytes): void {
    this.#find(path)?.rot(bytes);
  }

  delete(path: string): void {
    const { folder, name } = this.#placeOf(path);
    folder.names.delete(name);
    folder.durable.delete(name);
  }

  clear(): void {
    for (const path of [...this.keys()]) this.delete(path);
  }

  *keys(): IteratorObject<string, undefined> {
    for (const [path] of this) yield path;
  }

  *values(): IteratorObject<Bytes, undefined> {
    for (const [, bytes] of this) yield bytes;
  }

  [Symbol.iterator](): Iterator<[string, Bytes]> {
    return filesIn(this.root)[Symbol.iterator]();
  }

  #find(path: string): FileNode | undefined {
    const node = findNode(this.root, path);
    return node instanceof FileNode ? node : undefined;
  }

  #placeOf(path: string): { readonly folder: FolderNode; readonly name: string } {
    const parts = [...partsOf(path)];
    const name = parts.pop() ?? "";
    let folder = this.root;
    for (const each of parts) {
      const found = folder.names.get(each) ?? new FolderNode();
      if (found instanceof FileNode) throw new TypeError(`Cannot use ${each}: it is a file`);
      folder.names.set(each, found);
      folder.durable.set(each, found);
      folder = found;
    }
    return { folder, name };
  }
}

export function* filesIn(folder: FolderNode, prefix = ""): Iterable<[string, Bytes]> {
  for (const [name, node] of folder.names) {
    if (node instanceof FileNode) yield [prefix + name, node.content];
    else yield* filesIn(node, `${prefix}${name}/`);
  }
}

/** A copy with other bytes from an offset on. */
export function overwritten(content: Uint8Array, offset: number, bytes: Uint8Array): Bytes {
  const result = new Uint8Array(Math.max(content.length, offset + bytes.length));
  result.set(content);
  result.set(bytes, offset);
  return result;
}

export function joined(left: Bytes, right: Uint8Array): Bytes {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}
