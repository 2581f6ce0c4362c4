/**
 * `deno task journal`: commands that prove and mend a journal, and read it. They work on
 * the files; the real disk, clock and ids come in here.
 */

import { scratchIndexIn } from "../index/scratch_index.ts";
import { DenoFileSystem } from "../journal/deno_file_system.ts";
import { systemClock, systemRandom } from "../system.ts";
import { journalCommands } from "./journal_commands.ts";
import { runProcess } from "./process.ts";
import { writeWhole } from "./terminal.ts";
import { Times } from "./times.ts";

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
    }),
});
