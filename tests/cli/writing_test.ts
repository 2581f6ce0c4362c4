/** `event`, controls, pauses and limits, against the real routes. */

import assert from "node:assert/strict";
import { receiptLines } from "../../src/cli/commands/event.ts";
import { runCli } from "./daybook_cli.ts";
import { createPlan, startApp } from "../support/http/http_app.ts";

Deno.test("event: it prints what matched and how far the job is, and exits with 0", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "order-42" });
  const args = ["event", "shop.ParcelShipped", "-f", 'orderId="42"', "--id", "parcel-7"];
  const first = await runCli(app, args);
  const second = await runCli(app, args);

  assert.deepEqual([first.code, second.code], [0, 0]);
  assert.equal(first.terminal.text, "matched shipped of order-42: 1 of 1, the job is Done");
  assert.equal(
    second.terminal.text,
    "duplicate: event parcel-7 was already recorded at 4, and changes nothing",
  );
});

Deno.test("event: other content under a used id is refused with 65", async () => {
  const app = await startApp();
  await runCli(app, ["event", "shop.Odd", '{"a":1}', "--id", "e-1"]);
  const { code, terminal } = await runCli(app, ["event", "shop.Even", '{"a":2}', "--id", "e-1"]);
  assert.equal(code, 65);
  assert.match(terminal.errors.join(" "), /event id e-1 is on record at 2 with other content/);
});

Deno.test("event: an event without a match exits with 1 and prints its position", async () => {
  const app = await startApp();
  const { code, terminal } = await runCli(app, ["event", "shop.Odd", '{"a":1}']);
  assert.equal(code, 1);
  assert.match(terminal.output[0] ?? "", /^recorded at 2, and matched nothing/);
});

Deno.test("event: for digits that were meant as text it says how to write them", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "order-42" });
  const { code, terminal } = await runCli(app, ["event", "shop.ParcelShipped", "-f", "orderId=42"]);
  assert.equal(code, 1);
  assert.deepEqual(terminal.errors, [
    `daybook: --field takes a bare 42 as JSON; for text write -f 'orderId="42"'`,
  ]);
});

Deno.test("event: for other wrong fields there is no such advice", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "order-42" });
  for (const field of ["orderId=43", "orderId=A-42", 'orderId="42 "']) {
    const { code, terminal } = await runCli(app, ["event", "shop.ParcelShipped", "-f", field]);
    assert.deepEqual([code, terminal.errors], [1, []]);
  }
});

Deno.test("event: every option is sent", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "p-1" });
  const time = "2025-12-31T23:00:00Z";
  const args = ["--id", "e-1", "--job", "p-1", "--task", "t-1", "--occurred-at", time];
  await runCli(app, ["event", "shop.Odd", '{"a":1}', ...args]);

  const { entries } = await (await app.get("/events?eventType=shop.Odd")).json();
  const { eventId, jobId, taskId, occurredAt, attributes } = entries[0];
  assert.deepEqual([eventId, jobId, taskId, attributes], ["e-1", "p-1", "t-1", { a: 1 }]);
  assert.equal(Date.parse(occurredAt), Date.parse(time));
});

Deno.test("event: in a pipe it prints the receipt", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "p-1" });
  const args = ["event", "shop.ParcelShipped", '{"orderId":"42"}', "--id", "e-1"];
  const { code, terminal } = await runCli(app, args, { isInteractive: false });

  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(terminal.text), {
    eventId: "e-1",
    logId: 4,
    disposition: "matched",
    jobs: [{ jobId: "p-1", state: "Done", expectation: "shipped", matched: 1, required: 1 }],
  });
});

Deno.test("event: a refusal exits with 65", async () => {
  const { code, terminal } = await runCli(await startApp(), ["event", "job.JobCreated"]);
  assert.deepEqual([code, terminal.output], [65, []]);
  assert.deepEqual(terminal.errors, [
    "daybook: Cannot take the request: /eventType must not be in the reserved " +
    "namespaces job. and journal. (422)",
  ]);
});

const NEAREST = { jobId: "p-1", state: "Running", clauses: [] };

Deno.test("receiptLines: for an event that matched nothing the nearest expectation is named", () => {
  const lines = receiptLines({
    eventId: "e-1",
    logId: 17,
    disposition: "recorded",
    reason: "no waiting job expects shop.Paid with these attributes",
    jobs: [{ jobId: "p-2", state: "Done", reason: "recorded only: state is Done" }],
    nearest: {
      ...NEAREST,
      expectation: "paid",
      reason: 'orderId: expected "42", found 42',
    },
  }, (style, text) => `<${style}:${text}>`);
  assert.equal(
    lines.join("\n"),
    `\
recorded at 17, and matched nothing: no waiting job expects shop.Paid with these attributes
reached p-2, which is <green:Done>: recorded only: state is Done
<yellow:nearest is paid of p-1: orderId: expected "42", found 42>`,
  );
});

Deno.test("receiptLines: a match of a policy is attributed to the policy", () => {
  const nearest = { ...NEAREST, policy: "errors", reason: "a: expected 1, found 2" };
  const lines = receiptLines(
    { eventId: "e-1", logId: 17, disposition: "recorded", jobs: [], nearest },
    (_, text) => text,
  );
  assert.equal(lines.at(-1), "nearest is the policy of p-1: a: expected 1, found 2");
});

Deno.test("receiptLines: nothing is repeated", () => {
  const lines = receiptLines({
    eventId: "e-1",
    logId: 17,
    disposition: "recorded",
    reason: "matched nothing: the nearest is expectation paid of job p-1: a: expected 1, found 2",
    jobs: [],
    nearest: { ...NEAREST, expectation: "paid", reason: "a: expected 1, found 2" },
  }, (_, text) => text);
  assert.deepEqual(lines, [
    "recorded at 17, and matched nothing: the nearest is expectation paid of job p-1: " +
    "a: expected 1, found 2",
  ]);
});

Deno.test("receiptLines: surplus matches are marked", () => {
  const job = { jobId: "p-1", state: "Running", expectation: "paid", matched: 1, required: 1 };
  const receipt = { eventId: "e-1", disposition: "matched" };
  assert.deepEqual(
    receiptLines({
      ...receipt,
      jobs: [{ ...job, reason: "beyond what the expectation needs" }],
    }, (_, text) => text),
    ["matched paid of p-1: 1 of 1 (beyond what the expectation needs), the job is Running"],
  );
});

Deno.test("controls: each job is reported separately, and one refusal exits with 65", async () => {
  const app = await startApp();
  for (const jobId of ["p-1", "p-2"]) await createPlan(app, { jobId, start: false });
  const started = await runCli(app, ["start", "p-1", "p-2", "p-1", "nope"]);
  const suspended = await runCli(app, ["suspend", "p-1", "--reason", "lunch"]);
  const resumed = await runCli(app, ["resume", "p-1"]);
  const cancelled = await runCli(app, ["cancel", "p-1", "p-2", "--reason", "the shop closes"]);

  assert.deepEqual(
    [started, suspended, resumed, cancelled].map(({ code, terminal }) => [code, terminal.output]),
    [
      [65, ["p-1 is Running (waiting)", "p-2 is Running (waiting)"]],
      [0, ["p-1 is Running (suspended)"]],
      [0, ["p-1 is Running (waiting)"]],
      [0, ["p-1 is Failed (cancelled)", "p-2 is Failed (cancelled)"]],
    ],
  );
  assert.deepEqual(started.terminal.errors, [
    "daybook: Cannot start job p-1: state is Running; allowed in Created (409)",
    "daybook: Cannot find job nope: there is none with this id (404); " +
    "deno task daybook jobs lists them",
  ]);
  const { entries } = await (await app.get("/jobs/p-1/events")).json();
  assert.deepEqual(
    entries.map((entry: { attributes: { reason?: string } }) => entry.attributes.reason),
    [
      ...[undefined, undefined, "lunch", undefined, "the shop closes"],
    ],
  );
});

Deno.test("controls: in a pipe each job is one line", async () => {
  const app = await startApp();
  for (const jobId of ["p-1", "p-2"]) await createPlan(app, { jobId });
  const { terminal } = await runCli(app, ["cancel", "p-1", "p-2"], { isInteractive: false });

  const states = terminal.output.map((line) => JSON.parse(line).state);
  assert.deepEqual(states, ["Failed", "Failed"]);
});

Deno.test("controls: an invalid id is refused before any request", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "p-1" });
  const { code } = await runCli(app, ["cancel", "p-1", "p 2"]);

  assert.equal(code, 64);
  assert.equal((await (await app.get("/jobs/p-1")).json()).state, "Running");
});

Deno.test("pauses, end-pause: pauses are listed with time and author, and held jobs start after the end", async () => {
  const app = await startApp({ hold: true });
  await app.post("/jobs", { type: "test.greet", jobId: "a", input: { name: "x" } });
  await app.clock.settle();
  const listed = await runCli(app, ["pauses"]);
  const [, pauseId = ""] =
    /^(pau_\S+) {2}everything has been paused since \S+, started with --hold; 1 job waiting: a$/
      .exec(listed.terminal.text) ?? [];
  assert.equal(listed.code, 0, listed.terminal.text);
  const ended = await runCli(app, ["end-pause"]);
  assert.deepEqual([ended.code, ended.terminal.text], [
    0,
    `${pauseId} has ended: it held 1 job`,
  ]);
  await app.clock.settle();
  assert.equal((await (await app.get("/jobs/a")).json()).condition, "succeeded");
  assert.equal((await runCli(app, ["pauses"])).terminal.text, "nothing is paused");
});

Deno.test("pause: it takes a type or label, a time or duration, and a reason; without a reason it exits with 64", async () => {
  const app = await startApp();
  const begun = await runCli(app, [
    ...["pause", "--type", "test.greet", "-l", "shop:berlin", "--until", "30m"],
    ...["--reason", "the bank is down"],
  ]);
  const until = new Date(app.clock.now() + 30 * 60_000).toISOString();
  assert.equal(begun.code, 0, begun.terminal.errors.join());
  assert.ok(
    begun.terminal.text.includes(
      `type test.greet with label shop:berlin has been paused since ${
        new Date(app.clock.now()).toISOString()
      }, until ${until}, the bank is down; 0 jobs waiting`,
    ),
    begun.terminal.text,
  );
  for (const wrong of [[], ["--until", "soon"], ["--label", "berlin"]]) {
    const reason = wrong.length === 0 ? [] : ["--reason", "x"];
    assert.equal((await runCli(app, ["pause", ...wrong, ...reason])).code, 64);
  }
  const unknown = await runCli(app, ["pause", "--type", "test.gret", "--reason", "x"]);
  assert.equal(unknown.code, 65);
  assert.match(unknown.terminal.errors.join(), /did you mean test\.greet/);
});

Deno.test("end-pause: it exits with 1 if nothing is paused, and with 65 for an unknown pause", async () => {
  const app = await startApp();
  const none = await runCli(app, ["end-pause"]);
  assert.deepEqual([none.code, none.terminal.errors], [1, ["daybook: nothing is paused"]]);
  const unknown = await runCli(app, ["end-pause", "pau_1"]);
  assert.equal(unknown.code, 65);
  assert.match(
    unknown.terminal.errors.join(),
    /Cannot end pause pau_1.*deno task daybook pauses lists/,
  );
});

Deno.test("limits, change-limits, restore-limits: limits are shown with their use, changed with a reason, and restored", async () => {
  const app = await startApp();
  const said = async (...args: string[]) => {
    const { code, terminal } = await runCli(app, args);
    await app.clock.settle();
    return [code, terminal.text, terminal.errors.join()].join(" | ");
  };
  assert.equal(await said("limits"), "0 | no type of job has limits | ");
  assert.match(
    await said("change-limits", "test.greet", "--max-running", "2", "--reason", "slow today"),
    /^0 \| test\.greet {2}maxRunning 2; 0 running, 0 jobs waiting\n {2}changed \S+: slow today \| $/,
  );
  assert.match(await said("limits"), /test\.greet {2}maxRunning 2/);
  assert.match(
    await said("restore-limits", "test.greet"),
    /^0 \| test\.greet {2}no limit; 0 running/,
  );
  assert.match(
    await said("restore-limits", "test.greet"),
    /^65 .*they are not changed.*deno task daybook limits lists them/,
  );
  assert.match(await said("change-limits", "test.greet"), /^64 .*change-limits needs a --reason/);
  assert.match(
    await said("change-limits", "test.greet", "--rate-count", "2", "--reason", "x"),
    /^64 .*--rate-count and --rate-ms go together/,
  );
});

Deno.test("what-if: it prints the effect of other limits on a job, as text with lines or as JSON", async () => {
  const app = await startApp();
  await app.post("/jobs", { jobId: "greeting", type: "test.greet", input: { name: "Ada" } });
  await app.clock.settle();
  const { code, terminal } = await runCli(app, ["what-if", "greeting", "--max-running", "6"]);
  assert.equal(code, 0);
  assert.match(
    terminal.text.replaceAll(/\s+/g, " "),
    /^With maxRunning 6 instead of none, job greeting would have waited no less: it never waited for a place\. Why - Its type had no limits, .* Assumptions .* Evidence /,
  );
  const json = await runCli(app, ["what-if", "greeting", "--max-running", "6", "--json"]);
  assert.equal(JSON.parse(json.terminal.text).outcome, "noSooner");
  const nothing = await runCli(app, ["what-if", "greeting"]);
  assert.equal(nothing.code, 64);
  assert.match(nothing.terminal.errors.join(), /name a limit, such as --max-running 6/);
});
