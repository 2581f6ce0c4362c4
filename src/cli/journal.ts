/**
 * `deno task journal`: commands that prove and mend a journal, and read it. They work on
 * the files; the real disk, clock and ids come in here.
 */

import { DenoFileSystem } from "../journal/deno_file_system.ts";
import { systemClock, systemRandom } from "../system.ts";
import { type Command, runCommand } from "./command.ts";
import { catCommand } from "./journal/cat.ts";
import { exportJob } from "./journal/export.ts";
import { headCommand } from "./journal/head.ts";
import { importJob } from "./journal/import.ts";
import { permute } from "./journal/permute.ts";
import { repairCommand } from "./journal/repair.ts";
import type { JournalTools } from "./journal/tools.ts";
import { verifyCommand } from "./journal/verify.ts";
import { env, orDefect } from "./process.ts";
import { systemTerminal } from "./terminal.ts";

const tools: JournalTools = {
  fileSystem: new DenoFileSystem(),
  clock: systemClock,
  random: systemRandom,
  interrupted,
  write,
};

const COMMANDS: readonly Command[] = [
  verifyCommand(tools),
  headCommand(tools),
  catCommand(tools),
  repairCommand(tools),
  exportJob,
  importJob,
  permute,
];

/** From the first call on, a signal no longer ends the process by itself. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => controller.abort());
  }
  return controller.signal;
}

function write(bytes: Uint8Array): boolean {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

const terminal = systemTerminal(env);
Deno.exitCode = await orDefect(
  terminal,
  () => runCommand(COMMANDS, Deno.args, { program: "deno task journal", terminal, env }),
);
