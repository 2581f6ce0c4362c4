/**
 * Which names of a folder tree may be there after a power cut: a changed name is on disk once its
 * folder was synced after the change. Until then it may be there or not.
 */

/** A file or a folder, as an inode number, or as a text that is not one. */
export type Node = string;

type Names = Map<string, Node>;

/** A change of names in one folder. Renames stay within their folder. */
interface Change {
  readonly folder: Node;
  apply(names: Names): void;
}

export class DurableNames {
  /** The durable names of each folder. */
  readonly #durable = new Map<Node, Names>();
  /** The names in each folder as the process saw them. */
  readonly #seen = new Map<Node, Names>();
  /** In order of creation. */
  #pending: Change[] = [];

  /** @param root The path of the tree; it is on disk, and empty. */
  constructor(private readonly root: string) {
    this.#addFolder(root);
  }

  /** A folder that existed from the start. */
  hadFolder(path: string): void {
    this.#had(path, path);
    this.#addFolder(path);
  }

  /** A file that existed from the start. */
  hadFile(path: string, node: Node): void {
    this.#had(path, node);
  }

  madeFolder(path: string): void {
    this.#addFolder(path);
    this.#set(path, path);
  }

  madeFile(path: string, node: Node): void {
    this.#set(path, node);
  }

  renamed(from: string, to: string): void {
    const [source, target] = [splitPath(from), splitPath(to)];
    if (source.folder !== target.folder) throw new Error(`${from} moved to another folder`);
    const node = this.#seen.get(source.folder)?.get(source.name);
    if (node === undefined) throw new Error(`${from} was renamed and is not known`);
    this.#change(source.folder, (names) => {
      names.delete(source.name);
      names.set(target.name, node);
    });
  }

  removed(path: string): void {
    const { folder, name } = splitPath(path);
    this.#change(folder, (names) => names.delete(name));
  }

  syncedFolder(path: string): void {
    for (const change of this.#pending) {
      if (change.folder === path) change.apply(this.#namesIn(this.#durable, path));
    }
    this.#pending = this.#pending.filter(({ folder }) => folder !== path);
  }

  /**
   * The files after the power cut, by path.
   *
   * @param survives Whether an unsynced change reached the disk anyway.
   */
  afterCut(survives: (index: number, count: number) => boolean): ReadonlyMap<string, Node> {
    const count = this.#pending.length;
    this.#pending.forEach(({ folder, apply }, index) => {
      if (survives(index, count)) apply(this.#namesIn(this.#durable, folder));
    });
    return new Map(this.#filesUnder(this.root));
  }

  *#filesUnder(folder: string): Iterable<[string, Node]> {
    for (const [name, node] of this.#namesIn(this.#durable, folder)) {
      if (this.#durable.has(node)) yield* this.#filesUnder(node);
      else yield [`${folder}/${name}`, node];
    }
  }

  #addFolder(path: string): void {
    this.#durable.set(path, new Map());
    this.#seen.set(path, new Map());
  }

  #had(path: string, node: Node): void {
    const { folder, name } = splitPath(path);
    for (const side of [this.#durable, this.#seen]) this.#namesIn(side, folder).set(name, node);
  }

  #set(path: string, node: Node): void {
    const { folder, name } = splitPath(path);
    this.#change(folder, (names) => names.set(name, node));
  }

  #change(folder: string, apply: (names: Names) => void): void {
    apply(this.#namesIn(this.#seen, folder));
    this.#pending.push({ folder, apply });
  }

  #namesIn(side: Map<Node, Names>, folder: string): Names {
    const names = side.get(folder);
    if (names === undefined) throw new Error(`${folder} is not a folder that is known`);
    return names;
  }
}

function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: path.slice(0, slash), name: path.slice(slash + 1) };
}
