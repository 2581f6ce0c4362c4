/** One machine of a shared journal, its way to the database, and the process on it. */

import type { SharedProcess } from "./shared_process.ts";
import { SimulatedIndex } from "./simulated_index.ts";
import type { Link } from "./simulated_link.ts";
import type { World } from "./world.ts";

export class Member {
  process: SharedProcess | undefined;
  index: SimulatedIndex;
  starts = 0;

  constructor(readonly world: World, readonly link: Link) {
    this.index = new SimulatedIndex(world.dice);
  }

  /** Replaces a folder that has lost entries with an empty one. */
  wipe(): void {
    this.world.storage.wipe();
    this.index = new SimulatedIndex(this.world.dice);
  }
}
