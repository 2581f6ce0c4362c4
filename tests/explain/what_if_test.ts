/** What would have happened to a job under another plan or another history. */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { runToEnd } from "../../src/core/work.ts";
import { deriveCondition } from "../../src/core/condition.ts";
import type { FactEntry, FrameworkEntry, JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, type EventType, eventType, type LogId } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { SupposedEvent, Supposition } from "../../src/explain/replay/supposition.ts";
import { supposing } from "../../src/explain/replay/what_if.ts";
import {
  codedJob,
  expectation,
  type JobStory,
  matcher,
  outsideJob,
  plan,
  timeOf,
} from "../support/engine/entries.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { projectAll, replaySteps } from "../support/engine/folding.ts";
import { cases } from "../support/effort.ts";

const PAID = expectation("paid", "ec.Paid");

function shipped(orderId: string | number) {
  return expectation("shipped", "ec.Shipped", { correlation: { equals: { orderId } } });
}

function event(type: string, more: Partial<SupposedEvent> = {}): SupposedEvent {
  return { eventType: eventType(type), stratum: "domain", attributes: {}, ...more };
}

/** A fact of the journal that names no job. */
function pastEvent(logId: LogId, type: string, attributes: JsonObject = {}): FactEntry {
  return {
    logId,
    eventId: eventId(`evt_past_${logId}`),
    stratum: "domain",
    eventType: type as EventType,
    occurredAt: timeOf(logId),
    receivedAt: timeOf(logId),
    attributes,
  };
}

/** A journal in which nothing comes after the job's last entry, unless told otherwise. */
function suppose(
  story: JobStory,
  supposition: Supposition,
  past: readonly JobEventLogEntry[] = [],
  head = Math.max(story.logId, ...past.map(({ logId }) => logId)),
) {
  return whatIf(story.entries, supposition, past, head);
}

function whatIf(
  entries: readonly JobEventLogEntry[],
  supposition: Supposition,
  pastEvents: readonly JobEventLogEntry[],
  head: LogId,
) {
  return runToEnd(supposing({ entries, supposition, pastEvents, head, sameIds: [] }));
}

function supposed(...parameters: Parameters<typeof suppose>) {
  const answer = suppose(...parameters);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.value;
}

function issues(...parameters: Parameters<typeof suppose>) {
  const answer = suppose(...parameters);
  assert.ok(!answer.ok);
  return answer.issues.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

Deno.test("what-if: without suppositions it equals the replay", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { job, steps, firstDifference } = supposed(story, {});
      assert.deepEqual({ job, steps }, replaySteps(story.entries));
      assert.equal(firstDifference, null);
    }),
    { numRuns: cases(1_000) },
  );
});

Deno.test("what-if: up to a position it equals the replay up to there", () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, at) => {
      const logId = 1 + at % story.logId;
      const { job, steps, firstDifference } = supposed(story, { upTo: { kind: "logId", logId } });
      assert.deepEqual(
        { job, steps },
        replaySteps(story.entries.filter((entry) => entry.logId <= logId)),
      );
      assert.equal(firstDifference, null);
    }),
  );
});

/** Plans that a job of either kind can be supposed to have. */
const otherPlans = stories.map((story) => {
  const { attributes } = story.entry(0) as FrameworkEntry<"job.JobCreated">;
  const expected = attributes.plan.expected.filter(({ id }) => id !== "main");
  return { ...attributes.plan, expected };
});

/** The entries up to a position, under a supposition, computed independently. */
function changed(
  story: JobStory,
  { plan, without = [] }: Supposition,
  upTo: LogId,
): readonly JobEventLogEntry[] {
  const [created, ...rest] = story.entries;
  const { attributes } = created as FrameworkEntry<"job.JobCreated">;
  const main = attributes.plan.expected.filter(({ id }) => id === "main");
  const replanned = plan && { ...plan, expected: [...main, ...plan.expected] };
  const first = { ...created, attributes: { ...attributes, plan: replanned ?? attributes.plan } };
  return [first as JobEventLogEntry, ...rest]
    .filter(({ logId }) => logId <= upTo && !without.includes(logId));
}

Deno.test("what-if: outcomes are equal before the first difference, and differ at it", () => {
  let differing = 0;
  fc.assert(
    fc.property(stories, fc.option(otherPlans, { nil: undefined }), fc.nat(), (story, plan, at) => {
      const without = story.entries.slice(1).map(({ logId }) => logId).filter((_, i) =>
        i === at % 7
      );
      const supposition = plan === undefined ? { without } : { plan, without };
      const { firstDifference } = supposed(story, supposition);
      const first = firstDifference?.logId ?? Infinity;
      if (firstDifference !== null) differing += 1;
      for (const { logId } of story.entries.filter((entry) => entry.logId <= first)) {
        const actual = outcomeOf(changed(story, {}, logId));
        const other = outcomeOf(changed(story, supposition, logId));
        assert.equal(isDeepStrictEqual(actual, other), logId < first, `at ${logId} of ${first}`);
      }
    }),
    { numRuns: cases(1_000), seed: 3 },
  );
  assert.ok(differing > cases(200), `only ${differing} differ`);
});

/** State, condition, kind of failure, and counts that are not zero, by id. */
function outcomeOf(entries: readonly JobEventLogEntry[]) {
  const job = projectAll(entries);
  const counts = job.plan.expected
    .map(({ id }, index) => [id, job.expected[index]?.matched ?? 0] as const)
    .filter(([, matched]) => matched > 0)
    .toSorted(([left], [right]) => left < right ? -1 : 1);
  const failure = "failure" in job ? job.failure?.kind : undefined;
  return { state: job.state, condition: deriveCondition(job), failure, counts };
}

Deno.test("what-if: a plan with the right type is Done at the entry of the event", () => {
  const story = outsideJob([shipped("42")]).started().fact("ec.Shipped", { orderId: 42 });
  const { job, firstDifference } = supposed(story, { plan: plan([shipped(42)]) });
  assert.equal(job.state, "Done");
  assert.deepEqual(firstDifference, {
    logId: 3,
    eventType: "ec.Shipped",
    actual: { state: "Running", condition: "waiting", rule: "running/record-only" },
    whatIf: { state: "Done", condition: "succeeded", rule: "running/satisfied" },
    why: 'It matches expectation "shipped": 1 of 1. The plan has all it needs.',
  });
});

Deno.test("what-if: a plan matches past events that the job's own plan did not", () => {
  const story = outsideJob([shipped("42"), PAID]).started().skip(3).correlated("ec.Paid");
  const past = [
    pastEvent(4, "ec.Shipped", { orderId: 42 }),
    pastEvent(5, "ec.Shipped", { orderId: 43 }),
  ];
  const { job, steps, firstDifference } = supposed(
    story,
    { plan: plan([shipped(42), PAID]) },
    past,
  );
  assert.equal(job.state, "Done");
  assert.deepEqual(steps.map(({ logId, eventType, rule }) => [logId, eventType, rule]), [
    [1, "job.JobCreated", "none/created"],
    [2, "job.JobStarted", "created/started"],
    [4, "job.EventCorrelated", "running/matched"],
    [6, "job.EventCorrelated", "running/satisfied"],
  ]);
  assert.deepEqual([firstDifference?.logId, firstDifference?.actual], [4, null]);
});

Deno.test("what-if: past events before the start, after the end and of other jobs stay out", () => {
  const story = outsideJob([PAID]).skip(1).started().skip(4).suspended();
  const past: readonly JobEventLogEntry[] = [
    pastEvent(2, "ec.Shipped", { orderId: 42 }),
    { ...pastEvent(4, "ec.Shipped", { orderId: 42 }), jobId: "job_9" as never },
    { ...pastEvent(5, "ec.Shipped", { orderId: 42 }), stratum: "coordination" },
    pastEvent(6, "ec.Shipped", { orderId: 42 }),
    pastEvent(7, "ec.Shipped", { orderId: 42 }),
  ];
  const { job, steps } = supposed(story, { plan: plan([shipped(42)]) }, past);
  assert.deepEqual([job.state, job.expected[0]?.by], ["Done", [6]]);
  assert.deepEqual(steps.map(({ logId }) => logId), [1, 3, 6, 8]);
});

Deno.test("what-if: a past event that reached the job counts once", () => {
  const story = outsideJob([PAID]).started().skip(1).correlated("ec.Paid");
  const original = { ...pastEvent(3, "ec.Paid"), eventId: eventId("evt_original_4") };
  const { steps, firstDifference } = supposed(story, { plan: plan([PAID]) }, [original]);
  assert.deepEqual(steps.map(({ logId }) => logId), [1, 2, 4]);
  assert.equal(firstDifference, null);
});

Deno.test("what-if: events that the other plan would not have matched stay, with the reason", () => {
  const story = outsideJob([PAID, shipped("42")]).started().correlated("ec.Paid");
  const { steps, firstDifference } = supposed(story, { plan: plan([shipped("42")]) });
  assert.equal(steps.at(-1)?.why, "The plan expects no event of type ec.Paid.");
  assert.equal(firstDifference?.logId, 3);
});

Deno.test("what-if: the other plan of a job with code still expects the end of its run", () => {
  const story = codedJob([shipped("42")]).started().mainStarted().mainCompleted();
  const { job } = supposed(story, { plan: plan([]) });
  assert.deepEqual(job.plan.expected.map(({ id }) => id), ["main"]);
  assert.equal(job.state, "Done");
});

Deno.test("what-if: without its error event the job would still wait", () => {
  const story = outsideJob([PAID], { errors: [matcher("ec.Refused")] }).started()
    .fact("ec.Refused").fact("ec.Paid");
  assert.equal(projectAll(story.entries).state, "Failed");
  const { job, firstDifference } = supposed(story, { without: [3] });
  assert.equal(job.state, "Done");
  assert.deepEqual(firstDifference, {
    logId: 3,
    eventType: "ec.Refused",
    actual: { state: "Failed", condition: "failed", rule: "running/error-failed" },
    whatIf: null,
    why: "Entry 3 is left out. On record: The policy names ec.Refused an error. " +
      "There is nothing to compensate: the job fails.",
  });
});

Deno.test("what-if: a job that lives longer matches events that came after its end", () => {
  const story = outsideJob([PAID], { errors: [matcher("ec.Refused")] }).started()
    .fact("ec.Refused");
  const { job } = supposed(story, { without: [3] }, [pastEvent(5, "ec.Paid")]);
  assert.deepEqual([job.state, job.expected[0]?.by], ["Done", [5]]);
});

Deno.test("what-if: an added event comes at the end, with the time of the last entry", () => {
  const story = outsideJob([PAID]).started().suspended();
  const { job, steps, firstDifference } = supposed(story, { with: [event("ec.Paid")] });
  assert.equal(job.state, "Done");
  assert.equal(job.state === "Done" && job.endedAt, timeOf(3));
  assert.equal(steps.at(-1)?.logId, 3.001);
  assert.deepEqual([firstDifference?.logId, firstDifference?.actual], [3.001, null]);
});

Deno.test("what-if: added events have positions between entries, in their order", () => {
  const story = outsideJob([expectation("parts", "ec.Part", { multiplicity: { times: 9 } })])
    .started().skip(40).fact("ec.Part");
  const { job, steps } = supposed(story, {
    with: [event("ec.Part", { after: 10 }), event("ec.Part"), event("ec.Part", { after: 10 })],
  });
  assert.deepEqual(job.expected[0]?.by.map(String), ["10.001", "10.002", "43", "43.001"]);
  assert.deepEqual(steps.map(({ rule }) => rule).slice(2), Array(4).fill("running/matched"));
});

Deno.test("what-if: every added position has three decimals, however long the journal is", () => {
  const story = outsideJob([PAID]).started();
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 1_000_000_000 }), (after) => {
      const { steps } = supposed(
        story,
        { with: [event("x.Y", { after }), event("x.Y", { after })] },
        [],
        after,
      );
      assert.deepEqual(steps.slice(2).map(({ logId }) => String(logId)), [
        `${after}.001`,
        `${after}.002`,
      ]);
    }),
  );
});

Deno.test("what-if: an added event before the start is recorded only", () => {
  const story = outsideJob([PAID]).started();
  const { job, steps } = supposed(story, { with: [event("ec.Paid", { after: 1 })] });
  assert.deepEqual([job.state, steps[1]?.rule], ["Running", "created/record-only"]);
});

for (
  const [what, given] of [
    ["its own", outsideJob([PAID, shipped("1")]).started().fact("ec.Paid")],
    ["the one it stands for", outsideJob([PAID, shipped("1")]).started().correlated("ec.Paid")],
  ] as const
) {
  Deno.test(`what-if: an event with a used id changes nothing: ${what}`, () => {
    const id = given.entry(-1).eventType === "ec.Paid" ? "evt_3" : "evt_original_3";
    const { job, steps, firstDifference } = supposed(given, {
      with: [event("ec.Shipped", { eventId: eventId(id), attributes: { orderId: "1" } })],
    });
    assert.equal(job.state, "Running");
    assert.deepEqual(steps.at(-1), {
      logId: 3.001,
      eventType: "ec.Shipped",
      rule: "any/already-applied",
      changed: [],
      why: "The event came before, as entry 3: a second delivery changes nothing.",
    });
    assert.equal(firstDifference, null);
  });
}

Deno.test("what-if: an added event makes the recorded one with its id the second delivery", () => {
  const story = outsideJob([PAID, shipped("1")]).started().suspended().fact("ec.Paid");
  const early = event("ec.Paid", { eventId: eventId("evt_4"), after: 2 });
  const { job, steps } = supposed(story, { with: [early] });
  assert.deepEqual(job.expected[0]?.by, [2.001]);
  assert.equal(steps.at(-1)?.rule, "any/already-applied");
});

Deno.test("what-if: with its own entry left out, an event can be moved", () => {
  const story = outsideJob([PAID]).started().fact("ec.Paid");
  const late = event("ec.Paid", { eventId: eventId("evt_3") });
  const { job } = supposed(story, { without: [3], with: [late] });
  assert.deepEqual([job.state, job.expected[0]?.by], ["Done", [3.001]]);
});

Deno.test("what-if: with an end point, added events come there", () => {
  const story = outsideJob([PAID]).started().suspended().cancelled();
  const { job, steps } = supposed(story, {
    upTo: { kind: "logId", logId: 3 },
    with: [event("ec.Paid")],
  });
  assert.deepEqual([job.state, steps.length], ["Done", 4]);
});

Deno.test("what-if: with a time or an event as end point, past events are cut there too", () => {
  const story = outsideJob([PAID]).started().skip(6).suspended();
  const past = [4, 6].map((logId) => pastEvent(logId, "ec.Part"));
  const parts = plan([expectation("parts", "ec.Part", { multiplicity: { times: 9 } })]);
  const counted = (upTo: Supposition["upTo"]) =>
    supposed(story, upTo === undefined ? { plan: parts } : { plan: parts, upTo }, past)
      .job.expected[0]?.matched;
  assert.deepEqual(
    [
      undefined,
      { kind: "time", time: timeOf(5) } as const,
      { kind: "logId", logId: 5 } as const,
      { kind: "eventId", eventId: eventId("evt_past_4") } as const,
      { kind: "eventId", eventId: eventId("evt_2") } as const,
    ].map(counted),
    [2, 1, 1, 1, 0],
  );
});

Deno.test("what-if: impossible suppositions are refused, each with its pointer", () => {
  const story = codedJob([shipped("42")]).started().mainStarted().skip(1)
    .framework("job.EventCorrelated", {
      eventId: eventId("evt_original"),
      eventType: eventType("ec.Shipped"),
      occurredAt: timeOf(4),
      attributes: {},
    }, { causedBy: 4 });
  assert.deepEqual(
    issues(story, {
      plan: plan([expectation("main", "x.Y")]),
      without: [2, 1, 4, 9],
      with: [event("x.Y", { after: 5 }), event("x.Y", { after: 6 })],
    }),
    [
      '/plan/expected/0/id must not be "main": a job with code expects the end of its run in any case',
      "/without/1 is the creation of the job, without which there is none",
      "/without/2 is an event that reached this job as entry 5: leave that out",
      "/without/3 is not the position of an entry of this job",
      "/with/1/after is beyond entry 5, where this ends",
    ],
  );
  assert.deepEqual(issues(story, { upTo: { kind: "logId", logId: 7 } }), [
    "/upTo is beyond the journal, which ends at entry 5",
  ]);
});

Deno.test("what-if: an event before the creation of the job cannot be supposed", () => {
  const [created, started] = outsideJob([PAID]).started().entries.map((entry) => ({
    ...entry,
    logId: entry.logId + 10,
  }));
  const answer = whatIf(
    [created, started] as JobEventLogEntry[],
    { with: [event("x.Y", { after: 10 })] },
    [],
    12,
  );
  assert.ok(!answer.ok);
  assert.deepEqual(answer.issues, [{
    pointer: "/with/0/after",
    detail: "is before the job's creation, entry 11",
  }]);
});
