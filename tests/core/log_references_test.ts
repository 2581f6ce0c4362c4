import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, type JobId, type LogId } from "../../src/core/ids.ts";
import {
  logReferences,
  quotedEntry,
  quoteEntry,
  withReferences,
} from "../../src/core/log_references.ts";
import { codedJob } from "../support/engine/entries.ts";
import { stories } from "./arbitrary_entries.ts";
import { projectAll } from "../support/engine/folding.ts";
import { cases } from "../support/effort.ts";

const QUOTATION = eventId("evt_quotation");

function quotation(entry: JobEventLogEntry) {
  return quoteEntry({ ...entry, jobId: entry.jobId as JobId }, QUOTATION);
}

/** A waiting job whose first task was reused by a retry. */
const waiting = codedJob().started().mainStarted()
  .framework("job.TaskCompleted", { attempt: 1, reusedFrom: 90 }, {
    taskId: "reserve" as never,
    causedBy: 91,
  })
  .framework("job.TaskWaiting", { expectations: ["shipped"], seen: 2 }, {
    taskId: "main" as never,
  });

Deno.test("log references: causes, reused results and what run has seen are positions", () => {
  const [, , , completed, waits] = waiting.entries;
  assert.deepEqual(completed && logReferences(completed), [91, 90]);
  assert.deepEqual(waits && logReferences(waits), [2]);
  assert.deepEqual(logReferences(waiting.entry(0)), []);
});

Deno.test("log references: replacing them changes nothing else", () => {
  const entry = waiting.entry(3);
  const moved = withReferences(entry, (logId) => logId + 1_000);
  assert.deepEqual(logReferences(moved), [1_091, 1_090]);
  assert.deepEqual(withReferences(moved, (logId) => logId - 1_000), entry);
  assert.deepEqual(Object.keys(moved), Object.keys(entry));
});

Deno.test("log references: those within a quotation are found and replaced", () => {
  const quoted = quotation(waiting.entry(3));
  assert.deepEqual(logReferences(quoted), [91, 90]);
  const moved = withReferences(quoted, (logId) => logId + 1_000);
  assert.equal(moved.causedBy, 1_091);
  assert.deepEqual(logReferences(quotedEntry(moved)), [1_091, 1_090]);
});

Deno.test("quotation: the quoted entry is the original, at the position of the quotation", () => {
  for (const entry of waiting.entries) {
    const quoted = quotation(entry);
    assert.equal("jobId" in quoted, false);
    assert.equal(quoted.eventId, QUOTATION);
    assert.deepEqual(quotedEntry(quoted), entry);
    assert.equal(quotedEntry(entry), entry);
  }
});

const KEYS = new Set([
  ...["by", "seen", "because", "reusedFrom", "completedBy", "suspendedBy"],
  ...["setBy", "passedBy", "waived"],
]);

function isPosition(key: string): boolean {
  return KEYS.has(key) || key.endsWith("LogId") || key === "startedBy" || key === "endedBy";
}

function movedState(value: unknown, moved: (logId: LogId) => LogId, key = ""): unknown {
  if (typeof value === "number") return isPosition(key) ? moved(value) : value;
  if (Array.isArray(value)) return value.map((item) => movedState(item, moved, key));
  if (typeof value !== "object" || value === null) return value;
  // Labels and results belong to the user: names in them have no meaning.
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) =>
      ["labels", "input", "result"].includes(name)
        ? [name, item]
        : [name, movedState(item, moved, name)]
    ),
  );
}

Deno.test("log references: a job whose positions move is the same job at other positions", () => {
  fc.assert(
    fc.property(stories, fc.integer({ min: 1, max: 50 }), (story, factor) => {
      const moved = (logId: LogId) => logId * factor + 7;
      const entries = story.entries.map((entry) => ({
        ...withReferences(entry, moved),
        logId: moved(entry.logId),
      }));
      const job = projectAll(entries as readonly JobEventLogEntry[]);
      assert.equal(
        JSON.stringify(job),
        JSON.stringify(movedState(projectAll(story.entries), moved)),
      );
    }),
    { numRuns: cases(500) },
  );
});
