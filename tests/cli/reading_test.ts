/** `jobs`, `show`, `explain` and `tail`, against the real routes. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { entryAnswer } from "../support/process/cli_resources.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { paintedExplanation } from "../../src/cli/render/marks.ts";
import { FakeTerminal } from "../support/process/fake_terminal.ts";
import { runCli, startCli } from "./daybook_cli.ts";
import {
  createAndRun,
  createPlan,
  jsonOf,
  shipmentPlan,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { deliver } from "../support/http/http_stream.ts";

/** Three jobs: one done, one waiting, one failed. */
async function threeJobs(): Promise<TestApp> {
  const app = await startApp();
  await app.post("/jobs", { jobId: "g-1", type: "test.greet", input: { name: "Ann" } });
  await app.clock.advance(60_000);
  await createPlan(app, { jobId: "p-1", labels: { shop: "berlin" } });
  await app.post("/jobs", { jobId: "d-1", type: "test.doomed", input: {} });
  await app.clock.settle();
  return app;
}

const WIDE = { columns: 120 };

Deno.test("jobs: a table, the newest first, with a count", async () => {
  const { code, terminal } = await runCli(await threeJobs(), ["jobs"], WIDE);

  assert.equal(code, 0);
  assert.equal(
    terminal.text,
    `\
JOB  TYPE         STATE              AGE    LABELS       NOW
d-1  test.doomed  Failed             0 s                 the card is stolen
p-1  (plan)       Running (waiting)  0 s    shop:berlin  shipped 0 of 1
g-1  test.greet   Done               1 min
3 jobs`,
  );
});

const FILTERS: readonly (readonly [args: readonly string[], jobIds: readonly string[]])[] = [
  [["--state", "failed"], ["d-1"]],
  [["--state", "DONE,failed"], ["d-1", "g-1"]],
  [["--condition", "waiting", "--condition", "succeeded"], ["p-1", "g-1"]],
  [["--type", "test.greet"], ["g-1"]],
  [["-l", "shop:berlin"], ["p-1"]],
  [["--since", "30s"], ["d-1", "p-1"]],
  [["--since", "2026-01-01T00:00:30Z"], ["d-1", "p-1"]],
  [["-n", "2"], ["d-1", "p-1"]],
  [["--search", "SHOP:berlin p-"], ["p-1"]],
  [["-s", "card stolen"], ["d-1"]],
  [["--fingerprint", "d18e79002926"], ["d-1"]],
];

for (const [args, jobIds] of FILTERS) {
  Deno.test(`jobs: ${args.join(" ")}`, async () => {
    const { terminal } = await runCli(await threeJobs(), ["jobs", ...args], {
      isInteractive: false,
    });
    assert.deepEqual(terminal.output.map((line) => JSON.parse(line).jobId), jobIds);
  });
}

Deno.test("jobs: it says if there are more, and --all lists all", async () => {
  const app = await startApp();
  for (let order = 1; order <= 601; order++) await createPlan(app);
  const some = await runCli(app, ["jobs", "--limit", "510"]);
  const all = await runCli(app, ["jobs", "--all"]);
  const none = await runCli(app, ["jobs", "--state", "failed"]);

  assert.equal(some.terminal.output.at(-1), "510 jobs, and there are more: --all");
  assert.equal(all.terminal.output.at(-1), "601 jobs");
  assert.equal(new Set(all.terminal.output.slice(1, -1)).size, 601);
  assert.deepEqual(none.terminal.output, ["0 jobs"]);
});

Deno.test("jobs: for a program too, it says that there are more than the default", async () => {
  const app = await startApp();
  for (let order = 1; order <= 21; order++) await createPlan(app);
  const errorsOf = async (...args: string[]) => {
    const { terminal } = await runCli(app, ["jobs", ...args], { isInteractive: false });
    return terminal.errors;
  };
  assert.match(
    (await errorsOf()).join(),
    /these are the newest 20 jobs, and there are more: --all/,
  );
  assert.deepEqual(await errorsOf("--limit", "20"), []);
  assert.deepEqual(await errorsOf("--all"), []);
});

Deno.test("jobs: --json prints summaries, and with --full whole jobs", async () => {
  const app = await startApp();
  for (let order = 1; order <= 60; order++) await createPlan(app);
  const printed = async (...args: string[]) => {
    const { terminal } = await runCli(app, ["jobs", "--all", "--json", ...args]);
    return terminal.output.map((line) => JSON.parse(line));
  };
  const [short, whole] = [await printed(), await printed("--full")];
  assert.deepEqual(short.map(({ jobId }) => jobId), whole.map(({ jobId }) => jobId));
  assert.equal(whole.length, 60);
  assert.deepEqual([short[0].input, short[0].progress.expected], [undefined, 1]);
  assert.deepEqual([whole[0].input, whole[0].expected.length], [null, 1]);
  const { code, terminal } = await runCli(app, ["jobs", "--full"]);
  assert.deepEqual([code, terminal.errors[0]], [
    64,
    "daybook: --full is for --json; see deno task daybook jobs --help",
  ]);
});

Deno.test("jobs: an unknown state is a usage error that names the states", async () => {
  const { code, terminal } = await runCli(await startApp(), ["jobs", "--state", "stuck"]);
  assert.equal(code, 64);
  assert.deepEqual(terminal.errors, [
    "daybook: --state must be one of Created, Running, Compensating, Done, Failed, not stuck; " +
    "see deno task daybook jobs --help",
  ]);
});

Deno.test("jobs: a state is accepted in any letter case, on the command line and over HTTP", async () => {
  const app = await threeJobs();
  const { terminal } = await runCli(app, ["jobs", "--state", "DONE", "--json"]);
  const byCommand = terminal.output.map((line) => JSON.parse(line).jobId);
  const { jobs } = await jsonOf<{ readonly jobs: readonly { readonly jobId: string }[] }>(
    await app.get("/jobs?state=DONE&condition=Succeeded"),
    200,
  );
  assert.ok(byCommand.length > 0);
  assert.deepEqual(jobs.map(({ jobId }) => jobId), byCommand);
  assert.equal((await app.get("/jobs?state=stuck")).status, 422);
});

Deno.test("show --events: the page, and each entry", async () => {
  const app = await threeJobs();
  await app.post("/events", { eventType: "shop.Note", jobId: "p-1", attributes: { a: 1 } });
  const { code, terminal } = await runCli(app, ["show", "p-1", "--events"]);

  assert.equal(code, 0);
  assert.equal(
    terminal.text,
    `\
p-1  a plan
Running (waiting)

created   2026-01-01 00:01:00 UTC, 0 s ago
started   2026-01-01 00:01:00, after 0 ms
labels    shop:berlin
entries   8 to 22

expected
  shipped  0 of 1  shop.ParcelShipped with orderId = "42"

entries
  00:01:00.000      8  JobCreated                     a plan
  00:01:00.000      9  JobStarted
  00:01:00.000     22  shop.Note                      {"a":1}`,
  );
});

Deno.test("show: in a pipe it prints the job as the server returns it, then its entries", async () => {
  const app = await threeJobs();
  const { terminal } = await runCli(app, ["show", "p-1", "--events"], { isInteractive: false });

  const [job, ...entries] = terminal.output.map((line) => JSON.parse(line));
  assert.deepEqual(job, await (await app.get("/jobs/p-1")).json());
  assert.deepEqual(entries, (await (await app.get("/jobs/p-1/events")).json()).entries);
});

Deno.test("show: an unknown job exits with 65, an invalid id with 64", async () => {
  const app = await startApp();
  const unknown = await runCli(app, ["show", "nope"]);
  const illegal = await runCli(app, ["show", "../x"]);

  assert.deepEqual([unknown.code, illegal.code], [65, 64]);
  assert.deepEqual(unknown.terminal.errors, [
    "daybook: Cannot find job nope: there is none with this id (404); " +
    "deno task daybook jobs lists them",
  ]);
});

Deno.test("show --at: the job as it was, and each step with its reason", async () => {
  const app = await threeJobs();
  const job = await (await app.get("/jobs/p-1")).json();
  const steps = [
    {
      logId: 8,
      eventType: "job.JobStarted",
      rule: "created/started",
      changed: [
        { path: "state", from: "Created", to: "Running" },
        { path: "startedAt", from: null, to: "2026-01-01T00:01:00.000Z" },
      ],
      why: "The job starts: from here on, events that its plan expects count.",
    },
    {
      logId: 12,
      eventType: "shop.Note",
      rule: "running/record-only",
      changed: [],
      why: "The plan expects no event of type shop.Note.",
    },
  ];
  const asked: string[] = [];
  const request = (url: string) => {
    asked.push(url);
    return Response.json({ job, steps, nextCursor: null });
  };
  const replay = { clock: app.clock, app: { request } as unknown as TestApp["app"] };
  const { code, terminal } = await runCli(replay, [
    "show",
    "p-1",
    "--at",
    "2026-01-01T00:01:00+01:00",
  ]);

  assert.equal(code, 0);
  assert.deepEqual(asked, [
    "http://127.0.0.1:8000/jobs/p-1/replay?at=2026-01-01T00%3A01%3A00%2B01%3A00",
  ]);
  assert.equal(
    terminal.output.slice(-5).join("\n"),
    `\
steps
   8  JobStarted  The job starts: from here on, events that its plan expects count.
                  created/started: state Created → Running, startedAt null → 2026-01-01T00:01:00.00…
  12  shop.Note   The plan expects no event of type shop.Note.
                  running/record-only: nothing changed`,
  );
});

Deno.test("show --at: ages and durations are as of that point, not of now", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "p-1" });
  await app.clock.advance(90_000);
  await app.post("/events", { eventType: "shop.Note", jobId: "p-1" });
  await app.clock.advance(600_000);
  const created = async (at: string) => {
    const { terminal } = await runCli(app, ["show", "p-1", "--at", at]);
    return terminal.output.find((line) => line.startsWith("created"));
  };

  const entries = await app.app.request("/jobs/p-1/events");
  const [first, , note] = (await entries.json()).entries;
  assert.match(await created(String(first.logId)) ?? "", /, 0 s ago$/);
  assert.match(await created(note.eventId) ?? "", /, 1 min 30 s ago$/);
  const before = new Date(app.clock.now() - 300_000).toISOString();
  assert.match(await created(before) ?? "", /, 6 min 30 s ago$/);
  assert.match(await created("2099-01-01T00:00:00Z") ?? "", /, 12 min ago$/);
});

const PROSE = `\
Job p-1 waits for shipped.

Why
  - It waits. [8, 9]

Near misses
  - orderId: expected "42", found 42 [12]

Next
  - Anyone may send it.
    curl -s http://127.0.0.1:8000/events

Evidence
  [8] 00000000000000000001.ndjson:12 job.JobCreated evt_8
`;

function explaining(app: TestApp): Pick<TestApp, "app" | "clock"> {
  const request = (_: string, init?: RequestInit) =>
    new Headers(init?.headers).get("accept") === "text/plain"
      ? new Response(PROSE)
      : Response.json({ summary: "Job p-1 waits for shipped." });
  return { clock: app.clock, app: { request } as unknown as TestApp["app"] };
}

Deno.test("explain: titles are bold, near misses yellow, evidence dim", () => {
  const { style } = new FakeTerminal({ isStyled: true });
  assert.equal(
    paintedExplanation(PROSE, style).join("\n"),
    `\
<bold:Job p-1 waits for shipped.>

<bold:Why>
  - It waits.<dim: [8, 9]>

<bold:Near misses>
<yellow:  - orderId: expected "42", found 42><dim: [12]>

<bold:Next>
  - Anyone may send it.
<cyan:    curl -s http://127.0.0.1:8000/events>

<bold:Evidence>
<dim:  [8] 00000000000000000001.ndjson:12 job.JobCreated evt_8>`,
  );
});

Deno.test("explain: at a terminal it suggests Daybook's commands and fits the screen", async () => {
  const app = await threeJobs();
  const url = "http://127.0.0.1:8000";
  const waits = await runCli(app, ["explain", "p-1", "--url", url]);
  const failed = await runCli(app, ["explain", "d-1"], { columns: 200 });
  const narrow = await runCli(app, ["explain", "d-1"], { columns: 50 });

  assert.deepEqual([waits.code, failed.code, narrow.code], [0, 0, 0]);
  assert.match(
    waits.terminal.text,
    /^ {4}deno task daybook event shop\.ParcelShipped '\{"orderId":"42"\}'.* --url http:\/\/127\.0\.0\.1:8000$/m,
  );
  assert.match(failed.terminal.text, /^ {4}deno task daybook retry d-1$/m);
  assert.ok(!failed.terminal.text.includes("curl "), failed.terminal.text);
  await runCli(app, ["pause", "--reason", "the bank is closed"]);
  const queue = await runCli(app, ["explain"]);
  assert.match(queue.terminal.text, /^ {4}deno task daybook end-pause pau_\S+$/m);
  assert.ok(!queue.terminal.text.includes("curl "), queue.terminal.text);
  const widest = (text: string) =>
    Math.max(...text.split("\nEvidence")[0]!.split("\n").map((line) => line.length));
  assert.ok(widest(failed.terminal.text) > 80 && widest(failed.terminal.text) <= 100);
  assert.ok(widest(narrow.terminal.text) <= 50);
});

Deno.test("explain --at: it explains that point without actions; without a job it explains the queue", async () => {
  const app = await threeJobs();
  await app.post("/jobs/p-1/cancel", { reason: "ordered twice" });
  const now = await runCli(app, ["explain", "p-1"]);
  const then = await runCli(app, ["explain", "p-1", "--at", "2026-01-01T00:01:00Z"]);
  const created = await runCli(app, ["explain", "p-1", "--at", "2026-01-01T00:00:59Z"]);
  const job = app.engine.history.positions("p-1" as JobId);
  const first = await runCli(app, ["explain", "p-1", "--at", String(job[1])]);
  const all = await runCli(app, ["explain"]);
  const wrong = await runCli(app, ["explain", "--at", "7"]);

  assert.match(now.terminal.text, /^Job p-1 was cancelled \(reason: ordered twice\)/);
  assert.equal(then.terminal.text, now.terminal.text);
  assert.equal(created.code, 65);
  assert.match(first.terminal.text, /^As of entry \d+, received at 2026-01-01T00:01:00\.000Z/);
  assert.match(first.terminal.text.replaceAll("\n", " "), /Job p-1 is waiting for "shipped"/);
  assert.ok(!first.terminal.text.includes("deno task daybook cancel"));
  assert.match(all.terminal.text, /^Nothing is running: there are no unfinished jobs/);
  assert.deepEqual([first.code, all.code, wrong.code], [0, 0, 64]);
});

Deno.test("explain --about: it lists jobs and events with a value, and takes no job", async () => {
  const app = await threeJobs();
  await deliver(app, "shop.Paid", { orderId: "R 77" });
  const about = await runCli(app, ["explain", "--about", "R 77"]);
  const wrong = await runCli(app, ["explain", "p-1", "--about", "R 77"]);

  assert.match(about.terminal.text, /^No job has R 77, but an event: /);
  assert.deepEqual([about.code, wrong.code], [0, 64]);
});

Deno.test("explain: in a pipe it prints prose, and with --json one value", async () => {
  const app = explaining(await startApp());
  const piped = await runCli(app, ["explain", "p-1"], { isInteractive: false });
  const json = await runCli(app, ["explain", "p-1", "--json"]);

  assert.equal(piped.terminal.text + "\n", PROSE);
  assert.equal(json.terminal.text, '{"summary":"Job p-1 waits for shipped."}');
});

Deno.test("tail: it prints new entries, one per line", async () => {
  const app = await threeJobs();
  const { terminal } = startCli(app, ["tail"]);
  await app.clock.settle();
  await deliver(app, "shop.ParcelShipped", { orderId: "42" });
  await app.clock.settle();

  assert.equal(
    terminal.text,
    `\
00:01:00.000     22            shop.ParcelShipped             {"orderId":"42"}
00:01:00.000     23  p-1       EventCorrelated                Running → Done  shop.ParcelShipped ev…`,
  );
  await endOf(app);
});

/** Its streams end with the engine; a tail then waits on the manual clock. */
async function endOf(app: TestApp): Promise<void> {
  await app.engine.stop(0);
  await app.clock.settle();
}

Deno.test("tail: in a pipe it prints the data of the stream unchanged", async () => {
  const app = await threeJobs();
  const args = ["tail", "--job", "p-1", "--until-end"];
  const { terminal, code } = startCli(app, args, { isInteractive: false });
  await app.clock.settle();
  await deliver(app, "shop.ParcelShipped", { orderId: "42" });

  assert.equal(await code, 0);
  const entries = terminal.output.map((line) => JSON.parse(line));
  assert.deepEqual(entries.map(({ logId }) => logId), [8, 9, 23]);
  assert.deepEqual(entries[2].job, {
    jobId: "p-1",
    from: "Running",
    to: "Done",
    condition: "succeeded",
  });
});

const TAILS: readonly (readonly [args: readonly string[], logIds: readonly number[]])[] = [
  [["--only-transitions"], [10, 11, 12, 18, 21]],
  [["--type", "job.TaskFailed,job.JobCreated"], [10, 18]],
  [["--type", "job.TaskFailed", "--type", "job.JobCreated"], [10, 18]],
  [["--stratum", "domain"], []],
  [["--after", "19"], [20, 21]],
  [["--from-start", "--type", "job.JobStarted"], [11]],
];

for (const [args, logIds] of TAILS) {
  Deno.test(`tail --job --until-end: ${args.join(" ")}`, async () => {
    const app = await threeJobs();
    const whole = ["tail", "--job", "d-1", "--until-end", "--json", ...args];
    const { terminal, code } = startCli(app, whole);
    await app.clock.advance(1_000);

    assert.equal(await code, 0);
    assert.deepEqual(terminal.output.map((line) => JSON.parse(line).logId), logIds);
    assert.deepEqual(terminal.errors, []);
  });
}

Deno.test("tail: at a terminal seals are left out, unless types are given", async () => {
  const [seal, note] = ["journal.Sealed", "shop.Note"].map((eventType, index) =>
    entryAnswer(eventType, eventType === "shop.Note" ? {} : { reason: "quiet" }, {
      logId: index + 1,
    })
  );
  const body = [seal, note].map((entry) =>
    `id: ${entry?.logId}\ndata: ${JSON.stringify(entry)}\n\n`
  ).join("");
  const shown = async (...args: string[]) => {
    const answers = [new Response(body), new Response(null, { status: 204 })];
    const request = () => answers.shift() ?? new Response(null, { status: 204 });
    const server = { clock: new FakeClock(), app: { request } as unknown as TestApp["app"] };
    const { code, terminal } = startCli(server, ["tail", ...args]);
    const until = code.then(() => true);
    for (let turn = 0; turn < 20; turn++) await server.clock.advance(1_000);
    await until;
    assert.match(terminal.bars[0] ?? "", /^waiting for new entries, times are in/);
    return terminal.output.map((line) => /journal\.Sealed|shop\.Note/.exec(line)?.[0]);
  };

  assert.deepEqual(await shown(), ["shop.Note"]);
  assert.deepEqual(await shown("--type", "journal.Sealed,shop.Note"), [
    "journal.Sealed",
    "shop.Note",
  ]);
});

Deno.test("tail: a separate line gives the day if it is not today", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "p-1", plan: { expected: [] } });
  await app.clock.advance(86_400_000);
  const { terminal } = await runCli(app, ["tail", "--job", "p-1", "--until-end"]);

  assert.deepEqual(terminal.output.map((line) => line.slice(0, 12)), [
    "2026-01-01 U",
    "00:00:00.000",
    "00:00:00.000",
  ]);
});

const WRONG_TAILS: readonly (readonly [args: readonly string[], message: string])[] = [
  [["--until-end"], "--until-end goes with --job"],
  [["--after", "3", "--from-start"], "give only one of --after and --from-start"],
  [["--after", "x"], "--after must be a whole number from 0 to 9007199254740991, not x"],
  [["--stratum", "x"], "--stratum must be one of framework, domain, coordination, not x"],
  [["--bogus"], "there is no option --bogus"],
];

for (const [args, message] of WRONG_TAILS) {
  Deno.test(`tail: ${args.join(" ")} is a usage error`, async () => {
    const { code, terminal } = await runCli(await startApp(), ["tail", ...args]);
    assert.equal(code, 64);
    assert.deepEqual(terminal.errors, [`daybook: ${message}; see deno task daybook tail --help`]);
  });
}

Deno.test("tail: for a job without --job, it says how to name one", async () => {
  const { code, terminal } = await runCli(await startApp(), ["tail", "order-42"]);
  assert.equal(code, 64);
  assert.match(
    terminal.errors[0] ?? "",
    /unexpected argument order-42; to name a job, use --job order-42;/,
  );
});

Deno.test("tail: an unknown job, or a position beyond the head, is refused", async () => {
  const app = await startApp();
  const job = await runCli(app, ["tail", "--job", "nope"]);
  const after = await runCli(app, ["tail", "--after", "999"]);

  assert.deepEqual([job.code, after.code], [65, 65]);
  assert.match(
    after.terminal.errors[0] ?? "",
    /: parameter after must not be beyond the head .* \(422\)$/,
  );
});

Deno.test("show: a job that ran shows its tasks and its output", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.greet", { name: "Ann" });
  await createPlan(app, { plan: shipmentPlan("43") });
  const { terminal } = await runCli(app, ["show", jobId]);

  assert.equal(
    terminal.output.slice(-13).join("\n"),
    `\

expected
  main  1 of 1  job.TaskCompleted of main, by entry 7

tasks
  main   completed  1 call     0 ms
  greet  completed  1 attempt  0 ms

input
  {"name":"Ann"}

output
  "hello Ann"`,
  );
});

Deno.test("jobs: a filter without matches is reported on stderr", async () => {
  const app = await threeJobs();
  const none = await runCli(app, ["jobs", "--type", "test.greets"], { isInteractive: false });
  const all = await runCli(app, ["jobs"], { isInteractive: false });

  assert.deepEqual([none.code, none.terminal.output, none.terminal.errors], [0, [], [
    "daybook: no jobs match; deno task daybook jobs lists all",
  ]]);
  assert.deepEqual(all.terminal.errors, []);
});
