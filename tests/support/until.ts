/** Waiting in real time for something that another process, thread or disk does. */

import assert from "node:assert/strict";

/** No machine is so slow: only a test that fails waits for so long. */
export const PATIENCE_MS = 180_000;

/**
 * Resolves once something is so, and fails when it does not come to that.
 *
 * @param what What is waited for, for the message of the failure; as of then, if it is a function.
 */
export async function until(
  what: string | (() => string),
  isSo: () => boolean | Promise<boolean>,
  everyMs = 20,
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await isSo()) {
    if (performance.now() >= end) {
      assert.fail(`it did not come to this: ${typeof what === "string" ? what : what()}`);
    }
    await pause(everyMs);
  }
}

/** For code that shows nothing that could be waited for. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
