/** Waiting in real time for something that another process, thread or disk does. */

import assert from "node:assert/strict";

/** No machine is so slow: only a test that fails waits for so long. */
export const PATIENCE_MS = 180_000;

/**
 * Resolves once something is so, and fails when it does not come to that.
 *
 * @param what What is waited for, for the message of the failure.
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
