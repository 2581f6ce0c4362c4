/** A separate PostgreSQL server with default settings: each commit is synced. */

import { haveProgram, pause } from "../system.ts";
import { type LocalServer, startLocal } from "./local_server.ts";

/** Debian's folder with the programs of each version. */
const VERSIONS = "/usr/lib/postgresql";
/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/** The folder of its programs; installs them if they are missing, which only root may do. */
export async function postgresPrograms(): Promise<string | undefined> {
  await haveProgram(`${newest()}/postgres`, "postgresql");
  // The folder is only known once they are installed.
  return await haveProgram(`${newest()}/postgres`, "postgresql") ? newest() : undefined;
}

function newest(): string {
  try {
    const versions = [...Deno.readDirSync(VERSIONS)].map(({ name }) => Number(name));
    return `${VERSIONS}/${Math.max(...versions)}/bin`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "/usr/bin";
    throw error;
  }
}

/** The user is `bench`, the database `postgres`. */
export async function startPostgres(): Promise<LocalServer> {
  const options = ["-U", "bench", "--auth=trust", "--encoding=UTF8", "--no-locale"];
  return await startWith("initdb", options);
}

/** A synchronous standby: commits of the primary wait for it from now on. */
export async function startStandby(primary: LocalServer): Promise<LocalServer> {
  const from = `host=127.0.0.1 port=${primary.port} user=bench application_name=standby`;
  const server = await startWith("pg_basebackup", ["-R", "-c", "fast", "-d", from]);
  await ask(primary, "alter system set synchronous_standby_names = 'standby'");
  await ask(primary, "select pg_reload_conf()");
  const state = "select sync_state from pg_stat_replication";
  while (await ask(primary, state) !== "sync") await pause(50);
  return server;
}

async function ask({ port }: LocalServer, sql: string): Promise<string> {
  const where = ["-h", "127.0.0.1", "-p", `${port}`, "-U", "bench", "-d", "postgres"];
  const program = `${await postgresPrograms()}/psql`;
  const { success, stdout } = await new Deno.Command(program, {
    args: [...where, "-Atqc", sql],
    stderr: "null",
  }).output();
  if (!success) throw new Error(`Cannot ask the database: ${sql}`);
  return new TextDecoder().decode(stdout).trim();
}

/** @param program Creates the initial data. */
async function startWith(program: string, options: readonly string[]): Promise<LocalServer> {
  const programs = await postgresPrograms();
  const uid = Deno.uid() === 0 ? NOBODY : undefined;
  return await startLocal(async (folder, port) => {
    if (uid !== undefined) await Deno.chown(folder, uid, uid);
    const data = `${folder}/data`;
    const { success } = await new Deno.Command(`${programs}/${program}`, {
      args: ["-D", data, ...options],
      cwd: folder,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) throw new Error(`Cannot make a database: ${program} failed`);
    const args = ["-D", data, "-p", `${port}`, "-c", "listen_addresses=127.0.0.1", "-k", folder];
    return {
      program: `${programs}/postgres`,
      args,
      ...(uid === undefined ? {} : { uid }),
      endedBy: "SIGQUIT",
    };
  });
}
