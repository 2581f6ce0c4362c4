/** `journal push`, `pull`, `verify --against` and `backup` beside a real PostgreSQL. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Clock } from "../../src/engine/ports.ts";
import { systemClock } from "../../src/server/system.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { runJournal } from "../support/process/journal_command.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { Member, SECRET_KEY } from "./members.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";

const DEFINITIONS = new URL("steps.ts", import.meta.url).pathname;
const ENV = { DAYBOOK_SECRET_KEY: SECRET_KEY };

function runWith(clock: Clock, ...args: readonly string[]) {
  return runJournal(args, { env: ENV, tools: { clock } });
}

async function journal(...args: readonly string[]) {
  const said = await runWith(systemClock, ...args);
  const [line = "{}"] = said.out;
  return { ...said, result: JSON.parse(line) as Record<string, unknown> };
}

async function segmentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = {};
  for await (const { name } of Deno.readDir(`${folder}/segments`)) {
    texts[name] = (await Deno.readTextFile(`${folder}/segments/${name}`)).trimEnd();
  }
  return texts;
}

/** A journal in a folder, with a waiting job that has a sealed input. */
async function recordAlone(folder: string, env: Record<string, string> = ENV): Promise<void> {
  const alone = await DaybookProcess.start({
    journal: folder,
    definitions: DEFINITIONS,
    env,
  });
  const response = await fetch(`${alone.url}/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      jobId: "sealed",
      type: "waits",
      input: { name: "n", key: "a secret key" },
    }),
  });
  assert.equal(response.status, 202, await response.text());
  assert.equal(await alone.stop(), 0);
}

/** The secret key as a shell gives it with `<(...)`: it can be read only once. */
async function keyInPipe(folder: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = `${folder}/key`;
  await new Deno.Command("mkfifo", { args: [path] }).output();
  // Should it be read again, it is empty.
  const script = `printf %s "$1" > "$0"; sleep 0.3; : > "$0"`;
  const writer = new Deno.Command("sh", { args: ["-c", script, path, SECRET_KEY] }).spawn();
  return {
    path,
    async [Symbol.asyncDispose]() {
      try {
        writer.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await writer.status;
    },
  };
}

async function movesIn(server: PostgresServer, folder: string): Promise<void> {
  const database = server.url("shop");
  const copy = `${folder}/a`;
  await recordAlone(copy);
  const before = await segmentsOf(copy);
  const early = await journal("verify", "--journal", copy, "--against", database, "--no-server");
  assert.equal(early.code, 66, early.out.join("\n"));
  assert.match(early.err.join("\n"), /Cannot use \S+: relation "daybook_batch" does not exist$/);
  await recordAlone(`${folder}/plain`, {});
  const keyless = await runJournal(["push", database, "--journal", `${folder}/plain`], {
    tools: { clock: systemClock },
  });
  assert.equal(keyless.code, 64, keyless.err.join("\n"));
  assert.match(keyless.err.join("\n"), /keys of sealed inputs: give --secret-key-file/);
  const push = await journal("push", database, "--journal", copy);
  assert.equal(push.code, 0, push.err.join("\n"));
  assert.equal(push.result["keys"], 1);
  await using key = await keyInPipe(folder);
  const again = await journal("push", database, "--journal", copy, "--secret-key-file", key.path);
  assert.equal(again.code, 0, again.err.join("\n"));
  assert.equal(again.result["batches"], 0);
  const verify = await journal("verify", "--journal", copy, "--against", database, "--no-server");
  assert.equal(verify.code, 0, verify.err.join("\n"));
  assert.deepEqual((verify.result["against"] as { divergence: unknown }).divergence, null);
  assert.deepEqual(await segmentsOf(copy), before);
}

async function worksThere(server: PostgresServer, folder: string): Promise<void> {
  const database = server.url("shop");
  const members = ["a", "b"].map((name) =>
    new Member({ journal: database, folder: `${folder}/${name}`, definitions: DEFINITIONS })
  ) as [Member, Member];
  const [leader, follower] = members;
  leader.start();
  await leader.is("ready");
  follower.start();
  await follower.is("following");
  const taken = await journal("push", database, "--journal", `${folder}/a`);
  assert.equal(taken.code, 73, taken.err.join("\n"));
  const told = await leader.post("/events", {
    eventType: "test.Told",
    attributes: { name: "n" },
  });
  assert.ok(told.ok, await told.text());
  await until(
    "the job that came along is done",
    async () => (await leader.get("/jobs/sealed"))["state"] === "Done",
  );
  assert.equal((await leader.get("/jobs/sealed"))["output"], 12);
  const backup = await journal("backup", `${folder}/backup`, "--journal", follower.folder);
  assert.equal(backup.code, 0, backup.err.join("\n"));
  assert.equal(await follower.status(), "following");
  const beside = await journal(
    ...["verify", "--journal", follower.folder, "--against", database, "--no-server"],
  );
  assert.equal(beside.code, 0, beside.err.join("\n"));
  assert.equal(await follower.stop(), 0);
  assert.equal(await leader.stop(), 0);
}

async function movesOut(server: PostgresServer, folder: string): Promise<void> {
  const database = server.url("shop");
  const pulled = `${folder}/pulled`;
  const pull = await journal("pull", database, "--journal", pulled);
  assert.equal(pull.code, 0, pull.err.join("\n"));
  assert.equal(pull.result["verdict"], "intact");
  assert.deepEqual(await segmentsOf(pulled), await segmentsOf(`${folder}/a`));
  const again = await journal("pull", database, "--journal", pulled);
  assert.deepEqual([again.code, again.result["entries"]], [0, 0]);
  const nothing = await journal("pull", server.url("none"), "--journal", `${folder}/none`);
  assert.equal(nothing.code, 1, nothing.err.join("\n"));
  const other = `${folder}/other`;
  await recordAlone(other);
  const refused = await journal("pull", database, "--journal", other);
  assert.equal(refused.code, 1, refused.err.join("\n"));
  const pushed = await journal("push", database, "--journal", other);
  assert.equal(pushed.code, 1, pushed.err.join("\n"));
  const alone = await DaybookProcess.start({
    journal: pulled,
    definitions: DEFINITIONS,
    env: ENV,
  });
  const done = await (await fetch(`${alone.url}/jobs/sealed`)).json();
  assert.equal(done.output, 12);
  assert.equal(await alone.stop(), 0);
}

async function partingsAreFound(server: PostgresServer, folder: string): Promise<void> {
  const [copy, database] = [`${folder}/a`, server.url("shop")];
  const args = ["verify", "--journal", copy, "--against", database, "--no-server"];
  const [first, hex = ""] = (await server.query(
    "select first || ' ' || encode(lines, 'hex') from daybook_batch where first > 3 " +
      "order by first limit 1",
  ))[0]?.split(" ") ?? [];
  const bytes = Buffer.from(hex, "hex");
  const changed = Buffer.from(bytes.with(20, (bytes[20] ?? 0) ^ 1)).toString("hex");
  const set = (lines: string) =>
    server.query(`update daybook_batch set lines = '\\x${lines}' where first = ${first}`);
  await set(changed);
  const { code, result } = await journal(...args);
  assert.equal(code, 78);
  const { divergence } = result["against"] as { divergence: { logId: number; reason: string } };
  assert.equal(divergence.logId, Number(first));
  assert.match(divergence.reason, /the lines differ from byte 20 of the batch$/);
  await set(hex);
  await server.query(
    "delete from daybook_batch where first = (select max(first) from daybook_batch)",
  );
  const lost = await journal(...args);
  assert.equal(lost.code, 78);
  assert.match(JSON.stringify(lost.result["against"]), /the folder holds more/);
  const pushed = await journal("push", database, "--journal", copy);
  assert.deepEqual([pushed.code, pushed.result["batches"]], [0, 1], pushed.err.join("\n"));
  assert.equal((await journal(...args)).code, 0);
}

Deno.test("tools: a database in place of the folder is a usage error, and is not quoted", () =>
  inFolder(async (folder) => {
    const database = "postgres://daybook:secret@127.0.0.1/jobs?journal=shop";
    const commands = [
      ...[["verify"], ["head"], ["cat"], ["repair"], ["repair", "--apply"], ["export", "job_1"]],
      ...[["backup", `${folder}/copy`], ["push", database], ["pull", database], ["replay-test"]],
    ];
    for (const command of commands) {
      const flag = await runJournal([...command, "--journal", database], { env: ENV });
      const variable = await runJournal(command, { env: { ...ENV, DAYBOOK_JOURNAL: database } });
      for (const { code, out, err } of [flag, variable]) {
        assert.deepEqual([code, out], [64, []], command.join(" "));
        assert.match(err.join("\n"), /must be a folder, and is a database: give the --folder/);
        assert.doesNotMatch(err.join("\n"), /secret/);
      }
    }
  }));

Deno.test("tools: an invalid database address is a usage error, and is not quoted", () =>
  inFolder(async (folder) => {
    const wrong = ["http://x:word@h/d", "postgres://x:word@h/d?journal=A B"];
    for (const database of wrong) {
      for (
        const words of [["push", database], ["pull", database], ["verify", "--against", database]]
      ) {
        const { code, err } = await runJournal([...words, "--journal", folder]);
        assert.equal(code, 64, err.join("\n"));
        assert.match(err[0] ?? "", /the database must/);
        assert.doesNotMatch(err.join("\n"), /word/);
      }
    }
  }));

/** A clock on which all waits are thirty times shorter. */
const FAST: Clock = {
  ...systemClock,
  setTimer: (ms, call) => systemClock.setTimer(ms / 30, call),
};

testWithPostgres(
  "tools: a database that does not answer is given up after a time limit",
  (server) =>
    inFolder(async (folder) => {
      await recordAlone(`${folder}/a`);
      const words = [
        ["push", `${folder}/a`],
        ["pull", `${folder}/new`],
        ["verify", `${folder}/a`],
      ] as const;
      for (const [command, copy] of words) {
        await using network = new DatabaseProxy(server.port);
        const database = server.url("shop", network.port);
        // It accepts connections and never answers.
        network.cut("toProcess");
        const where = command === "verify" ? ["--no-server", "--against"] : [];
        const { code, err } = await runWith(FAST, command, "--journal", copy, ...where, database);
        assert.equal(code, 74, err.join("\n"));
        assert.match(err.join("\n"), /Cannot use postgres:.*: it has not answered for 30 s/);
      }
    }),
);

testWithPostgres(
  "tools: a journal moves into PostgreSQL, is used there, moves out again, and is compared",
  (server) =>
    inFolder(async (folder) => {
      await movesIn(server, folder);
      await worksThere(server, folder);
      await movesOut(server, folder);
      await partingsAreFound(server, folder);
    }),
);
