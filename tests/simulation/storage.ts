/** The folders and files of a simulated machine. */

import type { Dice } from "./dice.ts";
import { StoredFile, Ticks } from "./stored_file.ts";
import { type Stored, StoredFolder } from "./stored_folder.ts";
import type { Crash } from "./weather.ts";

/** What the disk holds, whoever uses it. */
export class Storage {
  readonly pageBytes: number;
  readonly root = new StoredFolder();
  readonly locks = new Set<string>();
  readonly ticks = new Ticks();
  readonly #dice: Dice;
  /** Told when an operation ends the process; the operation never does. */
  onCrash: (crash: Crash) => void = () => {};

  constructor(dice: Dice) {
    this.#dice = dice;
    this.pageBytes = dice.pick([64, 512, 512, 4096]);
    this.wipe();
  }

  /** Nothing is there any more. */
  wipe(): void {
    this.root.set("data", new StoredFolder());
    this.root.sync();
  }

  /** The process is gone; when the machine went down, so is what was not on disk. */
  crash(crash: Crash): void {
    this.locks.clear();
    if (crash === "power") this.root.crash(this.#dice);
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

  /** Paths and contents of all files, as programs see them. */
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
