/** The log of an attempt: bounded, without secrets, and never a reason to fail. */

import assert from "node:assert/strict";
import type { ExecutionId, JobId, TaskId } from "../../src/core/ids.ts";
import { AttemptLog, LOG_LINES_MAX } from "../../src/engine/run/attempts/attempt_context.ts";
import type { JobLogLine } from "../../src/engine/watches.ts";
import { SecretGuard } from "../../src/engine/secrets/secret_guard.ts";
import { systemClock } from "../../src/server/system.ts";

function logOf(secrets: readonly string[] = []) {
  const lines: JobLogLine[] = [];
  const guard = new SecretGuard();
  guard.watch(secrets);
  const about = {
    jobId: "job_1" as JobId,
    taskId: "talk" as TaskId,
    attempt: 1,
    executionId: "exe_1" as ExecutionId,
  };
  const log = new AttemptLog({
    about,
    clock: systemClock,
    guard,
    log: { write: (line) => lines.push(line) },
  });
  return { log, lines };
}

Deno.test("attempt log: lines beyond the limit are counted and reported at the end", () => {
  const { log, lines } = logOf();
  for (let line = 0; line < LOG_LINES_MAX + 7; line++) log.write("x");
  log.end();
  assert.equal(lines.length, LOG_LINES_MAX + 1);
  assert.match(lines.at(-1)?.message ?? "", /^7 more lines were not kept/);

  const { log: wide, lines: kept } = logOf();
  for (let line = 0; line < 200; line++) wide.write("x".repeat(10_000));
  wide.end();
  assert.ok(JSON.stringify(kept).length < 300_000);
  assert.ok(kept.every(({ message }) => message.length <= 4_001));
});

Deno.test("attempt log: secrets are masked, and data that cannot be recorded is reported", () => {
  const { log, lines } = logOf(["hunter2222"]);
  log.write("it is hunter2222", { deep: ["hunter2222"] });
  log.write("odd", { at: new Map() });
  log.write("wide", "x".repeat(9_000));
  assert.equal(lines[0]?.message, "it is [secret]");
  assert.deepEqual(lines[0]?.data, { deep: ["[secret]"] });
  assert.match(JSON.stringify(lines[1]?.data), /leftOut.*at is a Map/);
  assert.deepEqual(lines[2]?.data, { leftOut: "9002 characters" });
  log.write(Object.create(null));
  assert.equal(lines[3]?.message, "[object Object]");
  log.write(`${"x".repeat(3_999)}\u{1f600}`);
  assert.equal(lines[4]?.message, `${"x".repeat(3_999)}…`);
});
