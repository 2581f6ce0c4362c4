/** One folder: the names visible to programs, and the durable ones. */

import type { Dice } from "./dice.ts";
import type { StoredFile } from "./stored_file.ts";

export type Stored = StoredFile | StoredFolder;

/** The names changed by one operation; a rename changes two of them in one step. */
type NameChange = readonly (readonly [name: string, stored: Stored | undefined])[];

export class StoredFolder {
  #seen = new Map<string, Stored>();
  #onDisk = new Map<string, Stored>();
  #changes: NameChange[] = [];

  get names(): readonly string[] {
    return [...this.#seen.keys()];
  }

  get(name: string): Stored | undefined {
    return this.#seen.get(name);
  }

  set(name: string, stored: Stored): void {
    this.#change([[name, stored]]);
  }

  remove(name: string): void {
    this.#change([[name, undefined]]);
  }

  rename(from: string, to: string): void {
    this.#change([[from, undefined], [to, this.#seen.get(from)]]);
  }

  sync(): void {
    if (this.#changes.length > 0) this.#onDisk = new Map(this.#seen);
    this.#changes = [];
  }

  /**
   * Some names may be durable; the others still have to be written. File systems journal names, so
   * unlike pages of a file they are not forgotten.
   */
  failSync(dice: Dice): void {
    this.#onDisk = this.#remains(dice);
  }

  /** The machine stops: for this folder, and for everything below that remains. */
  crash(dice: Dice): void {
    this.#onDisk = this.#remains(dice);
    this.#seen = new Map(this.#onDisk);
    this.#changes = [];
    for (const stored of this.#seen.values()) stored.crash(dice);
  }

  /** Keeps some of the unsynced operations: the first ones, or any. */
  #remains(dice: Dice): Map<string, Stored> {
    const remains = new Map(this.#onDisk);
    if (this.#changes.length === 0) return remains;
    const anyOf = dice.chance(0.5);
    const upTo = anyOf ? this.#changes.length : dice.between(0, this.#changes.length);
    for (const change of this.#changes.slice(0, upTo)) {
      if (!anyOf || dice.chance(0.5)) apply(remains, change);
    }
    return remains;
  }

  #change(change: NameChange): void {
    apply(this.#seen, change);
    this.#changes.push(change);
  }
}

function apply(names: Map<string, Stored>, change: NameChange): void {
  for (const [name, stored] of change) {
    if (stored === undefined) names.delete(name);
    else names.set(name, stored);
  }
}
