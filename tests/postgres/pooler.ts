/** A pgbouncer for tests. If it is not installed, tests that need it are skipped. */

import { until } from "../support/until.ts";
import { freePort, LEFT_OUT, type PostgresServer, wordsAsPostgres } from "./postgres_server.ts";

const PROGRAM = "/usr/sbin/pgbouncer";

function isInstalled(): boolean {
  try {
    return Deno.statSync(PROGRAM).isFile;
  } catch {
    return false;
  }
}

/** The reason in the name of a skipped test. */
export const POOLER_LEFT_OUT = LEFT_OUT !== "" || isInstalled()
  ? LEFT_OUT
  : " (LEFT OUT: pgbouncer is not installed)";

export interface PoolerSettings {
  readonly mode: "session" | "transaction" | "statement";
  /** The number of its sessions. */
  readonly size: number;
  /** The startup parameters that it ignores instead of refusing them. */
  readonly ignores?: string;
}

/** Runs with a pooler in front of the server; the pooler listens on the port. */
export async function withPooler(
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
