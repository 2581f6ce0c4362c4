/** A verification with ended jobs outside memory has the same result as one with all in memory. */

import assert from "node:assert/strict";
import { audit } from "../../src/verify/audit.ts";
import { type AuditReport, problemText } from "../../src/verify/audit_report.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { dropSnapshots, forge, journalOfJobs } from "../support/journal/journal_of_jobs.ts";
import type { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";

async function proof(disk: MemoryDisk, isInMemory: boolean): Promise<AuditReport> {
  const index = MemoryIndex.empty();
  const scratch = () => ({
    index,
    content: () => assert.fail("there is no index to compare"),
    held: () => undefined,
    known: () => undefined,
    [Symbol.dispose]: () => index.close(),
  });
  return await audit({
    fileSystem: disk,
    layout: journalLayout("journal"),
    progress: () => {},
    ...(isInMemory ? {} : { scratch }),
  });
}

function told({ problems, problemCount, head, jobs }: AuditReport) {
  return { problems: problems.map(problemText), problemCount, head, jobs };
}

async function assertSame(disk: MemoryDisk): Promise<AuditReport> {
  const [inMemory, outside] = [await proof(disk, true), await proof(disk, false)];
  assert.deepEqual(told(outside), told(inMemory));
  return outside;
}

Deno.test("verification outside memory: a journal is intact, and its jobs are counted", async () => {
  const { problemCount, jobs } = await assertSame(await journalOfJobs());
  assert.equal(problemCount, 0);
  assert.equal(jobs, 9);
});

Deno.test("verification outside memory: a snapshot with ended jobs is not compared, and noted", async () => {
  const { snapshots, notes } = await proof(await journalOfJobs(), false);
  assert.equal(snapshots, 0);
  assert.match(notes.join("\n"), /it holds jobs that have ended; not compared/);
});

const FORGERIES: Readonly<Record<string, (line: string) => string>> = {
  "an event id that comes twice": (line) =>
    line.replace(/"eventId":"[^"]*"(?=,"eventType":"shop)/, '"eventId":"evt-twice"'),
  "an entry of a job that was never created": (line) =>
    line.replace('"eventType":"job.JobCreated"', '"eventType":"job.JobResumed"'),
  "a cause that is no position before": (line) => line.replace(/"causedBy":\d+/, '"causedBy":9999'),
};

for (const [what, change] of Object.entries(FORGERIES)) {
  Deno.test(`verification outside memory: it finds ${what}`, async () => {
    const disk = await journalOfJobs();
    dropSnapshots(disk);
    forge(disk, change);
    assert.ok((await assertSame(disk)).problemCount > 0);
  });
}

Deno.test("verification outside memory: it finds an ended job that is created again", async () => {
  const disk = await journalOfJobs();
  dropSnapshots(disk);
  let ended = "";
  forge(disk, (line) => {
    ended ||= /"eventType":"job.JobCreated","jobId":"([^"]*)"/.exec(line)?.[1] ?? "";
    return line.replace(
      /"stratum":"domain",("eventId":"[^"]*",)"eventType":"shop.ParcelShipped",(.*)\{"orderId":"unknown"\}/,
      `"stratum":"framework",$1"eventType":"job.JobCreated","jobId":"${ended}",$2{"type":"test.greet"}`,
    );
  });
  const { problems } = await assertSame(disk);
  assert.match(problems.map(problemText).join("\n"), new RegExp(`job ${ended} already exists`));
});
