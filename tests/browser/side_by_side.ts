/** Runs walks in parallel, because they mostly wait. */

import assert from "node:assert/strict";

/** When all have ended, fails with every error, by the name of its walk. */
export async function sideBySide(
  walks: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  const outcomes = await Promise.allSettled(Object.values(walks).map((walk) => walk()));
  const faults = Object.keys(walks).flatMap((name, index) => {
    const outcome = outcomes[index];
    return outcome?.status === "rejected" ? [`${name}: ${outcome.reason}`] : [];
  });
  assert.ok(faults.length === 0, faults.join("\n"));
}
