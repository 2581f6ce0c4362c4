/**
 * `deno task journal`: commands that verify, repair and read a journal. They work on the files; the
 * real disk, clock and ids enter here.
 */

import type { AnyJobDefinition } from "../engine/definition.ts";
import { scratchIndexIn } from "../index/scratch_index.ts";
import { shippedDefinitions } from "../jobs/shipped.ts";
import { DenoFileSystem } from "../journal/files/deno_file_system.ts";
import { keepBuiltIns } from "../server/user_code.ts";
import { systemClock, systemRandom } from "../server/system.ts";
import { loadDefinitions } from "../server/user_definitions.ts";
import type { Command } from "./command.ts";
import { BACKUP_COMMAND } from "./journal/backup.ts";
import { CAT_COMMAND, HEAD_COMMAND } from "./journal/cat.ts";
import { EXPORT_COMMAND } from "./journal/export.ts";
import { type JournalTools, onJournal } from "./journal/folder.ts";
import { IMPORT_COMMAND } from "./journal/import.ts";
import { PULL_COMMAND, PUSH_COMMAND, REKEY_COMMAND } from "./journal/transfer.ts";
import { REPAIR_COMMAND } from "./journal/repair.ts";
import { VERIFY_COMMAND } from "./journal/verify.ts";
import { REPLAY_TEST_COMMAND } from "./journal/replay_test.ts";
import { runProcess } from "./process.ts";
import { writeWhole } from "./terminal.ts";
import { Times } from "./times.ts";

/** In the order of the help. */
const COMMANDS = [
  VERIFY_COMMAND,
  HEAD_COMMAND,
  CAT_COMMAND,
  REPAIR_COMMAND,
  BACKUP_COMMAND,
  PUSH_COMMAND,
  PULL_COMMAND,
  REKEY_COMMAND,
  EXPORT_COMMAND,
  IMPORT_COMMAND,
  REPLAY_TEST_COMMAND,
];

export function journalCommands(tools: JournalTools): readonly Command[] {
  return COMMANDS.map((command) => onJournal(command, tools));
}

/** Testing histories must not call services. */
function inert(): never {
  throw new Error("Cannot use a service: histories are tested without side effects");
}

/**
 * User code prints messages about work that is not done here, and errors that it throws after its
 * check are irrelevant.
 */
function silence(): void {
  for (const method of ["debug", "error", "info", "log", "warn"] as const) {
    console[method] = () => {};
  }
  for (const type of ["error", "unhandledrejection"]) {
    globalThis.addEventListener(type, (event) => event.preventDefault());
  }
}

async function definitions(module: string | undefined): Promise<readonly AnyJobDefinition[]> {
  silence();
  keepBuiltIns();
  const webhook = { allowedHosts: [], fetch: inert, now: inert, lookup: inert };
  const shipped = shippedDefinitions({ webhook });
  return module === undefined ? shipped : [...shipped, ...await loadDefinitions(module)];
}

if (import.meta.main) {
  await runProcess({
    program: "deno task journal",
    args: Deno.args,
    commands: (interrupted) =>
      journalCommands({
        fileSystem: new DenoFileSystem(),
        clock: systemClock,
        random: systemRandom,
        scratchIn: scratchIndexIn,
        times: Times.ofThisZone(),
        interrupted,
        write: (bytes) => writeWhole(Deno.stdout, bytes),
        definitions,
      }),
  });
}
