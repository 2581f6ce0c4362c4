/** `submit` and `retry`, against the real routes. */

import assert from "node:assert/strict";
import { runCli, settled, startCli } from "./daybook_cli.ts";
import { startApp, type TestApp } from "../support/http/http_app.ts";

async function jobAt(app: TestApp, jobId: string) {
  return await (await app.get(`/jobs/${jobId}`)).json();
}

Deno.test("submit: a type with its input and all options is sent", async () => {
  const app = await startApp();
  const args = ["test.greet", '{"name":"Ann"}', "--id", "g-1", "--priority=-5", "-l", "shop:a=b"];
  const { code, terminal } = await runCli(app, ["submit", ...args, "--start-at", "+90s"]);

  assert.deepEqual([code, terminal.errors], [0, []]);
  assert.equal(terminal.text, "g-1 of type test.greet is Created (scheduled)");
  const { input, priority, labels, startAt } = await jobAt(app, "g-1");
  assert.deepEqual([input, priority, labels], [{ name: "Ann" }, -5, { shop: "a=b" }]);
  assert.equal(startAt, "2026-01-01T00:01:30.000Z");
});

Deno.test("submit: fields are parsed as JSON if possible, nest at dots, and override the input", async () => {
  const app = await startApp();
  const fields = ["a=1", "b=x y", 'c="1"', "d.e=true", "d.f=[1,2]", "g=", "h=a=b", "__proto__x=1"];
  const plan = { expected: [{ id: "s", eventType: "shop.S", correlation: "any" }] };
  await runCli(app, ["submit", "--plan", JSON.stringify(plan), "--id", "p-1"]);
  const args = fields.flatMap((field) => ["--field", field]);
  await runCli(app, ["event", "shop.S", '{"a":0,"d":{"z":1}}', "--job", "p-1", ...args]);

  const { entries } = await (await app.get("/events?eventType=shop.S")).json();
  assert.deepEqual(entries[0].attributes, {
    a: 1,
    b: "x y",
    c: "1",
    d: { z: 1, e: true, f: [1, 2] },
    g: "",
    h: "a=b",
    ["__proto__x"]: 1,
  });
});

Deno.test("submit: the input from a file, and a plan from the standard input", async () => {
  const app = await startApp();
  const files = { "in.json": '{"name":"Ann"}', "-": '{"expected":[]}' };
  const first = await runCli(app, ["submit", "test.greet", "@in.json", "--id", "g-1"], { files });
  const second = await runCli(app, ["submit", "--plan", "-", "--id", "p-1"], { files });

  assert.deepEqual([first.code, second.code], [0, 0]);
  assert.deepEqual((await jobAt(app, "g-1")).input, { name: "Ann" });
  assert.equal((await jobAt(app, "p-1")).state, "Done");
});

Deno.test("submit: an input or jobs that are not UTF-8 are refused, since they would be changed", async () => {
  const app = await startApp();
  const job = new TextEncoder().encode('{"type":"test.greet","input":{"name":"?"}}');
  job[job.indexOf(0x3f)] = 0xff;
  const files = { "-": job };
  for (const args of [["submit", "test.greet", "-"], ["submit", "--jobs", "-"]]) {
    const { code, terminal } = await runCli(app, args, { files });
    assert.deepEqual([code, terminal.errors], [
      64,
      ["daybook: cannot read -: it is not UTF-8 text"],
    ]);
  }
});

Deno.test("submit: files are sent as a form", async () => {
  const app = await startApp();
  const files = { "rows.csv": "x;y\n" };
  const args = [
    "test.import",
    "--file",
    "csv=rows.csv",
    "-f",
    "separator=;",
    "--id",
    "i-1",
    "--wait",
  ];
  const { code, terminal } = await runCli(app, ["submit", ...args], { files });

  assert.deepEqual([code, terminal.errors], [0, []]);
  assert.deepEqual((await jobAt(app, "i-1")).input, { separator: ";", csv: "x;y\n" });
  assert.equal(terminal.output.at(-1), "4");
});

Deno.test("submit: the same key again says that nothing was created", async () => {
  const app = await startApp();
  const args = ["submit", "test.greet", '{"name":"Ann"}', "--key", "k-1", "--id", "g-1"];
  await runCli(app, args);
  const { code, terminal } = await runCli(app, args);

  assert.equal(code, 0);
  assert.equal(terminal.text, "g-1 of type test.greet was already submitted with this key");
});

Deno.test("submit --wait: tasks as they end, then the output; Done is 0", async () => {
  const app = await startApp();
  const args = ["submit", "test.greet", '{"name":"Ann"}', "--id", "g-1", "--wait"];
  const { code, terminal } = await runCli(app, args);

  assert.equal(code, 0);
  assert.equal(
    terminal.text,
    `\
g-1 of type test.greet is Running (queued)
  greet           completed           0 ms
g-1 is Done after 0 ms
"hello Ann"`,
  );
});

Deno.test("submit --wait: a failure exits with 1 and prints the explanation", async () => {
  const prose = "Job d-1 failed.\n\nWhy\n  - The card is stolen. [16]\n";
  const app = withExplanation(await startApp(), prose);
  const args = ["submit", "test.doomed", "{}", "--id", "d-1", "--wait"];
  const { code, terminal } = await runCli(app, args, { isStyled: true });

  assert.equal(code, 1);
  assert.equal(
    terminal.text,
    `\
<bold:d-1> of type test.doomed is <blue:Running (queued)>
  reserve         <green:completed         >  0 ms
  mail            <green:completed         >  0 ms
  charge          <red:failed            >  0 ms    the card is stolen (attempt 1 of 3, not retried)
  reserve         <yellow:compensated       >  0 ms
d-1 is <red:Failed> after 0 ms

<bold:Job d-1 failed.>

<bold:Why>
  - The card is stolen.<dim: [16]>`,
  );
});

/** The same app, with an explanation of its own: that of the server has its own tests. */
function withExplanation(app: TestApp, prose: string | undefined): Pick<TestApp, "app" | "clock"> {
  const request = async (path: string, init?: RequestInit) => {
    if (!path.endsWith("/explain")) return await app.app.request(path, init);
    if (prose === undefined) return Response.json({ detail: "nothing here" }, { status: 404 });
    assert.equal(new Headers(init?.headers).get("accept"), "text/plain");
    return new Response(prose);
  };
  return { clock: app.clock, app: { request } as TestApp["app"] };
}

Deno.test("submit --wait: if the server cannot explain, the rest of the output is unaffected", async () => {
  const app = withExplanation(await startApp(), undefined);
  const { code, terminal } = await runCli(app, ["submit", "test.doomed", "{}", "--wait"]);

  assert.deepEqual([code, terminal.errors], [1, []]);
  assert.match(terminal.output.at(-1) ?? "", / is Failed after 0 ms: the card is stolen$/);
});

Deno.test("submit --wait: if the server is lost after it took the job, the exit code is 69 and the job is named", async () => {
  const started = await startApp();
  const app = {
    ...started,
    app: {
      request: (url: string, init: RequestInit) => {
        if (url.includes("/stream")) throw new TypeError("refused");
        return started.app.request(url, init);
      },
    } as typeof started.app,
  };
  const args = ["submit", "test.greet", '{"name":"Ann"}', "--id", "g-1", "--wait"];
  const { code, terminal } = await runCli(app, args);

  assert.equal(code, 69);
  assert.match(
    terminal.errors.at(-1) ?? "",
    /; job g-1 was accepted: deno task daybook show g-1 shows it$/,
  );
});

Deno.test("submit --wait: a cancelled job exits with 2", async () => {
  const app = await startApp();
  const args = ["submit", "test.parcel", "-f", "orderId=A-1", "--id", "p-1", "--wait"];
  const { code, terminal } = startCli(withExplanation(app, undefined), args);
  await app.clock.settle();
  await app.post("/jobs/p-1/cancel", { reason: "ordered twice" });

  assert.equal(await settled(code, app.clock), 2);
  assert.deepEqual(terminal.bars.slice(-3), ["waiting for shipped", "compensating", "cancelled"]);
  assert.equal(terminal.output.at(-1), "p-1 is Failed (cancelled) after 0 ms: ordered twice");
});

Deno.test("submit --wait --timeout: the time limit exits with 124, and the job continues", async () => {
  const app = await startApp();
  const args = ["test.parcel", "-f", "orderId=A-1", "--id", "p-1", "--wait", "--timeout", "1m"];
  const { code, terminal } = startCli(app, ["submit", ...args]);
  await app.clock.advance(60_000);

  assert.equal(await settled(code, app.clock), 124);
  assert.deepEqual(terminal.errors, [
    "daybook: stopped waiting for job p-1: it is Running (waiting) after 1 min, and continues; " +
    "deno task daybook explain p-1 says why",
  ]);
  assert.equal((await jobAt(app, "p-1")).state, "Running");
});

Deno.test("submit --wait: in a pipe it prints the ended job on one line", async () => {
  const app = await startApp();
  const args = ["submit", "test.greet", '{"name":"Ann"}', "--id", "g-1", "--wait"];
  const { code, terminal } = await runCli(app, args, { isInteractive: false });

  assert.equal(code, 0);
  assert.equal(terminal.output.length, 1);
  assert.deepEqual(JSON.parse(terminal.text), await jobAt(app, "g-1"));
});

Deno.test("submit: a refusal prints the server's reasons on one line and exits with 65", async () => {
  const app = await startApp();
  const { code, terminal } = await runCli(app, ["submit", "test.greet", '{"name":1,"x":2}']);

  assert.deepEqual([code, terminal.output], [65, []]);
  assert.deepEqual(terminal.errors, [
    "daybook: Cannot take the request: it has 2 errors, the first: /input/name must be a string; " +
    "/input/x is not a known field (422)",
  ]);
});

Deno.test("submit: for digits that were meant as text it says how to write them", async () => {
  const app = await startApp();
  const { code, terminal } = await runCli(app, ["submit", "test.greet", "-f", "name=42"]);
  assert.equal(code, 65);
  assert.deepEqual(terminal.errors, [
    "daybook: Cannot take the request: /input/name must be a string (422); " +
    `--field takes a bare 42 as JSON; for text write -f 'name="42"'`,
  ]);
});

const WRONG: readonly (readonly [args: readonly string[], message: string])[] = [
  [[], "submit needs a type of job, or --plan"],
  [["a", "{}", "b"], "unexpected argument b"],
  [["a", "{"], "cannot read the input as JSON: it ends too early at position 1"],
  [
    ["a", "x=1"],
    "cannot read the input as JSON: unexpected character at position 0; " +
    `write '{"x":1}', or -f x=1`,
  ],
  [["a", "5", "-f", "x=1"], "the input must be an object to take --field"],
  [["a", "-f", "x"], "--field takes name=value, not x"],
  [["a", "-f", "=x"], "--field takes name=value, not =x"],
  [["a", "-f", "x..y=1"], "--field x..y has a part without a name"],
  [["a", "-f", "x=1", "-f", "x.y=2"], "--field x.y is inside a field that is not an object"],
  [
    ["a", "-f", "x=12345678901234567890"],
    "12345678901234567890 is beyond 2^53 and would be changed; send it as a string",
  ],
  [["a", "-l", "x"], "--label takes name:value, not x"],
  [["a", "--priority", "high"], "--priority must be a whole number, not high"],
  [
    ["a", "--start-at", "+soon"],
    "--start-at must be an RFC 3339 time such as 2026-01-31T12:00:00Z, or + and a duration such as 500ms, 90s, 10m, 1h30m or 2d, " +
    "not +soon",
  ],
  [["a", "--plan", "{}"], "a plan has no type and no input: a"],
  [["a", "--timeout", "5s"], "--timeout goes with --wait"],
  [
    ["a", "--wait", "--timeout", "soon"],
    "--timeout must be a duration such as 500ms, 90s, 10m, 1h30m or 2d, not soon",
  ],
  [["a", "--wait", "--no-start"], "--wait would wait forever with --no-start"],
  [["a", "--json", "--text"], "give only one of --json and --text"],
  [
    ["a", "--url", "ftp://x"],
    "ftp://x is not the address of a server, such as http://127.0.0.1:8000",
  ],
];

for (const [args, message] of WRONG) {
  Deno.test(`submit: ${["submit", ...args].join(" ")} is a usage error`, async () => {
    const { code, terminal } = await runCli(await startApp(), ["submit", ...args]);
    assert.deepEqual([code, terminal.output], [64, []]);
    assert.deepEqual(terminal.errors, [`daybook: ${message}; see deno task daybook submit --help`]);
  });
}

Deno.test("submit: a missing file is named", async () => {
  const { code, terminal } = await runCli(await startApp(), ["submit", "a", "@none.json"]);
  assert.equal(code, 64);
  assert.deepEqual(terminal.errors, ["daybook: cannot read none.json: there is no such file"]);
});

Deno.test("retry: prints the new job, which may be waited for", async () => {
  const app = withExplanation(await startApp(), undefined);
  await runCli(app, ["submit", "test.doomed", "{}", "--id", "d-1", "--wait"]);
  const args = ["retry", "d-1", "--from", "charge", "--reason", "a new card", "--wait"];
  const { code, terminal } = await runCli(app, args);

  assert.equal(code, 1);
  const [first = "", ...rest] = terminal.output;
  const jobId = /^(\S+) retries d-1, and is Running \(queued\)$/.exec(first)?.[1];
  assert.equal(
    rest.join("\n"),
    `\
  mail            completed           0 ms    reused from 8
  reserve         completed           0 ms
  charge          failed              0 ms    the card is stolen (attempt 1 of 3, not retried)
  reserve         compensated         0 ms
${jobId} is Failed after 0 ms: the card is stolen`,
  );
});

Deno.test("retry: a job that did not fail is refused, with what is allowed", async () => {
  const app = await startApp();
  await runCli(app, ["submit", "test.greet", '{"name":"Ann"}', "--id", "g-1", "--wait"]);
  const { code, terminal } = await runCli(app, ["retry", "g-1"], { isInteractive: false });

  assert.deepEqual([code, terminal.output], [65, []]);
  assert.deepEqual(terminal.errors, [
    "daybook: Cannot retry job g-1: it is neither failed nor parked; allowed in Failed, or while parked (409)",
  ]);
});

Deno.test("submit: for an unknown type the one that may be meant is named once", async () => {
  const { code, terminal } = await runCli(await startApp(), ["submit", "test.greets"]);
  assert.equal(code, 65);
  assert.match(
    terminal.errors[0] ?? "",
    /it is not a known type; did you mean test\.greet\? known are [^;]+ \(422\)$/,
  );
});

Deno.test("submit: a missing argument is reported as required, and an id in use as taken", async () => {
  const app = await startApp();
  const without = await runCli(app, ["submit", "test.greet"]);
  await runCli(app, ["submit", "test.greet", `{"name":"Ann"}`, "--id", "g-1"]);
  const again = await runCli(app, ["submit", "test.greet", `{"name":"Ann"}`, "--id", "g-1"]);

  assert.deepEqual(without.terminal.errors, [
    "daybook: Cannot take the request: /input is required (422)",
  ]);
  assert.match(
    again.terminal.errors[0] ?? "",
    /\(409\); use another --id, or add --key, which makes it repeatable$/,
  );
});

Deno.test("submit: a field that is given twice is refused, and one of the argument may be", async () => {
  const app = await startApp();
  const twice = await runCli(app, ["submit", "test.greet", "-f", "name=A", "-f", "name=B"]);
  const over = await runCli(app, [
    "submit",
    "test.greet",
    `{"name":"A"}`,
    "-f",
    "name=B",
    "--json",
  ]);

  assert.deepEqual([twice.code, over.code], [64, 0]);
  assert.deepEqual(twice.terminal.errors, [
    "daybook: --field name is given twice; see deno task daybook submit --help",
  ]);
  assert.equal(JSON.parse(over.terminal.text).input.name, "B");
});
