import assert from "node:assert/strict";
import type { Correlation } from "../../src/core/correlation.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { taskId } from "../../src/core/ids.ts";
import { isNearMiss, openExpectations } from "../../src/core/job_export.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { expectation, outsideJob } from "../support/entries.ts";
import { jobOf } from "./folding.ts";

/** A business fact that names no job. */
function event(type: string, attributes: JsonObject = {}): JobEventLogEntry {
  const { jobId: _, ...entry } = outsideJob([]).fact(type, attributes).entry(-1);
  return entry as JobEventLogEntry;
}

function isNear(correlation: Correlation, attributes: JsonObject): boolean {
  return isNearMiss(expectation("paid", "x.Paid", { correlation }), event("x.Paid", attributes));
}

Deno.test("near miss: an event that matches came at the wrong time", () => {
  assert.equal(isNear("any", {}), true);
  assert.equal(isNear({ not: { equals: { region: "EU" } } }, {}), true);
});

Deno.test("near miss: one clause fails closely", () => {
  assert.equal(isNear({ equals: { id: 42 } }, { id: "42" }), true);
  assert.equal(isNear({ in: { id: ["eu", "us"] } }, { id: " EU " }), true);
  assert.equal(isNear({ equals: { id: 42 } }, { id: 43 }), false);
  assert.equal(isNear({ equals: { id: 42, region: "EU" } }, { id: "42", region: "eu" }), false);
});

Deno.test("near miss: some clause agrees", () => {
  const clauses = { id: 42, region: "EU" };
  assert.equal(isNear({ equals: clauses }, { id: 42, region: "US" }), true);
  assert.equal(isNear({ equals: clauses }, { id: 7, region: "US" }), false);
  assert.equal(isNear({ all: [{ equals: { id: 1 } }, { in: { n: [2, 3] } }] }, { n: 3 }), true);
  assert.equal(
    isNear({ anyOf: [{ equals: clauses }, { equals: { vip: true } }] }, { id: 42 }),
    true,
  );
});

Deno.test("near miss: nearly every event agrees with a negation, so it does not count", () => {
  const correlation = { all: [{ equals: { id: 1 } }, { not: { equals: { region: "EU" } } }] };
  assert.equal(isNear(correlation, { id: 9, region: "US" }), false);
});

Deno.test("near miss: other types, events of jobs and other strata are none", () => {
  const paid = expectation("paid", "x.Paid");
  assert.equal(isNearMiss(paid, event("x.Sent")), false);
  assert.equal(isNearMiss(paid, outsideJob([]).fact("x.Paid").entry(-1)), false);
  assert.equal(isNearMiss(paid, { ...event("x.Paid"), stratum: "coordination" } as never), false);
});

Deno.test("near miss: the task of an expectation is a clause of it", () => {
  const charged = expectation("paid", "x.Paid", {
    taskId: taskId("charge"),
    correlation: { equals: { id: 1 } },
  });
  assert.equal(isNearMiss(charged, { ...event("x.Paid"), taskId: taskId("charge") }), true);
  assert.equal(isNearMiss(charged, { ...event("x.Paid"), taskId: taskId("other") }), false);
});

Deno.test("open expectations: those of a job that waits, or will, and has not ended", () => {
  const both = [expectation("paid", "x.Paid"), expectation("sent", "x.Sent")];
  const begun = outsideJob(both);
  const open = (story: typeof begun) => openExpectations(jobOf(story)).map(({ id }) => id);
  assert.deepEqual(open(begun), ["paid", "sent"]);
  assert.deepEqual(open(begun.started().fact("x.Paid")), ["sent"]);
  assert.deepEqual(open(begun.started().fact("x.Paid").cancelled()), []);
});
