/** Several who count, told as one. */

import type { JobWatch } from "../engine/ports.ts";
import type { CommitWatch } from "../journal/commit_watch.ts";

export function jobWatchOf(...watches: readonly JobWatch[]): JobWatch {
  return { changed: (change) => tellAll(watches, (watch) => watch.changed(change)) };
}

export function commitWatchOf(...watches: readonly CommitWatch[]): CommitWatch {
  return { committed: (batch) => tellAll(watches, (watch) => watch.committed(batch)) };
}

/** The failure of one must not make the others miss anything: it is thrown when all are told. */
function tellAll<Watch>(watches: readonly Watch[], tell: (watch: Watch) => void): void {
  const failures: unknown[] = [];
  for (const watch of watches) {
    try {
      tell(watch);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
