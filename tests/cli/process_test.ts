/** The commands as processes, as `deno.json` starts them. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import {
  ROOT,
  runTask,
  taskArguments,
  taskCommand,
  type TaskProcessOptions,
  wordsOfTask,
} from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { TextLineStream } from "../support/text_lines.ts";

const NO_SERVER = "http://127.0.0.1:1";

function withServer(run: (daybook: DaybookProcess, journal: string) => Promise<void>) {
  return inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal });
    try {
      await run(daybook, journal);
    } finally {
      await daybook.stop();
    }
  });
}

Deno.test("deno.json: the commands start with only the permissions that they need", () => {
  const asksServers = ["--allow-net=127.0.0.1,localhost", "--allow-read=journal"];
  const settings = "--allow-env=DAYBOOK_*,NO_COLOR,INIT_CWD";
  // With the same options for V8, all share the code that one of them has compiled.
  const [forV8 = ""] = wordsOfTask("start").filter((word) => word.startsWith("--v8-flags="));
  const people = ["run", "--quiet", "--no-prompt", forV8, ...asksServers, settings];
  assert.deepEqual(wordsOfTask("daybook"), [...people, "src/cli/daybook.ts"]);
  const files = [
    "run",
    "--quiet",
    "--no-prompt",
    forV8,
    "--allow-net=127.0.0.1,localhost",
    "--allow-read=.",
    "--allow-write=.",
    "--allow-env=DAYBOOK_*,PG*,NO_COLOR,INIT_CWD",
  ];
  assert.deepEqual(wordsOfTask("journal"), [...files, "src/cli/journal.ts"]);
});

Deno.test("deno task daybook: the help of a command says how it is called", async () => {
  const { code, output, errors } = await runTask("daybook", ["start", "--help"]);
  assert.deepEqual([code, errors], [0, ""]);
  assert.ok(output.includes("usage: deno task daybook start <jobId>... [options]"), output);
  assert.ok(output.includes("examples:\n  deno task daybook "), output);
});

Deno.test("commands: every error is one line without a stack trace", async () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["jobs", "--url", NO_SERVER], 69, /cannot reach http:\/\/127\.0\.0\.1:1: is Daybook running/],
    [["show"], 64, /show needs <jobId>; see deno task daybook show --help$/],
  ];
  for (const [args, exitCode, message] of cases) {
    const { code, output, errors } = await runTask("daybook", args);
    assert.deepEqual([code, output], [exitCode, ""], errors);
    assert.match(errors, /^daybook: [^\n]+\n$/);
    assert.match(errors.trimEnd(), message);
  }
});

Deno.test("commands: they run in any time zone, also in one without a name", () =>
  withServer(async (daybook) => {
    const created = await daybook.post("/jobs", { jobId: "zoned", plan: { expected: [] } });
    assert.equal(created.status, 202, await created.text());
    const zones = [
      // POSIX: an empty TZ is UTC, and a colon stands before the name of a file.
      ...[["", "local time"], ["UTC+3", "local time"], [":/etc/localtime", "\\S[^,]*"]] as const,
      ["Europe/Berlin", "Europe/Berlin"] as const,
    ];
    for (const [TZ, zone] of zones) {
      const args = ["show", "zoned", "--text", "--url", daybook.url];
      const { code, output, errors } = await runTask("daybook", args, { env: { TZ } });
      assert.deepEqual([code, errors], [0, ""], TZ);
      assert.match(output, new RegExp(`created +\\S+ \\S+ ${zone}, `), TZ);
      assert.doesNotMatch(output, /undefined/);
    }
  }));

Deno.test("commands: if a permission is missing, the whole command line that has it is printed", async () => {
  const address = await runTask("daybook", ["jobs", "--url", "http://192.0.2.1"]);
  assert.equal(address.code, 69);
  assert.match(
    address.errors,
    /^daybook: cannot reach .* add --allow-net=192\.0\.2\.1\nThe whole command, with the permission:\n {2}deno run .*--allow-net=127\.0\.0\.1,localhost,192\.0\.2\.1 src\/cli\/daybook\.ts jobs --url http:\/\/192\.0\.2\.1\n$/,
  );
  const file = await runTask("daybook", ["submit", "a", "@/etc/hosts"]);
  assert.equal(file.code, 64);
  assert.match(
    file.errors,
    /add --allow-read=\/etc\/hosts, or give - and redirect it: < \/etc\/hosts\n.*\n {2}deno run .*\/etc\/hosts src\/cli\/daybook\.ts submit a @\/etc\/hosts\n$/,
  );
  const token = await runTask("daybook", ["submit", "a", "--token-file", "/etc/hosts"]);
  assert.equal(token.code, 64);
  assert.match(
    token.errors,
    /the token .* add --allow-read=\/etc\/hosts\n.*\n {2}deno run .*--allow-read=journal,\/etc\/hosts src\/cli\/daybook\.ts submit a --token-file \/etc\/hosts\n$/,
  );
});

Deno.test("commands: another program on the port is distinguished from Daybook", async () => {
  const page = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<html>"),
  );
  const other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ jobs: 5 }),
  );
  try {
    for (const { addr: { port } } of [page, other]) {
      const { code, errors } = await runTask("daybook", ["jobs", "--url", `127.0.0.1:${port}`]);
      assert.equal(code, 69);
      assert.match(
        errors,
        /^daybook: cannot understand the answer of \S+: it is another program, or another version of/,
      );
    }
  } finally {
    await Promise.all([page.shutdown(), other.shutdown()]);
  }
});

Deno.test("commands: the server and the token come from the environment", () =>
  withServer(async (_, journal) => {
    const token = "0123456789abcdef";
    const guarded = await DaybookProcess.start({
      journal: `${journal}/guarded`,
      env: { DAYBOOK_TOKEN: token },
    });
    try {
      const env = { DAYBOOK_URL: guarded.url };
      const without = await runTask("daybook", ["jobs"], { env });
      const withToken = await runTask("daybook", ["jobs"], {
        env: { ...env, DAYBOOK_TOKEN: `${token}\n` },
      });

      assert.deepEqual([without.code, withToken.code, withToken.errors], [65, 0, ""]);
      assert.equal(
        without.errors,
        "daybook: Cannot take the request: it has no bearer token; send Authorization: " +
          "Bearer and the token (401); give the token in DAYBOOK_TOKEN or --token-file\n",
      );
    } finally {
      await guarded.stop();
    }
  }));

/** Lines of an output, one by one. */
class LineReader {
  readonly lines: string[] = [];
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextLineStream()).getReader();
  }

  /** Reads until a line contains this text. */
  async until(isLast: (line: string) => boolean): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`it ended after\n${this.lines.join("\n")}`);
      this.lines.push(value);
      if (isLast(value)) return;
    }
  }

  async rest(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      this.lines.push(value);
    }
  }
}

async function submitSome(daybook: DaybookProcess, prefix: string): Promise<void> {
  for (let order = 1; order <= 20; order++) {
    const jobId = `${prefix}-${order}`;
    const input = { orderId: jobId, amount: 5 };
    const response = await daybook.post("/jobs", { type: "order.fulfil", jobId, input });
    assert.equal(response.status, 202);
    await response.body?.cancel();
  }
}

Deno.test("tail: a server that is killed and starts again leaves no gap and no repeat", async () => {
  const journal = await Deno.makeTempDir();
  let daybook = await DaybookProcess.start({ journal });
  const { port } = new URL(daybook.url);
  const tail = taskCommand("daybook", ["tail", "--from-start", "--json", "--url", daybook.url])
    .spawn();
  const [output, errors] = [new LineReader(tail.stdout), new LineReader(tail.stderr)];
  try {
    for (const life of ["a", "b", "c"]) {
      await submitSome(daybook, life);
      await output.until((line) => line.includes(`"${life}-3"`));
      if (life === "b") assert.equal(await daybook.stop(), 0);
      else await daybook.kill();
      await errors.until((line) => line.startsWith("daybook: lost the connection"));
      daybook = await DaybookProcess.start({ journal, args: [`--port=${port}`] });
      await errors.until((line) => line === "daybook: connected again, continuing from there");
    }
    const response = await daybook.post("/events", { eventType: "shop.Last", eventId: "last" });
    await response.body?.cancel();
    await output.until((line) => line.includes('"last"'));
    tail.kill("SIGINT");
    await Promise.all([output.rest(), errors.rest()]);

    assert.equal((await tail.status).code, 130);
    const logIds = output.lines.map((line) => JSON.parse(line).logId);
    assert.deepEqual(logIds, logIds.map((_, index) => index + 1));
    assert.ok(logIds.length > 200, `only ${logIds.length} entries`);
    assert.equal(errors.lines.length, 6);
  } finally {
    await daybook.stop();
    await Deno.remove(journal, { recursive: true });
  }
});

Deno.test("submit --wait: it waits for a killed server to return, and then for the job", async () => {
  const journal = await Deno.makeTempDir();
  let daybook = await DaybookProcess.start({ journal });
  const { port } = new URL(daybook.url);
  const args = [
    "order.fulfil",
    '{"orderId":"42","amount":5}',
    "--id",
    "order-42",
    "--wait",
    "--text",
  ];
  const submit = taskCommand("daybook", ["submit", ...args, "--url", daybook.url]).spawn();
  const [output, errors] = [new LineReader(submit.stdout), new LineReader(submit.stderr)];
  try {
    await output.until((line) => line.startsWith("  charge "));
    await daybook.kill();
    await errors.until((line) => line.startsWith("daybook: lost the connection"));
    daybook = await DaybookProcess.start({ journal, args: [`--port=${port}`] });
    const attributes = { orderId: "42", tracking: "T-1" };
    const eventType = "ec.shipment.ShipmentCompleted";
    await (await daybook.post("/events", { eventType, attributes })).body?.cancel();
    await Promise.all([output.rest(), errors.rest()]);

    assert.equal((await submit.status).code, 0);
    assert.equal(output.lines.filter((line) => line.startsWith("  charge ")).length, 1);
    assert.match(output.lines.join("\n"), /^order-42 is Done after .*\n\{\n(.*\n)+\}$/m);
  } finally {
    await daybook.stop();
    await Deno.remove(journal, { recursive: true });
  }
});

Deno.test("submit --wait: Ctrl-C does not end the job, and says that it continues", () =>
  withServer(async (daybook) => {
    const work = ["order.fulfil", '{"orderId":"p-1","amount":5}', "--id", "p-1"];
    const args = [...work, "--wait", "--text", "--url", daybook.url];
    const submit = taskCommand("daybook", ["submit", ...args]).spawn();
    const output = new LineReader(submit.stdout);
    const errors = new LineReader(submit.stderr);
    await output.until((line) => line.startsWith("  charge "));
    submit.kill("SIGINT");
    await Promise.all([output.rest(), errors.rest()]);

    assert.equal((await submit.status).code, 130);
    assert.deepEqual(errors.lines, [
      "daybook: job p-1 continues; deno task daybook show p-1 shows it",
    ]);
  }));

Deno.test("commands: a closed output pipe is not reported as an error", () =>
  withServer(async (daybook) => {
    await submitSome(daybook, "a");
    const tail = taskCommand("daybook", ["tail", "--from-start", "--url", daybook.url]).spawn();
    const reader = tail.stdout.getReader();
    await reader.read();
    await reader.cancel();
    // It notices this when it writes the next line.
    await submitSome(daybook, "b");
    const errors = await new Response(tail.stderr).text();

    assert.equal((await tail.status).code, 141);
    assert.equal(errors, "");
  }));

const NO_COLOR = { NO_COLOR: "1" };

function hasScript(): boolean {
  try {
    const { success } = new Deno.Command("script", { args: ["--version"], stdout: "null" })
      .outputSync();
    return success;
  } catch {
    return false;
  }
}

/** Runs as at a terminal with this many columns. */
async function atTerminal(
  task: string,
  args: readonly string[],
  { env = {}, ...permissions }: Pick<TaskProcessOptions, "env" | "journal"> = {},
) {
  const whole = ["stty cols 60;", Deno.execPath(), ...taskArguments(task, args, permissions)].join(
    " ",
  );
  const { stdout } = await new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", whole, "/dev/null"],
    cwd: ROOT,
    // CI sets NO_COLOR for everything.
    env: { NO_COLOR: "", ...env },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout).replaceAll("\r\n", "\n");
}

Deno.test({
  name: "commands: at a terminal output has colour and a width, and NO_COLOR is respected",
  // `script` is part of util-linux.
  ignore: !hasScript(),
  fn: () =>
    withServer(async (daybook) => {
      const plan = { expected: [{ id: "paid", eventType: "shop.Paid" }] };
      const labels = { note: "x".repeat(80) };
      const response = await daybook.post("/jobs", { jobId: "p-1", plan, labels });
      await response.body?.cancel();
      const coloured = await atTerminal("daybook", ["jobs", "--url", daybook.url]);
      const plain = await atTerminal("daybook", ["jobs", "--url", daybook.url], { env: NO_COLOR });

      assert.ok(coloured.includes("\x1b[34mRunning (waiting)\x1b[39m"), coloured);
      // On a busy machine the command takes its time, and a longer age leaves less for the labels.
      const [head = "", row = "", ...rest] = plain.split("\n");
      assert.match(head, /^JOB {2}TYPE {4}STATE {14}AGE +LABELS$/);
      assert.match(row, /^p-1 {2}\(plan\) {2}Running \(waiting\) {2}\d.*? {2}note:x+…$/);
      assert.equal(row.length, 60);
      assert.deepEqual(rest, ["1 job", ""]);
    }),
});

Deno.test({
  name: "commands: those that read the journal's files respect NO_COLOR too",
  ignore: !hasScript(),
  fn: () =>
    withServer(async (daybook, journal) => {
      await submitSome(daybook, "a");
      const journalOption = `--journal=${journal}`;
      for (
        const [task, args] of [
          ["journal", ["cat", "--type=job.JobCreated", "--limit=1", journalOption]],
          ["journal", ["verify", "--no-server", journalOption]],
          ["journal", ["replay-test", journalOption]],
        ] as const
      ) {
        const coloured = await atTerminal(task, args, { journal });
        const plain = await atTerminal(task, args, { journal, env: NO_COLOR });
        assert.match(coloured, STYLED, `${task} ${args[0]}`);
        assert.doesNotMatch(plain, STYLED, `${task} ${args[0]}`);
      }
    }),
});

// deno-lint-ignore no-control-regex -- Styles of a terminal begin with ESC.
const STYLED = /\x1b\[\d+m/;
