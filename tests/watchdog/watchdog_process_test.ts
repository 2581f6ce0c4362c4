/** A blocked event loop, in the real process with its own permissions. */

import assert from "node:assert/strict";
import { openDaybook } from "../../src/mod.ts";
import type { LoopBlocked } from "../../src/engine/run/recovery/process_facts.ts";
import { Watchdog, WatchTable } from "../../src/watchdog/watchdog.ts";
import { DaybookProcess, type ProcessOptions } from "../support/process/daybook_process.ts";
import { freeze } from "./frozen_definitions.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const DEFINITIONS = `${ROOT}tests/watchdog/frozen_definitions.ts`;

function optionsIn(folder: string, ...args: string[]): ProcessOptions {
  return {
    journal: `${folder}/journal`,
    definitions: DEFINITIONS,
    args: [...args],
  };
}

/** If it freezes before the submission is answered, there is no answer. */
async function submit(daybook: DaybookProcess, type: string, ms: number, jobId: string) {
  const response = await daybook.post("/jobs", { type, input: { ms }, jobId }).catch(() => {});
  await response?.body?.cancel();
}

/** Resolves with the line when the process has printed it. */
async function said(daybook: DaybookProcess, pattern: RegExp): Promise<string> {
  const line = () => daybook.output.find((line) => pattern.test(line));
  await until(() => `${pattern} in\n${daybook.output.join("\n")}`, () => line() !== undefined);
  return line() ?? "";
}

/** Resolves with the attributes of the record, which may come after the line about it. */
async function recorded(daybook: DaybookProcess): Promise<LoopBlocked> {
  let found: readonly { readonly attributes: LoopBlocked }[] = [];
  await until("it is recorded", async () => {
    const answer = await daybook.get("/events?eventType=journal.LoopBlocked");
    ({ entries: found } = answer as { entries: typeof found });
    return found.length > 0;
  });
  return found[0]?.attributes ?? assert.fail();
}

/** What the next start, which runs nothing, answers. */
async function foundAfter(folder: string, path: string): Promise<string> {
  const daybook = await DaybookProcess.start(optionsIn(folder, "--hold"));
  const answer = await daybook.get(path);
  assert.equal(await daybook.stop(), 0);
  return JSON.stringify(answer);
}

/** An endless loop is logged with its attempt, and ends the process. */
async function endsWhatNeverTurns(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder, "--stall-exit=3s"));
    const unanswered = submit(daybook, "test.freeze", -1, "job_frozen");
    const code = await daybook.exitCode();
    await unanswered;

    assert.equal(code, 137);
    const output = daybook.output.join("\n");
    assert.match(
      output,
      /the event loop has been blocked for \d s; open: job_frozen \(main; spin, attempt 1\)/,
    );
    assert.match(
      output,
      /has been blocked for \d s \(--stall-exit\): ending the process; open: job_fr/,
    );
    assert.match(
      await foundAfter(folder, "/jobs/job_frozen/explain"),
      /ended after its event loop had been blocked for [\d.]+ s while job job_frozen in task spin ran/,
    );
  });
}

/**
 * A stall that ends by itself is counted and logged; past the limit it ends the process in order.
 */
async function endsWhatTurnsTooLate(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder, "--stall-exit=4s"));
    await submit(daybook, "test.freeze-run", 2_800, "job_slow");
    assert.match(await said(daybook, /has been blocked/), /; open: job_slow \(main\)/);
    await said(daybook, /runs again/);
    const metrics = await (await fetch(`${daybook.url}/metrics`)).text();
    assert.match(metrics, /^daybook_event_loop_stalls_total 1$/m);
    const { open, blockedMs } = await recorded(daybook);
    assert.deepEqual(open, [{ jobId: "job_slow", taskId: "main" }]);
    assert.ok(blockedMs >= 2_000 && blockedMs < 10_000);

    const unanswered = submit(daybook, "test.freeze", 4_750, "job_slower");
    assert.equal(await daybook.exitCode(), 75);
    await unanswered;
    assert.match(
      await foundAfter(folder, "/events?eventType=journal.Recovered"),
      /"ended":{"reason":"blocked","blockedMs":\d+,"open":\[.*"jobId":"job_slower","taskId":"spin"/,
    );
  });
}

/** Code that a request calls belongs to no attempt. */
async function saysThatNoneIsOpen(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder));
    await submit(daybook, "test.freeze-input", 2_800, "job_slow");
    const line = await said(daybook, /has been blocked/);
    assert.match(line, /; no attempt is open, so if code .* request called it, such as its input/);
    assert.equal(await daybook.stop(), 0);
  });
}

/** Two signals end a blocked server. */
async function mindsSignals(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder, "--stall-exit=0"));
    const unanswered = submit(daybook, "test.freeze", -1, "job_frozen");
    await said(daybook, /has been blocked/);
    daybook.signal("SIGINT");
    await said(daybook, /a second signal ends the process now/);
    await new Promise((resolve) => setTimeout(resolve, 600));
    daybook.signal("SIGINT");

    assert.equal(await daybook.exitCode(), 137);
    await unanswered;
    assert.match(daybook.output.join("\n"), /ended by a second signal.*open: job_frozen/);
  });
}

Deno.test("watchdog: it logs a blocked loop, ends the process with 75 or by force, which the next start explains, and two signals end it at once", async () => {
  await Promise.all([
    endsWhatNeverTurns(),
    endsWhatTurnsTooLate(),
    saysThatNoneIsOpen(),
    mindsSignals(),
  ]);
});

Deno.test("watchdog: when embedded it only reports, once the event loop runs again", async () => {
  await inFolder(async (folder) => {
    const warnings: string[] = [];
    await using daybook = await openDaybook({
      journal: `${folder}/journal`,
      definitions: [freeze],
      warn: (message) => warnings.push(message),
    });
    const job = await daybook.submit(freeze, { ms: 2_900 }, { jobId: "job_slow" });
    const { state } = await daybook.wait(job, { timeoutMs: PATIENCE_MS });
    await until("it warns", () => warnings.length > 0);

    assert.equal(state, "Done");
    assert.match(warnings[0] ?? "", /was blocked .* runs again; open: job_slow \(main; spin, att/);
  });
});

Deno.test("watchdog: attempts beyond those that it names are counted, and ended ones forgotten", () => {
  const table = new WatchTable();
  const slots = Array.from({ length: 70 }, (_, index) => table.open(`job_${index}`, "main", 0));
  assert.equal(slots.filter((slot) => slot < 0).length, 6);
  assert.equal(table.read("open"), 70);
  for (const slot of slots) table.close(slot);
  assert.equal(table.read("open"), 0);
  assert.ok(table.open("job_last", "main", 0) >= 0);
});

Deno.test("watchdog: an attempt after its stop does not start it again", async () => {
  const none = () => {};
  const watchdog = new Watchdog({
    ...{ exitMs: 0, reports: false, isJson: false, endNote: "" },
    ...{ warn: none, onBlocked: none, onBeat: none, onTooLong: none },
  });
  await watchdog.stop();
  // A timer or a thread would be left open.
  watchdog.began("job_late", "main", 0);
});
