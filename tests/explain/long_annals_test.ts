/** What an explanation of a very long history examines, and what it sums up. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { OutlinedHistory } from "../../src/explain/history/outlined_history.ts";
import { explain, explaining } from "../../src/explain/explain.ts";
import { summedUpTexts } from "../../src/explain/explanation_text.ts";
import { jobTiming } from "../../src/explain/past/timing.ts";
import { deriveCondition } from "../../src/core/condition.ts";
import { foldAll, JobFold } from "../../src/core/job_fold.ts";
import { taskId } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { codedJob, expectation, JobStory, outsideJob, timeOf } from "../support/engine/entries.ts";

const ALONE = {
  causes: new Map(),
  candidates: new Map(),
  circumstances: { definition: "none", draining: false, full: false },
} as const;

/** The story with this many more entries, each like the given one, at its own time. */
function goneOn(
  story: JobStory,
  count: number,
  next: (logId: number, index: number) => Partial<JobEventLogEntry>,
): readonly JobEventLogEntry[] {
  const last = story.entry(-1);
  const more = Array.from({ length: count }, (_, index) => {
    const logId = last.logId + 1 + index;
    const when = { occurredAt: timeOf(logId), receivedAt: timeOf(logId) };
    const entry: object = {
      ...last,
      logId,
      eventId: `evt_${logId}`,
      ...when,
      ...next(logId, index),
    };
    return entry as JobEventLogEntry;
  });
  return [...story.entries, ...more];
}

function fact(attributes: JsonObject): Partial<JobEventLogEntry> {
  return { stratum: "domain", eventType: "ec.Happened", attributes } as Partial<JobEventLogEntry>;
}

const TIMES = { multiplicity: { times: 10_000 } } as const;

Deno.test("outlined: of a long history some thousand entries are kept, and the others are counted", () => {
  const story = outsideJob([expectation("it", "ec.Happened", TIMES)]).started();
  const entries = goneOn(story, 9_000, () => fact({}));
  const outlined = OutlinedHistory.of(entries);

  const { passed } = outlined;
  assert.ok(outlined.entries.size <= 5_500, `${outlined.entries.size} are kept`);
  assert.equal((passed?.count ?? 0) + outlined.entries.size, entries.length);
  assert.deepEqual(outlined.job, foldAll(entries));
  for (const { logId } of entries) {
    assert.ok(outlined.isOwn(logId));
    const isInside = logId >= (passed?.from ?? 0) && logId <= (passed?.to ?? 0);
    assert.equal(outlined.entries.has(logId), !isInside, `entry ${logId}`);
  }
  assert.ok(!outlined.isOwn(0) && !outlined.isOwn(entries.length + 1));

  const explanation = explain(outlined, ALONE);
  assert.deepEqual(explanation.summedUp?.entries, passed);
  assert.match(explanation.summary, /9,000 of 10,000/);
  assert.deepEqual(summedUpTexts(explanation), [
    `4,002 entries from ${passed?.from} to ${passed?.to} are included, but not ` +
    "described one by one.",
  ]);
  assert.equal(explain(OutlinedHistory.of(entries.slice(0, 4_000)), ALONE).summedUp, undefined);
});

Deno.test("outlined: entries without effect are examined, however much came after them", () => {
  const correlation = { equals: { orderId: 42 } };
  const story = outsideJob([expectation("it", "ec.Happened", { ...TIMES, correlation })]).started();
  const entries = goneOn(
    story,
    9_000,
    (_, index) => fact({ orderId: index === 1_000 ? "42" : 42 }),
  );
  const [wait] = explain(OutlinedHistory.of(entries), ALONE).waitingFor;
  assert.deepEqual(wait?.nearMisses.map(({ attributes }) => attributes), [{ orderId: "42" }]);
  assert.equal(wait?.matched, 8_999);
});

Deno.test("outlined: fewer entries are kept if they are large", () => {
  const story = outsideJob([expectation("it", "ec.Happened", TIMES)]).started();
  const text = "x".repeat(200_000);
  const entries = goneOn(story, 300, () => fact({ text }));
  const { entries: kept } = OutlinedHistory.of(entries);
  assert.ok(kept.size > 50 && kept.size < 120, `${kept.size} are kept`);
});

Deno.test("outlined: the entry that satisfied an expectation is named, although it is not kept", () => {
  const once = expectation("early", "ec.Early");
  const story = outsideJob([once, expectation("it", "ec.Happened", TIMES)]).started();
  const entries = goneOn(story, 9_000, (_, index) => {
    return index === 2_000 ? { ...fact({}), eventType: "ec.Early" as never } : fact({});
  });
  const { completed } = explain(OutlinedHistory.of(entries), ALONE);
  assert.match(
    completed[0]?.statement ?? "",
    /^"early" is satisfied: .* settled at .* by ec\.Early/,
  );
});

/** Suspended and resumed repeatedly. */
function restless(count: number): readonly JobEventLogEntry[] {
  return goneOn(codedJob().started(), count, (_, index) => ({
    stratum: "framework",
    eventType: index % 2 === 0 ? "job.JobSuspended" : "job.JobResumed",
    attributes: {},
  } as Partial<JobEventLogEntry>));
}

Deno.test("outlined: with very many spans the times are right, and some spans are kept", () => {
  const entries = restless(9_001);
  const outlined = OutlinedHistory.of(entries);
  const spent = new Map<string, number>();
  const fold = new JobFold();
  let [condition, since] = ["", 0];
  for (const entry of entries) {
    fold.apply(entry);
    const now = fold.job === undefined ? "" : deriveCondition(fold.job);
    if (now === condition) continue;
    const at = Date.parse(entry.receivedAt);
    spent.set(condition, (spent.get(condition) ?? 0) + at - since);
    [condition, since] = [now, at];
  }
  const timing = jobTiming(outlined);
  assert.equal(timing.suspendedMs, spent.get("suspended"));
  assert.equal(timing.queuedMs, spent.get("queued"));
  assert.ok(outlined.spans.length <= 3_500, `${outlined.spans.length} are kept`);
  assert.equal(outlined.spans.at(-1)?.condition, "suspended");
});

Deno.test("outlined: of very many attempts the latest are kept, and the others are counted", () => {
  const story = codedJob().started().taskStarted("charge");
  const error = { name: "Error", message: "no" };
  const entries = goneOn(story, 2_000, (logId, index) => {
    const attempt = (index >> 1) + 1;
    const begins = { eventType: "job.TaskStarted", attributes: { attempt: attempt + 1 } };
    const retryAt = timeOf(logId);
    const ends = {
      eventType: "job.TaskFailed",
      attributes: { attempt, maxAttempts: 100_000, error, retryAt },
    };
    return (index % 2 === 0 ? ends : begins) as Partial<JobEventLogEntry>;
  });
  const outlined = OutlinedHistory.of(entries);
  const [attempts] = outlined.attempts.values();
  assert.equal(attempts?.length, 200);
  assert.equal(attempts?.at(-1)?.nth, 1_001);
  const { because } = explain(outlined, ALONE);
  const told = because.map(({ statement }) => statement);
  assert.ok(
    told.includes("801 earlier attempts of task charge ended badly too."),
    told.join("\n"),
  );
});

/** A failed job with many tasks. */
function busyHistory(count: number): OutlinedHistory {
  const begun = codedJob().started().mainStarted();
  const tasks = goneOn(begun.taskCompleted("t", 1, { result: 1 }), count, (_, index) => ({
    taskId: taskId(`t${index}`),
  }));
  const last = new JobStory(tasks.slice(-1));
  return OutlinedHistory.of([...tasks, last.taskFailed("main", 1, "poison").entry(-1)]);
}

Deno.test("explaining: the work on a job with thousands of tasks pauses between its parts", () => {
  const outlined = busyHistory(8_000);
  const longestShare = () => {
    const times: number[] = [];
    const work = explaining(outlined, ALONE);
    for (let isDone = false; !isDone;) {
      const beganMs = performance.now();
      isDone = work.next().done === true;
      times.push(performance.now() - beganMs);
    }
    return Math.max(...times) / times.reduce((sum, ms) => sum + ms);
  };
  const shares = Array.from({ length: 5 }, longestShare);
  // All of it was one piece, during which nobody else was served.
  assert.ok(Math.min(...shares) < 0.8, `${shares}`);
});
