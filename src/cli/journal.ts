/** `deno task journal`: commands that work on the files of a journal. */

import { type Command, runCommand } from "./command.ts";
import { exportJob } from "./journal/export.ts";
import { importJob } from "./journal/import.ts";
import { permute } from "./journal/permute.ts";
import { systemTerminal } from "./terminal.ts";

const COMMANDS: readonly Command[] = [exportJob, importJob, permute];

/** `NO_COLOR` is known without a permission to read it. */
function env(name: string): string | undefined {
  if (name === "NO_COLOR") return Deno.noColor ? "1" : undefined;
  return Deno.env.get(name);
}

Deno.exit(
  await runCommand(COMMANDS, Deno.args, {
    program: "deno task journal",
    terminal: systemTerminal(env),
    env,
  }),
);
