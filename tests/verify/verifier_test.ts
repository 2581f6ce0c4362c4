import assert from "node:assert/strict";
import { JournalFailedError, type VerificationRun } from "../../src/engine/ports.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import type { JournalDamagedError } from "../../src/journal/errors.ts";
import { readVerification } from "../../src/journal/files/verification_file.ts";
import { type MemoryUse, pauseBetweenSlices, Verifier } from "../../src/verify/verifier.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import {
  bytesOf,
  type MemoryDisk,
  segmentPaths,
  snapshotPaths,
} from "../support/journal/journal_memory_disk.ts";
import { engineOn, journalOfJobs } from "../support/journal/journal_of_jobs.ts";
import { incoming } from "../support/engine/incoming.ts";

const LAYOUT = journalLayout("journal");
const MUCH: MemoryUse = { usedBytes: 1, bytesMax: 1_000 };

/** A server on a journal, and its verifier in the same process. */
async function serving(disk: MemoryDisk, memory: () => MemoryUse = () => MUCH) {
  const server = await engineOn(disk);
  const warnings: string[] = [];
  const damages: JournalDamagedError[] = [];
  const verifier = new Verifier({
    fileSystem: disk,
    layout: LAYOUT,
    clock: server.clock,
    engine: server.engine,
    memory,
    damaged: (error) => {
      damages.push(error);
      server.journal.damaged(error);
    },
    warn: (message) => warnings.push(message),
  });
  const deliver = () => server.engine.deliver([incoming("shop.ParcelLost")]);
  const ended = async (): Promise<VerificationRun | null> => {
    while (verifier.run?.status === "running") await server.clock.nextTurn();
    return verifier.run;
  };
  const verdict = () => readVerification(disk, LAYOUT);
  return { ...server, verifier, warnings, damages, deliver, ended, verdict };
}

/** Lets a file be opened only when the test says so. */
function holding(disk: MemoryDisk, path: string) {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const open = disk.open.bind(disk);
  disk.open = async (opened, mode) => {
    if (opened === path) {
      reached.resolve();
      await released.promise;
    }
    return await open(opened, mode);
  };
  return { reached: reached.promise, release: released.resolve };
}

/** A verification in the middle of the journal: it is about to read the first snapshot. */
async function halfway(disk: MemoryDisk) {
  const server = await serving(disk);
  const hold = holding(disk, snapshotPaths(disk)[0] ?? "");
  assert.deepEqual(server.verifier.start(), { started: true });
  await hold.reached;
  return { ...server, ...hold };
}

Deno.test("verifier: it stores the same verdict as the command, and compares what is served", async () => {
  const disk = await journalOfJobs();
  const server = await serving(disk);
  assert.deepEqual(server.verifier.start(), { started: true });
  assert.equal((await server.ended())?.status, "ended");
  const kept = await server.verdict();
  const command = await journalCommand(disk.copy(), ["verify", "--no-server"]);
  await server.stop();

  const asServed = command.out.join().replace(" 9 jobs;", " 9 jobs as served;");
  assert.match(asServed, /^intact: .* 9 jobs as served; head /);
  assert.deepEqual([kept?.verdict, kept?.detail], ["intact", asServed]);
  assert.deepEqual(kept?.proved, { firstLogId: 1, lastLogId: kept?.head.logId });
  assert.deepEqual(server.warnings, []);
});

Deno.test("verifier: entries recorded meanwhile do no harm, and the next verification includes them", async () => {
  const server = await halfway(await journalOfJobs());
  const { logId } = server.journal.head;
  const created = await server.engine.create({ type: "test.greet", input: { name: "x" } });
  assert.ok(created.ok);
  await server.deliver();
  server.release();
  assert.equal((await server.ended())?.status, "ended");
  const first = await server.verdict();
  server.verifier.start();
  await server.ended();
  const second = await server.verdict();
  const { head } = server.journal;
  await server.stop();

  assert.match(first?.detail ?? "", /^intact: .* as served; head /);
  assert.equal(first?.head.logId, logId);
  assert.match(second?.detail ?? "", /^intact: .* 10 jobs as served; head /);
  assert.deepEqual(second?.head, head);
});

Deno.test("verifier: one verification runs at a time", async () => {
  const server = await halfway(await journalOfJobs());
  assert.deepEqual(server.verifier.start(), {
    started: false,
    reason: "a verification is already running",
  });
  server.release();
  await server.ended();
  assert.deepEqual(server.verifier.start(), { started: true });
  await server.ended();
  await server.stop();
});

Deno.test("verifier: it reports how many of all bytes are read", async () => {
  const disk = await journalOfJobs();
  const server = await halfway(disk);
  const total = segmentPaths(disk).reduce((sum, path) => sum + bytesOf(disk, path).length, 0);
  const seen: (readonly [number, number])[] = [];
  server.release();
  while (server.verifier.run?.status === "running") {
    const { bytesDone, bytesTotal } = server.verifier.run;
    seen.push([bytesDone, bytesTotal]);
    await Promise.resolve();
  }
  await server.stop();
  assert.deepEqual(seen.at(-1), [total, total]);
});

Deno.test("verifier: a damaged journal gets its verdict, and acknowledges nothing more", async () => {
  const disk = await journalOfJobs();
  const server = await serving(disk);
  const [, second = ""] = segmentPaths(disk);
  bytesOf(disk, second)[400] = 0;
  server.verifier.start();
  assert.equal((await server.ended())?.status, "ended");
  const kept = await server.verdict();
  await assert.rejects(server.deliver(), JournalFailedError);
  await server.stop();

  assert.equal(kept?.verdict, "damaged");
  assert.match(kept?.detail ?? "", /^damaged: segment \d+\.ndjson line \d+ byte \d+ logId \d+: /);
  assert.match(server.warnings.join(), /^the journal was verified: damaged: segment /);
  assert.deepEqual(server.damages.map(({ segment }) => `journal/segments/${segment}`), [second]);
});

Deno.test("verifier: a server that serves something else is reported", async () => {
  const server = await serving(await journalOfJobs());
  const { lists } = server.engine;
  const { page } = lists;
  lists.page = (query) => {
    const { jobs, ...rest } = page.call(lists, query);
    return { ...rest, jobs: jobs.map((job) => ({ ...job, priority: 77 })) };
  };
  server.verifier.start();
  await server.ended();
  const kept = await server.verdict();
  await server.stop();
  assert.match(
    kept?.detail ?? "",
    /^intact, but this server serves something else: job \S+ is served differently from the journal at logId \d+, and 8 more; /,
  );
  assert.deepEqual(server.damages, []);
});

Deno.test("verifier: files that lack served entries are damage", async () => {
  const disk = await journalOfJobs();
  const server = await serving(disk);
  disk.files.delete(segmentPaths(disk).at(-1) ?? "");
  for (const path of snapshotPaths(disk)) disk.files.delete(path);
  server.verifier.start();
  await server.ended();
  const kept = await server.verdict();
  await server.engine.stop(0);
  assert.match(
    kept?.detail ?? "",
    /^damaged: this server has more than the files: it serves logId \d+, but the files end at \d+; .* gone from the disk/,
  );
});

Deno.test("verifier: a stop in the middle leaves no verdict, and nothing open", async () => {
  const server = await halfway(await journalOfJobs());
  const stopped = server.verifier.stop();
  server.release();
  await stopped;
  assert.equal(server.verifier.run, null);
  assert.equal(await server.verdict(), null);
  assert.deepEqual(server.warnings, []);
  await server.stop();
});

Deno.test("verifier: a verdict that cannot be stored is reported in the run", async () => {
  const disk = await journalOfJobs();
  const server = await serving(disk);
  const rename = disk.rename.bind(disk);
  disk.rename = () => Promise.reject(new Error("No space left on device (os error 28)"));
  server.verifier.start();
  const run = await server.ended();
  disk.rename = rename;
  await server.stop();
  assert.equal(run?.status, "failed");
  assert.match(
    run?.status === "failed" ? run.detail : "",
    /^the verdict could not be saved: No space left on device \(os error 28\); it was intact: /,
  );
});

Deno.test("verifier: without a journal there is no verdict, and the run says why", async () => {
  const disk = await journalOfJobs();
  const server = await serving(disk);
  disk.files.set("journal/segments/notes.txt", new Uint8Array());
  server.verifier.start();
  const run = await server.ended();
  const kept = await server.verdict();
  await server.stop();
  assert.match(run?.status === "failed" ? run.detail : "", /^unusable: .*notes\.txt/);
  assert.equal(kept, null);
});

Deno.test("verifier: a process with little memory left refuses to begin", async () => {
  const server = await serving(
    await journalOfJobs(),
    () => ({ usedBytes: 401, bytesMax: 1_000 }),
  );
  const start = server.verifier.start();
  await server.stop();
  assert.match(
    start.started ? "" : start.reason,
    /too little room .*deno task journal verify does it in a process of its own$/,
  );
});

Deno.test("verifier: it gives up when the process runs low on memory", async () => {
  const disk = await journalOfJobs();
  let usedBytes = 100;
  const server = await serving(disk, () => ({ usedBytes, bytesMax: 1_000 }));
  // A clock whose readings advance it so far that a pause is due each time.
  let now = 0;
  server.clock.monotonic = () => now += 10;
  server.clock.pause = () => {
    usedBytes += 200;
    return Promise.resolve();
  };
  server.verifier.start();
  const run = await server.ended();
  const kept = await server.verdict();
  await server.stop();
  assert.match(run?.status === "failed" ? run.detail : "", /too little room/);
  assert.equal(kept, null);
});

Deno.test("pauseBetweenSlices: it yields every few milliseconds, not more often", async () => {
  const clock = new FakeClock();
  const pause = pauseBetweenSlices(clock, new AbortController().signal, () => {});
  let pauses = 0;
  for (let elapsedMs = 0; elapsedMs < 100; elapsedMs++) {
    const pausing = pause();
    if (pausing !== undefined) pauses++;
    await pausing;
    clock.pass(1);
  }
  assert.ok(pauses >= 30 && pauses <= 60, `${pauses}`);
});
