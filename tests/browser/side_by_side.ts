/** Runs walks in parallel, because they mostly wait. */

import assert from "node:assert/strict";

/** How many at a time: each has a page and often a server, and all share two processors. */
const WALKS_AT_ONCE = 4;

/** When all have ended, fails with every error, by the name of its walk. */
export async function sideBySide(
  walks: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  const left = Object.entries(walks).values();
  const faults: string[] = [];
  const walker = async () => {
    for (const [name, walk] of left) {
      await walk().catch((error) => faults.push(`${name}: ${error}`));
    }
  };
  await Promise.all(Array.from({ length: WALKS_AT_ONCE }, walker));
  assert.ok(faults.length === 0, faults.join("\n"));
}
