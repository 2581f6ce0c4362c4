/** Daybook as its users start it: `main.ts`, with the flags that `deno task start` gives Deno. */

import configuration from "../../deno.json" with { type: "json" };
import { temporaryFolder } from "../folder.ts";
import { ROOT, type ServerProcess, serverProcess } from "./process.ts";

const DEFINITIONS = `${ROOT}bench/server/definitions.ts`;

export interface DaybookOptions {
  /** For `main.ts`. */
  readonly flags?: readonly string[];
  /** A module of definitions instead of the usual one. */
  readonly definitions?: string;
  /** Whether the process may profile itself. */
  readonly isProfiled?: boolean;
  /** A journal to keep, instead of a temporary one. */
  readonly journal?: string;
  /** The address of a PostgreSQL that holds the journal; the folder is a copy. */
  readonly database?: string;
}

export async function startDaybook(
  { flags = [], definitions = DEFINITIONS, isProfiled = false, journal, database }: DaybookOptions =
    {},
): Promise<ServerProcess> {
  const folder = journal ?? await temporaryFolder();
  const place = database === undefined
    ? ["--journal", folder]
    : ["--journal", database, "--folder", folder, "--secret-key-file", await secretKey(folder)];
  const start = startTask(folder, isProfiled);
  return await serverProcess(
    [
      ...start.args,
      ...["--port", "0", ...place, "--definitions", definitions],
      ...flags,
    ],
    async () => {
      if (journal === undefined) await Deno.remove(folder, { recursive: true });
    },
    start.env,
  );
}

async function secretKey(folder: string): Promise<string> {
  const path = `${folder}/secret-key`;
  await Deno.writeTextFile(path, "ab".repeat(32));
  return path;
}

/**
 * The environment variables of `deno task start`, and the arguments that it gives Deno, with
 * permissions for the journal and the definitions.
 */
export function startTask(folder: string, isProfiled: boolean) {
  const words = configuration.tasks.start.command.split(" ");
  const deno = words.indexOf("deno");
  const env = Object.fromEntries(words.slice(0, deno).map((word) => word.split("=")));
  const args = words.slice(deno + 1).map((arg) => {
    if (arg.startsWith("--allow-read=")) return `${arg},${folder},${ROOT}`;
    if (arg.startsWith("--allow-write=")) return `${arg},${folder}`;
    // The inspector cannot be named in a list.
    return isProfiled && arg.startsWith("--allow-sys=") ? "--allow-sys" : arg;
  });
  return { env, args };
}
