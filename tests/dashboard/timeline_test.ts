/** Laws of timelines for every sequence of entries, whatever their clocks said; and examples. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Condition } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { OutlinedHistory } from "../../src/explain/history/outlined_history.ts";
import { jobTiming } from "../../src/explain/past/timing.ts";
import type { Timing } from "../../src/explain/statements/explanation.ts";
import { isTerminal } from "../../src/core/job_state.ts";
import type { Lane } from "../../src/dashboard/timeline/lanes.ts";
import type { Timeline } from "../../src/dashboard/timeline/timeline.ts";
import { buildTimeline } from "../support/timelines.ts";
import {
  codedJob,
  expectation,
  type JobStory,
  outsideJob,
  timeOf,
} from "../support/engine/entries.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { cases } from "../support/effort.ts";

const RUNS = { numRuns: cases(1_000) };

/** The time of an entry at this position, as in `timeOf`. */
function msOf(logId: number): number {
  return Date.parse(timeOf(logId));
}

/** How far the clock jumps at each entry: mostly forward, sometimes back. */
const jumps = fc.infiniteStream(fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
  fc.integer({ min: -20_000, max: 0 }),
  fc.constant(3_600_000),
));

const skewed: fc.Arbitrary<readonly JobEventLogEntry[]> = fc.tuple(stories, jumps)
  .map(([{ entries }, jump]) => {
    let at = msOf(0);
    return entries.map((entry) => {
      at += jump.next().value ?? 0;
      return { ...entry, receivedAt: new Date(at).toISOString() };
    });
  });

const nows = fc.integer({ min: -10_000, max: 10_000_000 }).map((ms) => msOf(0) + ms);

function drawn(entries: readonly JobEventLogEntry[], nowMs = msOf(100)): Timeline {
  return buildTimeline(OutlinedHistory.of(entries), { nowMs });
}

Deno.test("timeline: conditions follow each other without a gap, from the creation to the end", () => {
  fc.assert(
    fc.property(skewed, nows, (entries, nowMs) => {
      const { conditions, totalMs } = drawn(entries, nowMs);
      let at = 0;
      for (const { fromMs, toMs } of conditions) {
        assert.equal(fromMs, at);
        assert.ok(toMs >= fromMs, `${fromMs} to ${toMs}`);
        at = toMs;
      }
      assert.ok(at <= totalMs);
    }),
    RUNS,
  );
});

const NAMES: readonly (readonly [keyof Timing, readonly Condition[]])[] = [
  ["scheduledMs", ["scheduled", "created"]],
  ["queuedMs", ["queued"]],
  ["executingMs", ["executing"]],
  ["waitingMs", ["waiting"]],
  ["backingOffMs", ["backingOff"]],
  ["suspendedMs", ["suspended"]],
  ["compensatingMs", ["compensating"]],
];

Deno.test("timeline: ended spans add up to the times in the explanation, whatever the clock did", () => {
  fc.assert(
    fc.property(skewed, (entries) => {
      const outlined = OutlinedHistory.of(entries);
      const timing = jobTiming(outlined);
      const { conditions } = buildTimeline(outlined, { nowMs: msOf(1_000) });
      for (const [name, included] of NAMES) {
        const ended = conditions.filter((one) =>
          !one.isOngoing && included.includes(one.condition)
        );
        const sum = ended.reduce((total, { fromMs, toMs }) => total + toMs - fromMs, 0);
        assert.equal(sum, timing[name], name);
      }
    }),
    RUNS,
  );
});

Deno.test("timeline: spans of a task are in order, without overlaps, and none is negative", () => {
  fc.assert(
    fc.property(skewed, nows, (entries, nowMs) => {
      const { lanes, totalMs } = drawn(entries, nowMs);
      for (const { spans } of lanes) {
        let at = 0;
        for (const { fromMs, toMs } of spans) {
          assert.ok(fromMs >= at && toMs >= fromMs, `${at}: ${fromMs} to ${toMs}`);
          at = toMs;
        }
        assert.ok(at <= totalMs);
      }
    }),
    RUNS,
  );
});

Deno.test("timeline: every recorded attempt appears once", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const { lanes } = drawn(entries);
      const begun = lanes.flatMap(({ spans }) =>
        spans.flatMap((span) => span.kind === "attempt" ? span.startedBy ?? [] : [])
      );
      const recorded = entries.filter(({ eventType }) =>
        eventType === "job.TaskStarted" || eventType === "job.CompensationStarted"
      );
      assert.deepEqual(
        begun.toSorted((left, right) => left - right),
        recorded.map(({ logId }) => logId),
      );
    }),
    RUNS,
  );
});

Deno.test("timeline: only open spans extend to the present", () => {
  fc.assert(
    fc.property(skewed, nows, (entries, nowMs) => {
      const outlined = OutlinedHistory.of(entries);
      const { conditions, lanes, totalMs } = buildTimeline(outlined, { nowMs });
      const all = [...conditions, ...lanes.flatMap(({ spans }) => spans)];
      const open = all.filter(({ isOngoing }) => isOngoing);
      if (isTerminal(outlined.job)) assert.deepEqual(open, []);
      else assert.ok(open.length > 0);
      for (const { toMs } of open) assert.equal(toMs, totalMs);
    }),
    RUNS,
  );
});

Deno.test("timeline: each event that reached the job is one mark, in the order of the journal", () => {
  fc.assert(
    fc.property(skewed, (entries) => {
      const { marks, totalMs } = drawn(entries);
      const facts = entries.filter(({ stratum, eventType }) =>
        stratum !== "framework" || eventType === "job.EventCorrelated"
      );
      const marked = new Set(marks.map(({ logId }) => logId));
      for (const { logId } of facts) assert.ok(marked.has(logId), `entry ${logId}`);
      assert.equal(marked.size, marks.length);
      let at = 0;
      for (const { atMs } of marks) {
        assert.ok(atMs >= at && atMs <= totalMs);
        at = atMs;
      }
    }),
    RUNS,
  );
});

/** `charge attempt failed 2000 3000`, for each span of each lane. */
function told(lanes: readonly Lane[]): readonly string[] {
  return lanes.flatMap(({ taskId, phase, spans }) =>
    spans.map((span) => {
      const what = span.kind === "attempt" ? `${span.nth} ${span.outcome}` : "backoff";
      const open = span.isOngoing ? "..." : "";
      const undo = phase === "run" ? "" : "undo ";
      return `${undo}${taskId} ${what} ${span.fromMs} ${span.toMs}${open}`;
    })
  );
}

Deno.test("timeline: attempts, and the backoffs between them", () => {
  const story = codedJob().started().mainStarted()
    .taskStarted("charge", 1).taskBackedOff("charge", 1).skip(3)
    .taskStarted("charge", 2).taskBackedOff("charge", 2);
  assert.deepEqual(told(drawn(story.entries, msOf(20)).lanes), [
    "main 1 running 2000 19000...",
    "charge 1 failed 3000 4000",
    "charge backoff 4000 8000",
    "charge 2 failed 8000 9000",
    "charge backoff 9000 19000...",
  ]);
});

Deno.test("timeline: a due attempt without a worker is queued from then on", () => {
  const story = codedJob().started().mainStarted().taskStarted("charge", 1)
    .taskBackedOff("charge", 1).skip(1_000).cancelled("enough");
  const { conditions } = drawn(story.entries);
  assert.deepEqual(conditions.map(({ condition, fromMs, toMs }) => [condition, fromMs, toMs]), [
    ["created", 0, 1_000],
    ["queued", 1_000, 2_000],
    ["executing", 2_000, 4_000],
    ["backingOff", 4_000, 899_000],
    ["queued", 899_000, 1_005_000],
  ]);
});

Deno.test("timeline: an attempt that ended after its job is drawn to its end", () => {
  const story = codedJob().started().mainStarted().taskStarted("charge").cancelled("enough")
    .skip(5).taskCompleted("charge");
  const { lanes, conditions, totalMs } = drawn(story.entries);
  assert.deepEqual(told(lanes), [
    "main 1 abandoned 2000 4000",
    "charge 1 completed 3000 10000",
  ]);
  assert.deepEqual([conditions.at(-1)?.toMs, totalMs], [4_000, 10_000]);
});

Deno.test("timeline: compensations have separate lanes, in the order of their start", () => {
  const story = codedJob().started().mainStarted().compensableTask("reserve")
    .compensableTask("pack").taskStarted("charge").taskFailed("charge", 1, "poison")
    .compensationStarted("pack").taskCompensated("pack").compensationStarted("reserve");
  const undone = drawn(story.entries, msOf(30)).lanes.filter(({ phase }) => phase !== "run");
  assert.deepEqual(told(undone), [
    "undo pack 1 completed 9000 10000",
    "undo reserve 1 running 11000 29000...",
  ]);
});

function kinds(story: JobStory): readonly string[] {
  return drawn(story.entries).marks.map(({ kind }) => kind);
}

Deno.test("timeline: marks distinguish matches, surplus, errors, and events without effect", () => {
  const job = outsideJob(
    [expectation("paid", "ec.Paid"), expectation("shipped", "ec.Shipped")],
    { errors: [{ ...expectation("", "ec.Refused").matcher }] },
  ).started();
  const story = job.fact("ec.Paid").fact("ec.Paid").fact("ec.Weather").fact("ec.Refused");
  assert.deepEqual(kinds(story.fact("ec.Shipped")), [
    "matched",
    "surplus",
    "recorded",
    "error",
    "recorded",
  ]);
});

Deno.test("timeline: near misses that reached no job are at their position in the journal", () => {
  const story = outsideJob([expectation("paid", "ec.Paid")]).started().skip(4).suspended();
  const [stranger] = outsideJob([]).skip(2).fact("ec.Paid").entries.slice(-1);
  assert.ok(stranger);
  const nearMisses = [{ ...stranger, jobId: undefined } as unknown as JobEventLogEntry];
  const { marks } = buildTimeline(OutlinedHistory.of(story.entries), {
    nowMs: msOf(20),
    nearMisses,
  });
  assert.deepEqual(marks.map(({ kind, atMs, logId }) => [kind, atMs, logId]), [
    ["nearMiss", 3_000, 4],
  ]);
});

Deno.test("timeline: a near miss from before the job is at the start of the job", () => {
  const story = outsideJob([expectation("paid", "ec.Paid")]).started();
  const later = story.entries.map((entry) => ({ ...entry, logId: entry.logId + 50 }));
  const [early] = outsideJob([]).fact("ec.Paid").entries.slice(-1);
  assert.ok(early);
  const { marks } = buildTimeline(OutlinedHistory.of(later), {
    nowMs: msOf(20),
    nearMisses: [early],
  });
  assert.deepEqual(marks.map(({ kind, atMs }) => [kind, atMs]), [["nearMiss", 0]]);
});

Deno.test("timeline: a clock that went back is reported, and moves nothing to the left", () => {
  const { entries } = codedJob().started().mainStarted().taskStarted("charge");
  const times = [10, 20, 15, 16];
  const back = entries.map((entry, at) => ({ ...entry, receivedAt: timeOf(times[at] ?? 0) }));
  const { wentBackAt, conditions, totalMs } = drawn(back, msOf(18));
  assert.deepEqual(wentBackAt, [3]);
  assert.deepEqual(
    conditions.map(({ condition, fromMs, toMs }) => [condition, fromMs, toMs]),
    [["created", 0, 10_000], ["queued", 10_000, 10_000], ["executing", 10_000, 13_000]],
  );
  assert.equal(totalMs, 13_000);
});
