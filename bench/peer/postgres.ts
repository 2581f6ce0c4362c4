/** A PostgreSQL server of one's own, as it is by default: each commit is synced. */

import { haveProgram } from "../system.ts";
import { type LocalServer, startLocal } from "./local_server.ts";

/** Where Debian has the programs of each version. */
const VERSIONS = "/usr/lib/postgresql";
/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/** Where its programs are; installed when they are missing, which only root may do. */
export async function postgresPrograms(): Promise<string | undefined> {
  await haveProgram(`${newest()}/postgres`, "postgresql");
  // Where they are is only known when they are there.
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
  const programs = await postgresPrograms();
  const uid = Deno.uid() === 0 ? NOBODY : undefined;
  return await startLocal(async (folder, port) => {
    if (uid !== undefined) await Deno.chown(folder, uid, uid);
    const data = `${folder}/data`;
    const { success } = await new Deno.Command(`${programs}/initdb`, {
      args: ["-D", data, "-U", "bench", "--auth=trust", "--encoding=UTF8", "--no-locale"],
      cwd: folder,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) throw new Error("Cannot make a database: initdb failed");
    const args = ["-D", data, "-p", `${port}`, "-c", "listen_addresses=127.0.0.1", "-k", folder];
    return {
      program: `${programs}/postgres`,
      args,
      ...(uid === undefined ? {} : { uid }),
      endedBy: "SIGQUIT",
    };
  });
}
