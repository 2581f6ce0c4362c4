/** A pooler that gives a connection different sessions is refused; others are not. Needs pgbouncer. */

import assert from "node:assert/strict";
import { runToEnd } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { Member, SECRET_KEY } from "./members.ts";
import {
  freePort,
  LEFT_OUT,
  type PostgresServer,
  testWithPostgres,
  wordsAsPostgres,
} from "./postgres_server.ts";
import { isFile } from "./network.ts";

const PROGRAM = "/usr/sbin/pgbouncer";

/** The reason in the name of a skipped test. */
const POOLER_LEFT_OUT = LEFT_OUT !== "" || isFile(PROGRAM)
  ? LEFT_OUT
  : " (LEFT OUT: pgbouncer is not installed)";

interface PoolerSettings {
  readonly mode: "session" | "transaction" | "statement";
  /** The number of its sessions. */
  readonly size: number;
  /** The startup parameters that it ignores instead of refusing them. */
  readonly ignores?: string;
}

/** Runs with a pooler in front of the server; the pooler listens on the port. */
async function withPooler(
  server: PostgresServer,
  { mode, size, ignores = "statement_timeout,lock_timeout,idle_session_timeout" }: PoolerSettings,
  run: (port: number) => Promise<void>,
): Promise<void> {
  const [folder, port] = [await Deno.makeTempDir({ prefix: "daybook-pooler-" }), freePort()];
  await Deno.chmod(folder, 0o755);
  await Deno.writeTextFile(`${folder}/users`, '"postgres" ""\n');
  await Deno.writeTextFile(
    `${folder}/ini`,
    [
      "[databases]",
      `postgres = host=127.0.0.1 port=${server.port} dbname=postgres`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = trust",
      `auth_file = ${folder}/users`,
      `pool_mode = ${mode}`,
      `default_pool_size = ${size}`,
      `ignore_startup_parameters = ${ignores}`,
    ].join("\n"),
  );
  const [command = "", ...args] = wordsAsPostgres([PROGRAM, `${folder}/ini`]);
  const child = new Deno.Command(command, { args, stdout: "null", stderr: "null" }).spawn();
  try {
    await until("the pooler listens", async () => {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return true;
      } catch {
        return false;
      }
    });
    await run(port);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
}

async function refusalOf(folder: string, journal: string): Promise<readonly [number, string]> {
  const { code, output } = await runToEnd({
    journal: folder,
    args: [`--journal=${journal}`, `--folder=${folder}`],
    env: { DAYBOOK_SECRET_KEY: SECRET_KEY },
    within: ["timeout", "60"],
  });
  return [code, output];
}

const IN_TRANSACTION_MODE =
  /a pooler in transaction mode: connect to PostgreSQL itself, or to a pooler in session mode/;

const IN_STATEMENT_MODE = new RegExp(
  "a pooler is in between and refuses the connection \\(transaction blocks not allowed in statement pooling " +
    "mode\\): connect to PostgreSQL itself, or to a pooler in session mode",
);

async function worksInSessionMode(server: PostgresServer, folder: string): Promise<void> {
  await withPooler(server, { mode: "session", size: 20 }, async (port) => {
    const member = new Member({ journal: server.url("shop", port), folder });
    member.start();
    await member.is("ready");
    assert.equal(await member.stop(), 0, member.output.join("\n"));
    // A pooler reports an unknown parameter, and older poolers report more of them.
    const strange = await refusalOf(folder, `${server.url("shop", port)}&strange=1`);
    assert.equal(strange[0], 72, strange[1]);
    assert.match(
      strange[1],
      /a pooler is in between and refuses the connection \(.*strange\): connect to/,
    );
  });
  await withPooler(server, { mode: "session", size: 20, ignores: "" }, async (port) => {
    const [code, output] = await refusalOf(folder, server.url("shop", port));
    assert.equal(code, 72, output);
    assert.match(
      output,
      /\(unsupported startup parameter: statement_timeout\).*ignore_startup_parameters = statement_timeout,lock_timeout,idle_session_timeout/,
    );
  });
}

const TIME_LIMITS: Readonly<Record<string, RegExp>> = {
  statement_timeout: /statement_timeout is 1000, so it may lose acknowledged entries: set it to 0/,
  idle_session_timeout: /idle_session_timeout is 1000, so it ends the session of .*: set it to 0/,
};

/** The pooler does not pass on that a session has no time limits. */
async function timeLimitsAreRefused(server: PostgresServer, folder: string): Promise<void> {
  for (const [name, refusal] of Object.entries(TIME_LIMITS)) {
    await server.query(`alter database postgres set ${name} = 1000`);
    await withPooler(server, { mode: "session", size: 20 }, async (port) => {
      const [code, output] = await refusalOf(folder, server.url("shop", port));
      assert.equal(code, 76, output);
      assert.match(output, refusal);
    });
    await server.query(`alter database postgres reset ${name}`);
  }
}

testWithPostgres(
  "pooler: transaction and statement mode are refused, whatever its pool size, and session mode works",
  (server) =>
    inFolder(async (folder) => {
      for (const size of [1, 5]) {
        await withPooler(server, { mode: "transaction", size }, async (port) => {
          const [code, output] = await refusalOf(folder, server.url("shop", port));
          assert.equal(code, 72, output);
          assert.match(output, IN_TRANSACTION_MODE);
        });
        await withPooler(server, { mode: "statement", size }, async (port) => {
          const [code, output] = await refusalOf(folder, server.url("shop", port));
          assert.equal(code, 72, output);
          assert.match(output, IN_STATEMENT_MODE);
          assert.doesNotMatch(output, /does not answer/);
        });
      }
      await worksInSessionMode(server, folder);
      await timeLimitsAreRefused(server, folder);
    }),
  [],
  POOLER_LEFT_OUT,
);
