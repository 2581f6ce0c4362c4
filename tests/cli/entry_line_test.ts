/** Lines of entries, in `tail` and `show --events`. */

import assert from "node:assert/strict";
import { EntryLines } from "../../src/cli/render/entry_line.ts";
import { Times } from "../../src/cli/times.ts";
import { entryAnswer } from "../support/process/cli_resources.ts";

const times = new Times("UTC");
const ERROR = { name: "Error", message: "the till is shut" };
const PLAN = { expected: [], policy: { errors: [], onCompensated: "Failed" } };
const RETRY_AT = "2026-01-01T00:00:09.000Z";

const STORY = [
  entryAnswer("job.JobCreated", { type: "order.fulfil", plan: PLAN, priority: 0, labels: {} }, {
    logId: 3,
    jobId: "order-42",
    job: { jobId: "order-42", from: null, to: "Created", condition: "created" },
  }),
  entryAnswer("job.JobStarted", {}, {
    logId: 4,
    jobId: "order-42",
    job: { jobId: "order-42", from: "Created", to: "Running", condition: "queued" },
  }),
  entryAnswer("job.TaskFailed", { attempt: 1, maxAttempts: 4, error: ERROR, retryAt: RETRY_AT }, {
    logId: 5,
    jobId: "order-42",
    taskId: "charge",
    job: { jobId: "order-42", from: "Running", to: "Running", condition: "backingOff" },
  }),
  entryAnswer("ec.shipment.ShipmentCompleted", { orderId: "42\u001b[1A" }, { logId: 100_000 }),
];

Deno.test("EntryLines: one line per entry, in columns that grow, cut at the edge", () => {
  const lines = new EntryLines({ paint: (_, text) => text, times, columns: 90, withJob: true });
  assert.equal(
    STORY.map((entry) => lines.line(entry)).join("\n"),
    `\
00:00:03.120      3  order-42  JobCreated                     Created  order.fulfil
00:00:03.120      4  order-42  JobStarted                     Created → Running (queued)
00:00:03.120      5  order-42  TaskFailed           charge    Running (backingOff)  again…
00:00:03.120  100000            ec.shipment.ShipmentCompleted            {"orderId":"42\\u001b[1A…`,
  );
});

Deno.test("EntryLines: piped text is not cut, and a single job has no column", () => {
  const options = { paint: (_: string, text: string) => text, times, withJob: false };
  const lines = new EntryLines({ ...options, columns: Infinity });
  assert.equal(
    lines.line(STORY[2] as typeof STORY[0]),
    "00:00:03.120      5  TaskFailed           charge    Running (backingOff)  " +
      "again at 00:00:09 (attempt 1 of 4): the till is shut",
  );
});

Deno.test("EntryLines: failures are red, facts from outside stand out, housekeeping is dim", () => {
  const paint = (style: string, text: string) => `<${style}:${text.trim()}>`;
  const lines = new EntryLines({ paint, times, columns: 200, withJob: false });
  const styles = [...STORY, entryAnswer("journal.Sealed", { reason: "quiet" })]
    .map((entry) => lines.line(entry).split("  ")[2]);
  assert.deepEqual(styles, [
    "<bold:JobCreated>",
    "<bold:JobStarted>",
    "<red:TaskFailed>",
    "<magenta:ec.shipment.ShipmentCompleted>",
    "<dim:journal.Sealed>",
  ]);
});

Deno.test("EntryLines: on a narrow screen one long name does not widen all later lines", () => {
  const lines = new EntryLines({ paint: (_, text) => text, times, columns: 80, withJob: true });
  lines.line(entryAnswer(`shop.${"x".repeat(60)}`, {}, { jobId: `order-${"9".repeat(60)}` }));
  const line = lines.line(entryAnswer("job.JobStarted", {}, { jobId: "order-42" }));
  assert.equal(line, `00:00:03.120      7  ${"order-42".padEnd(16)}  JobStarted`);
});
