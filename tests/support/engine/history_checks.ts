/** Checks of recorded histories with a separate clock, bounded in turns and in time. */

import assert from "node:assert/strict";
import type { JobId } from "../../../src/core/ids.ts";
import type { AnyJobDefinition } from "../../../src/engine/definition.ts";
import { checkHistory, type HistoryVerdict, nextText } from "../../../src/tools/history_check.ts";
import { NO_SECRETS, type SecretGuard } from "../../../src/engine/secrets/secret_guard.ts";
import type { Harness } from "./engine_harness.ts";
import { FakeClock } from "../fake_clock.ts";

/** More than any check in the tests may take, of the fake clock. */
const LIMIT_MS = 60_000;
const STEP_MS = 500;

/**
 * The result of a definition on the current history of a job.
 *
 * @param guard Guards secrets in its input.
 */
export async function verdictOn(
  daybook: Harness,
  id: JobId,
  definition: AnyJobDefinition,
  clock: FakeClock = new FakeClock(),
  guard: SecretGuard = NO_SECRETS,
): Promise<HistoryVerdict> {
  const checking = checkHistory(definition, daybook.job(id), {
    clock,
    guard,
    entriesAt: (logIds) => daybook.journal.readAt(logIds),
  });
  let isDone = false;
  void checking.finally(() => isDone = true);
  for (let ms = 0; !isDone; ms += STEP_MS) {
    assert.ok(ms < LIMIT_MS, "a check does not end");
    await clock.settle(10);
    // Time does not pass for code that needs none.
    if (!isDone && clock.armed > 0) await clock.advance(STEP_MS);
  }
  return await checking;
}

/** A verdict as one line. */
export function told(verdict: HistoryVerdict): string {
  if (verdict.kind !== "compatible") return `${verdict.kind}: ${verdict.message}`;
  const { next } = verdict;
  const steps = nextText(next);
  return `compatible: ${[...(steps === "" ? [] : [steps]), next.end].join(", ")}`;
}
