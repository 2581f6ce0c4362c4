import assert from "node:assert/strict";
import fc from "fast-check";
import { EntryAudit, findIllegality } from "../../src/verify/entry_audit.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, eventType } from "../../src/core/ids.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import { action, Play } from "../support/engine/random_jobs.ts";
import { rounds } from "../support/effort.ts";

Deno.test("entry audit: everything that the engine writes is legal, and projects to its states", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 2, maxLength: 14 }),
      fc.constantFrom(1, 2, 5),
      async (actions, maxRunning) => {
        const play = new Play();
        await play.start(maxRunning);
        for (const each of actions) {
          await play.act(each);
          await play.daybook.clock.settle(3);
        }
        await play.settle();
        const projection = new Projection();
        const audit = new EntryAudit(projection);
        const { journal, engine } = play.daybook;
        for (const entry of await journal.read(0, journal.head.logId)) {
          const audited = audit.audit(entry);
          assert.equal(audited.kind, "applied", JSON.stringify({ audited, entry }));
        }
        for (const job of projection.table.jobs()) {
          assert.equal(JSON.stringify(job), JSON.stringify(engine.job(job.jobId)));
        }
      },
    ),
    { numRuns: rounds(200, 200, 20) },
  );
});

const FACT: JobEventLogEntry = {
  logId: 7,
  receivedAt: "2026-01-01T00:00:00.000Z",
  occurredAt: "2026-01-01T00:00:00.000Z",
  stratum: "domain",
  eventId: eventId("evt_7"),
  eventType: eventType("test.Happened"),
  attributes: {},
};

Deno.test("legality: errors in an entry's names and references are described", () => {
  const changes: readonly (readonly [object, RegExp | undefined])[] = [
    [{}, undefined],
    [{ causedBy: 6, jobId: "a", taskId: "b", executionId: "c" }, undefined],
    [{ stratum: "coordination" }, undefined],
    [{ stratum: "framework", eventType: "journal.Sealed" }, undefined],
    [{ causedBy: 7 }, /causedBy 7 is not a position before/],
    [{ causedBy: 0 }, /causedBy 0/],
    [{ causedBy: 1.5 }, /causedBy 1\.5/],
    [{ eventType: "" }, /event type "" is not legal/],
    [{ eventType: "a".repeat(201) }, /is not legal/],
    [{ eventId: "a b" }, /eventId "a b" is not legal/],
    [{ eventId: "" }, /eventId "" is not legal/],
    [{ jobId: ".." }, /jobId "\.\." is not legal/],
    [{ executionId: "é" }, /executionId "é" is not legal/],
    [{ stratum: "framework" }, /test\.Happened is not in a namespace of the framework/],
    [{ eventType: "journal.Sealed" }, /is in a namespace of the framework, and its stratum is dom/],
    [{ stratum: "framework", eventType: "journal.Sealed", jobId: "a" }, /names a job/],
    [{ stratum: "framework", eventType: "job.JobStarted" }, /job\.JobStarted names no job/],
    [{ stratum: "framework", eventType: "job.PauseBegan" }, undefined],
    [{ stratum: "framework", eventType: "job.PauseEnded" }, undefined],
    [{ stratum: "framework", eventType: "job.LimitsChanged" }, undefined],
    [{ stratum: "framework", eventType: "job.LimitsRestored" }, undefined],
    [{ stratum: "framework", eventType: "job.LimitsChanged", jobId: "a" }, /concerns all of them/],
    [{ stratum: "framework", eventType: "job.TaskFailed", jobId: "a" }, /names no task/],
    [{ stratum: "framework", eventType: "job.CompensationStarted", jobId: "a" }, /names no task/],
    [{ stratum: "framework", eventType: "job.CompensationEnded", jobId: "a" }, undefined],
  ];
  for (const [change, reason] of changes) {
    const found = findIllegality({ ...FACT, ...change } as JobEventLogEntry);
    if (reason === undefined) assert.equal(found, undefined, JSON.stringify(change));
    else assert.match(found ?? "", reason);
  }
});
