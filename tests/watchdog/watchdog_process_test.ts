/** A blocked event loop, in the real process with its own permissions. */

import assert from "node:assert/strict";
import { openDaybook } from "../../src/mod.ts";
import type { LoopBlocked } from "../../src/engine/writer/process_facts.ts";
import { Watchdog, WatchTable } from "../../src/watchdog/watchdog.ts";
import { DaybookProcess, type ProcessOptions } from "../support/process/daybook_process.ts";
import { freeze } from "./frozen_definitions.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS, pause, until } from "../support/until.ts";

const DEFINITIONS = `${ROOT}tests/watchdog/frozen_definitions.ts`;

function optionsIn(folder: string, ...args: string[]): ProcessOptions {
  return {
    journal: `${folder}/journal`,
    definitions: DEFINITIONS,
    permissions: [`--allow-read=${folder}`],
    args: [...args],
  };
}

/** The answer comes after the freeze, or never. */
async function submit(daybook: DaybookProcess, type: string, input: object, jobId: string) {
  const response = await daybook.post("/jobs", { type, input, jobId }).catch(() => {});
  await response?.body?.cancel();
}

/** Resolves with the line when the process has printed it. */
async function said(daybook: DaybookProcess, pattern: RegExp): Promise<string> {
  const line = () => daybook.output.find((line) => pattern.test(line));
  await until(() => `${pattern} in\n${daybook.output.join("\n")}`, () => line() !== undefined);
  return line() ?? "";
}

/**
 * Resolves with the attributes of the record, which may come after the line about it. On a slow
 * machine the start has perhaps blocked the loop too, with nothing open.
 */
async function recorded(daybook: DaybookProcess): Promise<LoopBlocked> {
  let found: LoopBlocked | undefined;
  await until("it is recorded", async () => {
    const { entries } = await daybook.get("/events?eventType=journal.LoopBlocked") as {
      entries: readonly { readonly attributes: LoopBlocked }[];
    };
    found = entries.map(({ attributes }) => attributes).find(({ open }) => open.length > 0);
    return found !== undefined;
  });
  return found ?? assert.fail();
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
    const daybook = await DaybookProcess.start(optionsIn(folder, "--stall-exit=5s"));
    const unanswered = submit(daybook, "test.freeze", { ms: -1 }, "job_frozen");
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

/** A stall that ends by itself is counted and logged. */
async function countsWhatTurns(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder, "--stall-exit=0"));
    const noticed = `${folder}/noticed`;
    const answered = submit(daybook, "test.freeze-run", { until: noticed }, "job_slow");
    await said(daybook, /has been blocked .*; open: job_slow \(main\)/);
    await Deno.writeTextFile(noticed, "");
    await said(daybook, /runs again/);
    await answered;
    const metrics = await (await fetch(`${daybook.url}/metrics`)).text();
    assert.match(metrics, /^daybook_event_loop_stalls_total [1-9]\d*$/m);
    const { open, blockedMs } = await recorded(daybook);
    assert.deepEqual(open, [{ jobId: "job_slow", taskId: "main" }]);
    // Less than a beat of the two seconds may have passed before the code blocked it.
    assert.ok(blockedMs >= 1_500 && blockedMs < PATIENCE_MS, `${blockedMs} ms`);
    assert.equal(await daybook.stop(), 0);
  });
}

/** Past the limit a stall that ends by itself ends the process in order. */
async function endsWhatTurnsTooLate(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder, "--stall-exit=4s"));
    const code = daybook.exitCode();
    let isOver = false;
    void code.then(() => isOver = true);
    const stallsOver = () => daybook.output.filter((line) => line.includes("runs again")).length;
    // It looks a few times a second: a late look may miss a freeze that is just long enough.
    for (let freezes = 1; !isOver && freezes <= 20; freezes++) {
      const before = stallsOver();
      await submit(daybook, "test.freeze", { ms: SLIGHTLY_TOO_LONG_MS }, `job_late-${freezes}`);
      await until("it ends, or runs again", () => isOver || stallsOver() > before);
    }
    if (!isOver) daybook.signal("SIGKILL");
    assert.equal(await code, 75);
    assert.match(
      await foundAfter(folder, "/events?eventType=journal.Recovered"),
      /"ended":{"reason":"blocked","blockedMs":\d+,"open":\[.*"jobId":"job_late-\d+","taskId":"spin"/,
    );
  });
}

/** Too long for 4 s, but not as long as a process gets that was asked to end. */
const SLIGHTLY_TOO_LONG_MS = 4_600;

/** Code that a request calls belongs to no attempt. */
async function saysThatNoneIsOpen(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder));
    const noticed = `${folder}/noticed`;
    const answered = submit(daybook, "test.freeze-input", { until: noticed }, "job_slow");
    const line = await said(daybook, /has been blocked/);
    await Deno.writeTextFile(noticed, "");
    await answered;
    assert.match(line, /; no attempt is open, so if code .* request called it, such as its input/);
    assert.equal(await daybook.stop(), 0);
  });
}

/** Two signals end a blocked server. */
async function mindsSignals(): Promise<void> {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(optionsIn(folder, "--stall-exit=0"));
    const unanswered = submit(daybook, "test.freeze", { ms: -1 }, "job_frozen");
    await said(daybook, /has been blocked .*; open: job_frozen/);
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
    countsWhatTurns(),
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
    // Its thread starts with the first attempt, and on a busy machine too late to notice it.
    const told = /was blocked .* runs again; open: job_slow-\d+ \(main; spin, att/;
    const hasTold = () => warnings.some((warning) => told.test(warning));
    for (let freezes = 1; !hasTold() && freezes <= 20; freezes++) {
      const job = await daybook.submit(freeze, { ms: 2_900 }, { jobId: `job_slow-${freezes}` });
      assert.equal((await daybook.wait(job, { timeoutMs: PATIENCE_MS })).state, "Done");
      await pause(600);
    }

    assert.ok(hasTold(), warnings.join("\n"));
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
