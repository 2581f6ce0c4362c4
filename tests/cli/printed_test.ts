/** What commands print: safe text, times, commands, lines of entries, and tasks. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { fitted, padded, plainPage, plainText, textWidth } from "../../src/cli/terminal.ts";
import { parseDurationMs, Times } from "../../src/cli/times.ts";
import { commandOfAction } from "../../src/cli/commands/explain.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { EntryLines } from "../../src/cli/render/entry_line.ts";
import { entryAnswer } from "../support/process/cli_resources.ts";
import { JobProgress } from "../../src/cli/waiting.ts";
import { FakeTerminal } from "../support/process/fake_terminal.ts";

// Text from outside on a terminal.

const ANY_UNIT = fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCharCode(code));
const ANY_TEXT = fc.string({ unit: "grapheme" });
// deno-lint-ignore no-control-regex -- tests that there are none
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

Deno.test("plainText: characters that move the cursor or reverse the line are escaped", () => {
  assert.equal(plainText("a\x1b[2Jb\r\nc\td\x9b\u202ee"), "a\\u001b[2Jb\\r\\nc\\td\\u009b\\u202ee");
});

Deno.test("plainText: letters of any language and emoji are kept", () => {
  const text = "Zürich 東京 😀 é עברית";
  assert.equal(plainText(text), text);
});

Deno.test("plainText: no text puts a control character on a line", () => {
  fc.assert(fc.property(fc.string({ unit: ANY_UNIT }), (text) => {
    assert.ok(!CONTROL.test(plainText(text)));
  }));
});

Deno.test("plainPage: of control characters only newlines and tabs are kept", () => {
  assert.equal(plainPage("a\n\tb\x1b[31m\r\n"), "a\n\tb\\u001b[31m\\r\n");
});

Deno.test("fitted: a text is cut between visible characters, by their width in columns", () => {
  assert.equal(fitted("shipped", 7), "shipped");
  assert.equal(fitted("shipped", 6), "shipp…");
  assert.equal(fitted("東京都", 5), "東京…");
  assert.equal(fitted("東京都", 4), "東…");
  assert.equal(fitted("👩‍👩‍👧x y", 3), "👩‍👩‍👧…");
  assert.equal(fitted("abc", 1), "…");
  assert.equal(fitted("abc", 0), "");
  assert.equal(fitted("abc", Infinity), "abc");
});

Deno.test("fitted and padded: any text takes exactly the given columns", () => {
  fc.assert(
    fc.property(ANY_TEXT.map(plainText), fc.integer({ min: 1, max: 30 }), (text, columns) => {
      const cut = fitted(text, columns);
      assert.ok(textWidth(cut) <= columns);
      assert.equal(textWidth(padded(cut, columns)), columns);
    }),
  );
});

// Times and durations as people read and write them.

Deno.test("parseDurationMs: units can be combined, and a plain number means seconds", () => {
  const durations = ["90s", "90", "1.5", "1h30m", "0"];
  assert.deepEqual(durations.map(parseDurationMs), [
    ...[90_000, 90_000, 1_500, 5_400_000, 0],
  ]);
});

Deno.test("parseDurationMs: anything else is refused", () => {
  for (const text of ["", "-5s", "5x"]) assert.equal(parseDurationMs(text), undefined, text);
});

Deno.test("Times: the year comes first, with 24 hours, in the reader's time zone", () => {
  const midnight = "2026-07-31T22:05:09.007Z";
  const [utc, berlin] = [new Times("UTC"), new Times("Europe/Berlin")];
  assert.equal(utc.dayAndTime(midnight), "2026-07-31 22:05:09");
  assert.equal(utc.preciseTimeOfDay(midnight), "22:05:09.007");
  assert.equal(berlin.dayAndTime(midnight), "2026-08-01 00:05:09");
  assert.equal(berlin.day(Date.parse(midnight)), "2026-08-01");
});

// Actions of an explanation as commands.

function command(path: string, body?: JsonObject, flags: readonly string[] = []) {
  return commandOfAction({ method: "POST", path, ...(body === undefined ? {} : { body }) }, flags);
}

Deno.test("commandOfAction: controls and events become commands that name the server", () => {
  assert.equal(
    command("/jobs/a~1/retry", { from: "charge", again: true }),
    "deno task daybook retry a~1 --again --from charge",
  );
  assert.equal(command("/jobs/a/start"), "deno task daybook start a");
  assert.equal(
    command("/jobs/a/cancel", { reason: "too late" }, ["--journal", "/a j"]),
    "deno task daybook cancel a --reason 'too late' --journal '/a j'",
  );
  assert.equal(
    command("/events", { eventType: "shop.Paid", attributes: { n: "4'2" }, jobId: "a" }),
    `deno task daybook event shop.Paid '{"n":"4'\\''2"}' --job a`,
  );
  assert.equal(command("/events", { eventType: "shop.Paid" }), "deno task daybook event shop.Paid");
});

Deno.test("commandOfAction: what no command can send remains a curl call", () => {
  assert.equal(command("/jobs", { type: "a.B" }), undefined);
  assert.equal(command("/jobs/a/retry", { from: 1 }), undefined);
  assert.equal(command("/events", { eventType: "a.B", traceId: "x" }), undefined);
});

Deno.test("commandOfAction: the end of a pause", () => {
  const action = { method: "DELETE", path: "/pauses/pau_1" } as const;
  assert.equal(commandOfAction(action, []), "deno task daybook end-pause pau_1");
});

Deno.test("commandOfAction: the limits of the code are restored", () => {
  const action = { method: "DELETE", path: "/limits/mail.send" } as const;
  assert.equal(commandOfAction(action, []), "deno task daybook restore-limits mail.send");
});

// Lines of entries, in `tail` and `show --events`.

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

// The progress of a job shown by `submit --wait`.

function shown(entries: readonly ReturnType<typeof entryAnswer>[], columns = 120): FakeTerminal {
  const terminal = new FakeTerminal({ columns });
  const progress = new JobProgress(terminal, new Times("UTC"), true, columns);
  for (const entry of entries) progress.note(entry);
  return terminal;
}

const FAILED = {
  attempt: 1,
  maxAttempts: 3,
  error: { name: "Error", message: "upstream said 503 and would say no more for a good while" },
  retryAt: "2026-01-01T00:00:09.000Z",
};

function at(second: number) {
  return { taskId: "call", receivedAt: `2026-01-01T00:00:0${second}.000Z` };
}

Deno.test("JobProgress: a label uses the width of the screen, and the note is separated", () => {
  const note = "500 accepted, 0 rejected of airports.csv";
  const entry = entryAnswer("job.TaskProgressed", { done: 500, total: 500, note }, {
    taskId: "chunk-0001",
  });
  assert.deepEqual(shown([entry]).bars, [`chunk-0001 500 of 500 (${note}) 500/500`]);
  assert.deepEqual(shown([entry], 80).bars, ["chunk-0001 500 of 500 (500 accepted, 0 … 500/500"]);
});

Deno.test("JobProgress: a task that backs off shows the time of its next attempt first, and each attempt its duration", () => {
  const { output } = shown([
    entryAnswer("job.TaskStarted", { attempt: 1 }, at(0)),
    entryAnswer("job.TaskFailed", FAILED, at(1)),
    entryAnswer("job.TaskStarted", { attempt: 2 }, at(4)),
    entryAnswer("job.TaskFailed", { ...FAILED, attempt: 2 }, at(6)),
  ], 80);
  assert.deepEqual(output, [
    "  call            backingOff          1 s     again at 00:00:09 (attempt 1 of 3…",
    "  call            backingOff          2 s     again at 00:00:09 (attempt 2 of 3…",
  ]);
});

Deno.test("JobProgress: a failed compensation is distinguished from the task that it undoes", () => {
  const { output } = shown([
    entryAnswer("job.CompensationStarted", { attempt: 1 }, at(0)),
    entryAnswer("job.TaskCompensationFailed", FAILED, at(1)),
  ]);
  assert.match(output[0] ?? "", /^ {2}call +backingOff +1 s +undoing it: again at 00:00:09 \(/);
});
