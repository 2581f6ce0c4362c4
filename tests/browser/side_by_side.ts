/** Walks that go at the same time: what takes long is that each of them waits. */

import assert from "node:assert/strict";

/** Fails with all that went wrong, each by the name of its walk, once all have ended. */
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
