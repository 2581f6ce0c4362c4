/** What `show` and `jobs` print of a job. */

import assert from "node:assert/strict";
import { jobPage, jobTable, type PageOptions, valueLines } from "../../src/cli/render/job_page.ts";
import { Times } from "../../src/cli/times.ts";
import { jobAnswer, NOW_MS } from "../support/process/cli_resources.ts";

const OPTIONS: PageOptions = {
  paint: (_style, text) => text,
  times: new Times("UTC"),
  now: NOW_MS,
  columns: 80,
};

const WAITING = jobAnswer({
  labels: { shop: "berlin", note: "a\x1b[2Jb" },
  priority: -5,
  retryOf: "order-41",
  expected: [
    {
      id: "main",
      kind: "TaskCompletion",
      eventType: "job.TaskCompleted",
      correlation: "any",
      multiplicity: "ExactlyOnce",
      taskId: "main",
      required: 1,
      matched: 0,
      satisfied: false,
      by: [],
    },
    {
      id: "parts",
      kind: "DomainFact",
      eventType: "ec.part.PartArrived",
      multiplicity: { times: 12 },
      correlation: { equals: { orderId: "42" } },
      required: 12,
      matched: 7,
      satisfied: false,
      by: [4, 5, 6, 7, 8, 9, 10],
    },
  ],
  tasks: [
    {
      taskId: "main",
      status: "waiting",
      attempts: 2,
      startedAt: "2026-01-01T00:00:00.000Z",
      endedAt: null,
    },
    {
      taskId: "reserve",
      status: "completed",
      attempts: 1,
      startedAt: "2026-01-01T00:00:00.010Z",
      endedAt: "2026-01-01T00:00:00.210Z",
    },
    {
      taskId: "charge",
      status: "backingOff",
      attempts: 2,
      startedAt: "2026-01-01T00:04:00.000Z",
      endedAt: null,
      retryAt: "2026-01-01T00:05:09.000Z",
      error: { name: "Error", message: "the payment service does not answer, or not yet" },
    },
    {
      taskId: "import",
      status: "running",
      attempts: 1,
      startedAt: "2026-01-01T00:04:58.500Z",
      endedAt: null,
      progress: { done: 3, total: 10, note: "rows" },
    },
  ],
});

Deno.test("jobPage: a job that waits", () => {
  assert.equal(
    jobPage(WAITING, OPTIONS).join("\n"),
    `\
order-42  order.fulfil version 1
Running (waiting)

created   2026-01-01 00:00:00 UTC, 5 min ago
started   2026-01-01 00:00:00, after 2 ms
priority  -5
labels    shop:berlin note:a\\u001b[2Jb
retries   order-41
entries   3 to 9

expected
  main   0 of 1   job.TaskCompleted of main
  parts  7 of 12  ec.part.PartArrived with orderId = "42", by entries 4, 5, 6…

tasks
  main     waiting     2 calls     5 min
  reserve  completed   1 attempt   200 ms
  charge   backingOff  2 attempts  1 min   again at 00:05:09: the payment servi…
  import   running     1 attempt   1.5 s   3 of 10 (rows)

input
  {"orderId":"42"}`,
  );
});

Deno.test("jobPage: a failed job shows the failure first, and what was left in place", () => {
  const job = jobAnswer({
    type: null,
    definitionVersion: null,
    state: "Failed",
    condition: "failed",
    endedAt: "2026-01-01T00:01:30.002Z",
    input: null,
    failure: {
      kind: "deadLetter",
      taskId: "charge",
      error: { name: "Error", message: "the card is stolen" },
      fingerprint: "d18e79002926",
      recoveryRequired: true,
      because: 8,
      leftInPlace: ["mail", "note"],
      cutShort: ["print"],
    },
  });
  assert.equal(
    jobPage(job, OPTIONS).join("\n"),
    `\
order-42  a plan
Failed

created   2026-01-01 00:00:00 UTC, 5 min ago
started   2026-01-01 00:00:00, after 2 ms
ended     2026-01-01 00:01:30, took 1 min 30 s
entries   3 to 9

failure
  the card is stolen
  all attempts are used up (deadLetter) in charge, by entry 8; fingerprint d18e79002926
  left in place: mail, note
  cut short, possibly partly done: print
  needs attention: some effects could not be undone`,
  );
});

Deno.test("jobPage: states are coloured as in every other command", () => {
  const paint: PageOptions["paint"] = (style, text) => `<${style}:${text}>`;
  const lines = jobPage(
    jobAnswer({ state: "Failed", condition: "cancelled" }),
    { ...OPTIONS, paint },
  );
  assert.deepEqual(lines.slice(0, 2), [
    "<bold:order-42>  order.fulfil version 1",
    "<magenta:Failed (cancelled)>",
  ]);
});

Deno.test("valueLines: a long value is cut, with the number of characters left out", () => {
  const rows = Array.from({ length: 30 }, (_, row) => ({ row, text: "x".repeat(100) }));
  const lines = valueLines({ rows }, { columns: 40 });
  assert.equal(lines.length, 21);
  assert.equal(lines[4], `      "text": "xxxxxxxxxxxxxxxxxxxxxx…`);
  assert.equal(lines.at(-1), "... 104 more lines; --json shows all");
  assert.deepEqual(valueLines("y".repeat(50), { columns: 12 }), [`"yyyyyyyy…`]);
  assert.deepEqual(valueLines(0, { columns: 80 }), ["0"]);
  assert.deepEqual(valueLines(null, { columns: 80 }), []);
});

const JOBS = [
  { ...WAITING, open: { tasks: ["charge", "import"], expected: [] } },
  jobAnswer({
    jobId: "job_01J00000000000000000000001",
    type: "csv.import",
    state: "Failed",
    condition: "failed",
    createdAt: "2025-12-30T00:05:00.000Z",
    failure: {
      kind: "poison",
      taskId: null,
      error: { name: "Error", message: "no such column:\nlatitude" },
      fingerprint: null,
      recoveryRequired: false,
      because: 8,
      leftInPlace: [],
      cutShort: [],
    },
  }),
];

Deno.test("jobTable: columns fit their content, and the last one says what a job is doing", () => {
  assert.equal(
    jobTable(JOBS, { ...OPTIONS, columns: 140 }).join("\n"),
    `\
JOB                             TYPE          STATE              AGE    LABELS                        NOW
order-42                        order.fulfil  Running (waiting)  5 min  shop:berlin note:a\\u001b[2Jb  charge, import
job_01J00000000000000000000001  csv.import    Failed             2 d                                  no such column:\\nlatitude`,
  );
});

Deno.test("jobTable: columns that do not fit on the screen are left out", () => {
  const lines = jobTable(JOBS, { ...OPTIONS, columns: 60 });
  assert.equal(
    lines.join("\n"),
    `\
JOB                             TYPE          STATE
order-42                        order.fulfil  Running (wait…
job_01J00000000000000000000001  csv.import    Failed`,
  );
});

Deno.test("jobTable: an empty column is left out", () => {
  const [head] = jobTable([jobAnswer()], { ...OPTIONS, columns: 140 });
  assert.equal(head, "JOB       TYPE          STATE              AGE");
});
