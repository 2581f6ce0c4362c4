/** The folders and files of a simulated machine. */

import type { Dice } from "./dice.ts";
import { StoredFile, Ticks } from "./stored_file.ts";
import { type Stored, StoredFolder } from "./stored_folder.ts";
import type { Crash } from "./weather.ts";

/** The content of the disk, independent of its users. */
export class Storage {
  readonly pageBytes: number;
  readonly root = new StoredFolder();
  readonly locks = new Set<string>();
  readonly ticks = new Ticks();
  /** Called when an operation ends the process; the operation itself never settles. */
  onCrash: (crash: Crash) => void = () => {};

  constructor(private readonly dice: Dice) {
    this.pageBytes = dice.pick([64, 512, 512, 4096]);
    this.wipe();
  }

  /** Removes everything. */
  wipe(): void {
    this.root.set("data", new StoredFolder());
    this.root.sync();
  }

  /** Ends the process; if the machine went down, what was not on disk is lost too. */
  crash(crash: Crash): void {
    this.locks.clear();
    if (crash === "power") this.root.crash(this.dice);
  }

  /** The files in a folder of the journal, by name, oldest first. */
  filesIn(...path: readonly string[]): readonly (readonly [string, StoredFile])[] {
    let folder: StoredFolder | undefined = this.root;
    for (const name of path) {
      const stored: Stored | undefined = folder?.get(name);
      folder = stored instanceof StoredFolder ? stored : undefined;
    }
    return (folder?.names ?? []).toSorted().flatMap((name) => {
      const stored = folder?.get(name);
      return stored instanceof StoredFile ? [[name, stored] as const] : [];
    });
  }

  /** Paths and contents of all files, as visible to programs. */
  contents(): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
    return new Map(filesIn(this.root, ""));
  }
}

function* filesIn(
  folder: StoredFolder,
  path: string,
): Iterable<[string, Uint8Array<ArrayBuffer>]> {
  for (const name of folder.names.toSorted()) {
    const stored = folder.get(name);
    if (stored instanceof StoredFile) yield [path + name, stored.read(0, stored.size)];
    else if (stored !== undefined) yield* filesIn(stored, `${path}${name}/`);
  }
}
