/** Timelines as bars: bounded, placed correctly, and distinguishable. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { OutlinedHistory } from "../../src/explain/history/outlined_history.ts";
import type { Extent, Lane } from "../../src/dashboard/timeline/lanes.ts";
import type { Timeline } from "../../src/dashboard/timeline/timeline.ts";
import type { Drawing } from "../../src/dashboard/job/drawing.ts";
import { buildTimeline, drawTimeline } from "../support/timelines.ts";
import {
  axisTicks,
  legible,
  SCALES,
  timeScale,
  usualScale,
  WIDTH,
} from "../../src/dashboard/job/time_scale.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { codedJob, type JobStory, timeOf } from "../support/engine/entries.ts";
import { cases } from "../support/effort.ts";

function timelineFrom({ entries }: JobStory): Timeline {
  return buildTimeline(OutlinedHistory.of(entries), { nowMs: Date.parse(timeOf(400)) });
}

function shares(drawing: Drawing): readonly (readonly [x: number, width: number])[] {
  return [drawing.job, ...drawing.lanes].flatMap(({ bars }) =>
    bars.map(({ x, width }) => [parseFloat(x), parseFloat(width)] as const)
  );
}

Deno.test("drawing: every bar and mark is within the picture, on either scale", () => {
  fc.assert(
    fc.property(stories, fc.constantFrom(...SCALES), (story, scale) => {
      const drawing = drawTimeline(timelineFrom(story), scale);
      for (const [x, width] of shares(drawing)) {
        assert.ok(x >= 0 && width > 0 && x + width <= 100.01, `${x} ${width}`);
      }
      for (const { x } of [...drawing.marks, ...drawing.ticks]) {
        assert.ok(parseFloat(x) >= 0 && parseFloat(x) <= 100, x);
      }
    }),
    { numRuns: cases(500) },
  );
});

Deno.test("drawing: labels of moments have room beside each other, however close the moments are", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { ticks } = drawTimeline(timelineFrom(story), "steps");
      const places = ticks.map(({ x }) => parseFloat(x));
      places.slice(1).forEach((x, index) => assert.ok(x - (places[index] ?? 0) >= 15, `${places}`));
    }),
    { numRuns: cases(500) },
  );
});

Deno.test("drawing: bars of a row follow each other, on either scale", () => {
  fc.assert(
    fc.property(stories, fc.constantFrom(...SCALES), (story, scale) => {
      const { job, lanes } = drawTimeline(timelineFrom(story), scale);
      for (const { bars } of [job, ...lanes]) {
        const places = bars.map(({ x }) => parseFloat(x));
        assert.deepEqual(places, places.toSorted((left, right) => left - right));
      }
    }),
    { numRuns: cases(500) },
  );
});

/** A task that fails repeatedly. */
function restless(attempts: number): JobStory {
  const { entries } = codedJob().started().mainStarted().taskStarted("charge");
  const [created, started, main, first] = entries;
  assert.ok(created && started && main && first);
  const more = Array.from({ length: attempts }, (_, index) => {
    const logId = 5 + 2 * index;
    const failed = {
      ...first,
      logId,
      eventType: "job.TaskFailed",
      receivedAt: timeOf(logId),
      attributes: {
        attempt: index + 1,
        maxAttempts: 100_000,
        error: { name: "Error", message: "no" },
        retryAt: timeOf(logId + 1),
      },
    };
    const again = { ...first, logId: logId + 1, receivedAt: timeOf(logId + 1) };
    return [failed, again];
  });
  return { entries: [created, started, main, first, ...more.flat()] } as unknown as JobStory;
}

Deno.test("drawing: a job of ten thousand entries has no more bars than can be distinguished", () => {
  const timeline = buildTimeline(OutlinedHistory.of(restless(5_000).entries), { nowMs: 0 });
  for (const scale of SCALES) {
    const drawing = drawTimeline(timeline, scale);
    const bars = shares(drawing).length;
    assert.ok(bars > 50 && bars < 2_000, `${bars} bars`);
    assert.ok(drawing.merged > 1_500, `${drawing.merged} merged`);
  }
});

function lane(taskId: string, outcome: string, toMs: number): Lane {
  const span = { kind: "attempt", fromMs: 0, toMs, isOngoing: outcome === "running", outcome };
  return { taskId, phase: "run", spans: [{ ...span, fromBy: 1, toBy: 2 }] } as unknown as Lane;
}

Deno.test("drawing: of many tasks, open, failed and long ones are shown", () => {
  const quick = Array.from({ length: 40 }, (_, index) => lane(`quick-${index}`, "completed", 1));
  const telling = [
    lane("slow", "completed", 90),
    lane("broken", "failed", 1),
    lane("busy", "running", 5),
  ];
  const timeline: Timeline = {
    ...timelineFrom(codedJob().started()),
    lanes: [...quick, ...telling],
    totalMs: 100,
  };
  const { lanes, lanesTotal } = drawTimeline(timeline, "time");
  assert.deepEqual(lanes.slice(-3).map(({ label }) => label), ["slow", "broken", "busy"]);
  assert.equal(lanesTotal, 43);
});

Deno.test("drawing: the label of a task shows that its name is cut", () => {
  const lanes = [lane("reserve", "completed", 1), lane("reserve".repeat(9), "completed", 1)];
  const drawing = drawTimeline(
    { ...timelineFrom(codedJob().started()), lanes, totalMs: 1 },
    "time",
  );
  assert.deepEqual(drawing.lanes.slice(-2).map(({ label }) => label), [
    "reserve",
    `${"reserve".repeat(9).slice(0, 32)}…`,
  ]);
});

Deno.test("drawing: a failed attempt is marked however narrow it is, on either scale", () => {
  const attempt = { kind: "attempt", isOngoing: false };
  const spans = [
    { ...attempt, fromMs: 100, toMs: 158, outcome: "failed", attempt: 1, nth: 1, maxAttempts: 3 },
    { kind: "backoff", fromMs: 158, toMs: 1_000, isOngoing: false },
    { ...attempt, fromMs: 1_000, toMs: 1_050, outcome: "completed" },
  ];
  const flaky = { taskId: "flaky", phase: "run", spans } as unknown as Lane;
  const others = Array.from({ length: 15 }, (_, index) => lane(`quick-${index}`, "completed", 1));
  const base = timelineFrom(codedJob().started());
  for (const scale of SCALES) {
    const { lanes } = drawTimeline({ ...base, lanes: [flaky, ...others], totalMs: 900_000 }, scale);
    assert.deepEqual(lanes.flatMap(({ failures }) => failures.map(({ title }) => title)), [
      "attempt 1 of 3 failed after 58 ms",
    ]);
  }
});

Deno.test("drawing: every task is on one page of the tasks, and on no other", () => {
  const lanes = Array.from({ length: 40 }, (_, index) => lane(`task-${index}`, "completed", index));
  const timeline: Timeline = { ...timelineFrom(codedJob().started()), lanes, totalMs: 100 };
  const shown = [1, 2, 3].flatMap((page) => drawTimeline(timeline, "time", page).lanes);
  assert.deepEqual(
    shown.map(({ label }) => label).toSorted(),
    lanes.map(({ taskId }) => taskId as string).toSorted(),
  );
  assert.deepEqual(drawTimeline(timeline, "time", 4).lanes, []);
});

Deno.test("drawing: equal times have equal places, on either scale", () => {
  const story = codedJob().started().mainStarted().taskStarted("charge").taskCompleted("charge");
  const entries = story.entries.map((entry) => ({ ...entry, receivedAt: timeOf(1) }));
  const timeline = buildTimeline(OutlinedHistory.of(entries), { nowMs: Date.parse(timeOf(3_600)) });
  for (const name of SCALES) {
    const { at } = timeScale(timeline, name);
    assert.deepEqual([at(0), at(timeline.totalMs)], [0, WIDTH]);
    const [charge] = drawTimeline(timeline, name).lanes;
    assert.deepEqual(charge?.bars.map(({ x }) => parseFloat(x)), [0], name);
  }
});

function extent(taskId: string, fromMs: number, toMs: number): Lane {
  const span = { kind: "attempt", fromMs, toMs, isOngoing: false, outcome: "completed" };
  return { taskId, phase: "run", spans: [span] } as unknown as Lane;
}

Deno.test("drawing: it is to scale as soon as tasks overlap, otherwise in steps", () => {
  const main = extent("main", 0, 30);
  const base = timelineFrom(codedJob().started());
  const scaleOf = (...lanes: Lane[]) => usualScale({ ...base, lanes: [main, ...lanes] });
  assert.equal(scaleOf(), "steps");
  assert.equal(scaleOf(extent("a", 0, 10), extent("b", 10, 20)), "steps");
  assert.equal(scaleOf(extent("b", 10, 20), extent("a", 0, 11)), "time");
});

Deno.test("ticks: round lengths, no more than six, none without room", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (totalMs) => {
    const ticks = axisTicks(totalMs);
    assert.ok(ticks.length >= 1 && ticks.length <= 6, `${ticks.length}`);
    for (const { atMs, text } of ticks) {
      assert.ok(atMs <= Math.max(1, totalMs));
      assert.match(text, /^(?:0|\d+ (?:ms|s|min|h|d))$/);
    }
  }));
  assert.deepEqual(axisTicks(60_000).map(({ text }) => text), ["0", "15 s", "30 s", "45 s"]);
});

const extents: fc.Arbitrary<readonly Extent[]> = fc.array(
  fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 })),
  { maxLength: 300, size: "max" },
).map((parts) => {
  let at = 0;
  return parts.map(([gap, length]) => {
    const fromMs = at + Math.max(0, gap - 20);
    at = fromMs + length;
    return { fromMs, toMs: at };
  });
});

const units = fc.integer({ min: 1, max: 50 });

Deno.test("legible: pieces are in order, do not overlap, and cover every span once", () => {
  fc.assert(fc.property(extents, units, (spans, unitMs) => {
    const pieces = legible(spans, unitMs);
    let taken = 0;
    for (const { fromMs, toMs, count, longest } of pieces) {
      const held = spans.slice(taken, taken + count);
      taken += count;
      assert.deepEqual([held[0]?.fromMs, held.at(-1)?.toMs], [fromMs, toMs]);
      assert.ok(held.includes(longest));
      for (const span of held) {
        assert.ok(span.toMs - span.fromMs <= longest.toMs - longest.fromMs);
      }
    }
    assert.equal(taken, spans.length);
  }));
});

Deno.test("legible: there are no more pieces than two for each unit that fits", () => {
  fc.assert(fc.property(extents, units, (spans, unitMs) => {
    const total = spans.at(-1)?.toMs ?? 0;
    assert.ok(legible(spans, unitMs).length <= 2 * (total / unitMs) + 2);
  }));
});

Deno.test("legible: a span as long as a unit is not merged", () => {
  fc.assert(fc.property(extents, units, (spans, unitMs) => {
    for (const { count, longest } of legible(spans, unitMs)) {
      if (longest.toMs - longest.fromMs >= unitMs) assert.equal(count, 1);
    }
  }));
});

Deno.test("legible: ten thousand spans in a thousand units are some two thousand pieces", () => {
  const spans = Array.from({ length: 10_000 }, (_, at) => ({ fromMs: at, toMs: at + 1 }));
  const pieces = legible(spans, 10);
  assert.equal(pieces.length, 1_000);
  assert.equal(pieces[0]?.count, 10);
});
