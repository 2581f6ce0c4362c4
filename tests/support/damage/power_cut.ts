/** What may be on a disk after a power cut. */

import {
  apply,
  type Bytes,
  FileNode,
  FolderNode,
  joined,
  type NameChange,
  type Node,
  nodesOf,
} from "./power_nodes.ts";

/** A choice that a power cut makes at random. */
export type ContentFate = "lost" | "kept" | "half" | "zeros";
const FATES: readonly ContentFate[] = ["lost", "kept", "half", "zeros"];

/** The moment of a power cut, and every disk that it may leave. */
export class PowerCut {
  readonly #folders: readonly FolderNode[];
  readonly #files: readonly FileNode[];

  constructor(private readonly root: FolderNode) {
    const nodes = [...nodesOf(root, new Set())];
    this.#folders = nodes.filter((node) => node instanceof FolderNode)
      .filter(({ pending }) => pending.length > 0);
    this.#files = nodes.filter((node) => node instanceof FileNode)
      .filter(({ content, durable }) => content !== durable);
  }

  /**
   * All of them, or some if there are many: those that lost or kept everything, and others at
   * random.
   *
   * @param fraction Returns numbers from 0 up to 1.
   */
  *roots(most: number, fraction: () => number): Iterable<FolderNode> {
    const changes = this.#folders.reduce((sum, { pending }) => sum + pending.length, 0);
    const total = 2 ** changes * FATES.length ** this.#files.length;
    if (total <= most) {
      for (let number = 0; number < total; number++) yield this.#found(digitsOf(number));
      return;
    }
    yield this.#found(() => 0);
    yield this.#found(() => 1);
    for (let count = 2; count < most; count++) {
      yield this.#found((base) => Math.floor(fraction() * base));
    }
  }

  /** The one that lost nothing. */
  get kept(): FolderNode {
    return this.#found(() => 1);
  }

  /** @param choose 0 loses, 1 keeps, and the others apply only to content. */
  #found(choose: (base: number) => number): FolderNode {
    const kept = new Map<FolderNode, readonly NameChange[]>();
    for (const folder of this.#folders) {
      kept.set(folder, folder.pending.filter(() => choose(2) === 1));
    }
    const fates = new Map(
      this.#files.map((file) => [file, FATES[choose(FATES.length)] ?? "lost"] as const),
    );
    return foundFolder(this.root, kept, fates, new Map());
  }
}

/** A folder after the restart: everything in it is durable. */
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

function foundFile(file: FileNode, fate: ContentFate): FileNode {
  const content = contentAfter(file.durable, file.content, fate);
  return file.as(content, content);
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
