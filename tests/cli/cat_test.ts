import assert from "node:assert/strict";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import {
  bytesOf,
  lastSegment,
  linesOf,
  type MemoryDisk,
  segmentPaths,
  setText,
  textAt,
} from "../support/journal/journal_memory_disk.ts";
import { engineOn, entryAt, journalOfJobs } from "../support/journal/journal_of_jobs.ts";
import { incoming } from "../support/engine/incoming.ts";

/** All lines of the files except blank ones. */
async function cat(disk: MemoryDisk, ...args: string[]): Promise<readonly string[]> {
  const { code, written, err } = await journalCommand(disk, ["cat", ...args], {
    isInteractive: false,
  });
  assert.deepEqual([code, err], [0, []]);
  return written === "" ? [] : written.replace(/\n$/, "").split("\n");
}

Deno.test("cat: a pipe gets every line byte for byte", async () => {
  const disk = await journalOfJobs();
  const { written } = await journalCommand(disk, ["cat"], { isInteractive: false });
  assert.equal(written, linesOf(disk).map((line) => `${line}\n`).join(""));
  assert.match(written, /Zoë/);
});

Deno.test("cat: each filter gives its matching lines", async () => {
  const disk = await journalOfJobs();
  const lines = linesOf(disk);
  const parsed = lines.map((line) => JSON.parse(line));
  const { jobId } = parsed.find((entry) => entry.jobId !== undefined);
  const expected = (passes: (entry: typeof parsed[number]) => boolean) =>
    lines.filter((_, index) => passes(parsed[index]));

  assert.deepEqual(await cat(disk, "--job", jobId), expected((entry) => entry.jobId === jobId));
  for (
    const types of [["job.TaskFailed", "--type", "job.JobCreated"], [
      "job.TaskFailed,job.JobCreated",
    ]]
  ) {
    assert.deepEqual(
      await cat(disk, "--type", ...types),
      expected(({ eventType }) => ["job.TaskFailed", "job.JobCreated"].includes(eventType)),
    );
  }
  assert.deepEqual(
    await cat(disk, "--stratum", "domain"),
    expected(({ stratum }) => stratum === "domain"),
  );
  for (
    const [after, upTo] of [[0, 5], [20, 60], [45, 46], [80, 10_000], [10_000, 20_000]] as const
  ) {
    assert.deepEqual(
      await cat(disk, "--after", `${after}`, "--upto", `${upTo}`),
      expected(({ logId }) => logId > after && logId <= upTo),
      `${after} to ${upTo}`,
    );
  }
  assert.deepEqual(await cat(disk, "--after", "7", "--limit", "4"), lines.slice(7, 11));
  assert.deepEqual(await cat(disk, "--limit", "0"), []);
  assert.equal((await journalCommand(disk, ["cat", "--stratum", "wrong"])).code, 64);
});

const FAILED =
  /^00:00:00\.000 +(\d+) {2}(?:(job_\S+) {2})?TaskFailed +charge {4}the card is stolen/;

Deno.test("cat: at a terminal each entry is one line as in tail, without the job if one is given", async () => {
  const disk = await journalOfJobs();
  const args = ["cat", "--type", "job.TaskFailed", "--limit", "1"];
  const { out, written } = await journalCommand(disk, args);
  const [, logId, jobId = ""] = FAILED.exec(out.join("\n")) ?? [];
  const ofJob = await journalCommand(disk, [...args, "--job", jobId]);

  assert.equal(written, "");
  assert.equal(out.length, 1);
  assert.equal(entryAt(disk, Number(logId))["jobId"], jobId);
  assert.deepEqual(FAILED.exec(ofJob.out.join("\n"))?.slice(1), [logId, undefined]);
});

Deno.test("cat: at a terminal a separate line gives the day if it is not today", async () => {
  const disk = await journalOfJobs();
  const clock = new FakeClock();
  clock.jump(24 * 3_600_000);
  const { out } = await journalCommand(disk, ["cat", "--limit", "2"], { tools: { clock } });

  assert.equal(out.length, 3);
  assert.equal(out[0], "2026-01-01 UTC");
  assert.match(out[1] ?? "", /^00:00:00\.000 +1 +journal\.SegmentOpened/);
});

Deno.test("cat: it ends at damage with the position, after the lines before it", async () => {
  const disk = await journalOfJobs();
  const [, second = ""] = segmentPaths(disk);
  const lines = linesOf(disk);
  const firstOfSecond = Number(/"logId":(\d+)/.exec(textAt(disk, second))?.[1]);
  bytesOf(disk, second)[300] = 0;
  const said = await journalCommand(disk, ["cat"], { isInteractive: false });
  assert.equal(said.code, 78);
  assert.equal(
    said.written,
    lines.slice(0, firstOfSecond - 1).map((line) => `${line}\n`).join(""),
  );
  assert.match(said.err.join(), new RegExp(`segment ${second.split("/").at(-1)} at byte \\d+`));
});

Deno.test("cat: a missing segment is damage, and a torn tail is not printed", async () => {
  const whole = await journalOfJobs();
  const missing = whole.copy();
  missing.files.delete(segmentPaths(missing)[1] ?? "");
  const said = await journalCommand(missing, ["cat"], { isInteractive: false });
  assert.equal(said.code, 78);
  assert.match(said.err.join(), /should be here, but the segment begins with/);

  const torn = whole.copy();
  setText(torn, lastSegment(torn), `${textAt(torn, lastSegment(torn))}\n{"logId":999,`);
  assert.deepEqual(await cat(torn), linesOf(whole));
});

Deno.test("cat: it ends quietly when its output is closed", async () => {
  const disk = await journalOfJobs();
  for (const args of [["cat"], ["cat", "--follow"]]) {
    const { code, err } = await journalCommand(disk, args, {
      isInteractive: false,
      tools: { write: () => false },
    });
    assert.deepEqual([code, err], [0, []]);
  }
});

/** Creates this many greeting jobs, of several batches each. */
async function greet(engine: JobEngine, clock: FakeClock, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    await engine.create({ type: "test.greet", input: { name: "Ada" } });
    await clock.settle();
  }
}

Deno.test("cat: it follows appended entries across segments until it is interrupted", async () => {
  const disk = await journalOfJobs();
  const { engine, clock, journal, stop } = await engineOn(disk);
  const before = segmentPaths(disk).length;
  const controller = new AbortController();
  const written: string[] = [];
  const following = journalCommand(disk, ["cat", "--follow", "--after", "40"], {
    isInteractive: false,
    tools: {
      clock,
      interrupted: () => controller.signal,
      write: (bytes) => written.push(new TextDecoder().decode(bytes)) > 0,
    },
  });
  const isCaughtUp = async () => {
    for (let turn = 0; turn < 10; turn++) await clock.advance(200);
    return written.join("") === linesOf(disk).slice(40).map((line) => `${line}\n`).join("");
  };
  assert.ok(await isCaughtUp());
  await greet(engine, clock, 5);
  assert.ok(await isCaughtUp());
  await greet(engine, clock, 20);
  assert.ok(segmentPaths(disk).length > before, `${journal.head.logId}`);
  assert.ok(await isCaughtUp());

  await stop();
  assert.ok(await isCaughtUp());
  controller.abort();
  assert.deepEqual((await following).code, 0);
});

Deno.test("cat: it follows up to a position or a number of entries, and then ends", async () => {
  const disk = await journalOfJobs();
  for (const args of [["--upto", "10"], ["--limit", "10"]]) {
    assert.deepEqual(await cat(disk, "--follow", ...args), linesOf(disk).slice(0, 10));
  }
});

Deno.test("cat: a partial batch is held back until it is whole, however much is written", async () => {
  const whole = await journalOfJobs();
  const disk = whole.copy();
  for (const path of segmentPaths(disk)) disk.files.delete(path);
  const [clock, controller, written] = [new FakeClock(), new AbortController(), [] as string[]];
  const following = journalCommand(disk, ["cat", "--follow"], {
    isInteractive: false,
    tools: {
      clock,
      interrupted: () => controller.signal,
      write: (bytes) => written.push(new TextDecoder().decode(bytes)) > 0,
    },
  });
  for (const path of segmentPaths(whole)) {
    const bytes = bytesOf(whole, path);
    for (let size = 0; size < bytes.length + 700; size += 700) {
      disk.files.set(path, bytes.slice(0, size));
      await clock.advance(200);
      assert.equal(written.join(""), wholeBatches(disk), `${path} ${size}`);
    }
  }
  controller.abort();
  assert.equal((await following).code, 0);
});

/** The lines up to the last one that ends a batch. */
function wholeBatches(disk: MemoryDisk): string {
  const text = segmentPaths(disk).map((path) => textAt(disk, path)).join("");
  const end = /^[^]*"chain":"[^"]*","crc":"[^"]*"\}\n/.exec(text)?.[0] ?? "";
  return end.split("\n").filter((line) => line !== "").map((line) => `${line}\n`).join("");
}

Deno.test("cat: no name or value in an event reaches a terminal as a control character", async () => {
  const disk = await journalOfJobs();
  const { engine, clock, stop } = await engineOn(disk);
  const evil = "\x1b]0;own\x07\x9b2J\u202e\r";
  await engine.deliver([incoming("shop.Evil", { [evil]: evil, text: evil })]);
  await clock.settle();
  await stop();

  const { out } = await journalCommand(disk, ["cat", "--type", "shop.Evil"]);

  assert.equal(out.length, 1);
  assert.doesNotMatch(out.join(), /[\p{Cc}\u202e]/u);
  assert.match(out.join(), /shop\.Evil.*\\u001b\]0;own/);
});

Deno.test("cat: a job without entries is reported on stderr", async () => {
  const disk = await journalOfJobs();
  const { code, err, written } = await journalCommand(disk, ["cat", "--job", "nope"], {
    isInteractive: false,
  });
  assert.deepEqual([code, written, err], [0, "", ["daybook: no entry matches job nope"]]);
});
