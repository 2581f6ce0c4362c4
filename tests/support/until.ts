/** Waits in real time for another process, thread or disk. */

import assert from "node:assert/strict";

/** No machine is this slow: only a failing test waits for so long. */
export const PATIENCE_MS = 180_000;

/**
 * Resolves once a condition holds, and fails if it never does.
 *
 * @param what What is awaited, for the failure message.
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  everyMs = 20,
): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !await isSo();) {
    assert.ok(performance.now() < end, `it did not come to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
