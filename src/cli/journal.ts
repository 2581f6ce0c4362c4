/**
 * `deno task journal`: commands that prove and mend the files of a journal, read them, and
 * move jobs. The real disk, clock and ids come in here.
 */

import { DenoFileSystem } from "../journal/deno_file_system.ts";
import { systemClock, systemRandom } from "../system.ts";
import type { Command } from "./command.ts";
import { catCommand } from "./journal/cat.ts";
import { exportJob } from "./journal/export.ts";
import { headCommand } from "./journal/head.ts";
import { importJob } from "./journal/import.ts";
import { permute } from "./journal/permute.ts";
import { repairCommand } from "./journal/repair.ts";
import type { JournalTools } from "./journal/tools.ts";
import { verifyCommand } from "./journal/verify.ts";
import { runProcess } from "./process.ts";
import { Times } from "./times.ts";

const tools: JournalTools = {
  fileSystem: new DenoFileSystem(),
  clock: systemClock,
  random: systemRandom,
  times: new Times(Intl.DateTimeFormat().resolvedOptions().timeZone),
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

function write(bytes: Uint8Array): boolean {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

await runProcess(COMMANDS, "deno task journal");
