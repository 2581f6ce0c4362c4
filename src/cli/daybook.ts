/** `deno task submit`, `jobs`, `show` and the others; `deno task daybook` lists them. */

import { daybookCommands, hasTask } from "./daybook_commands.ts";
import { runProcess } from "./process.ts";
import { systemSurroundings } from "./surroundings.ts";

await runProcess({
  program: hasTask(Deno.args[0]) ? "deno task" : "deno task daybook",
  args: Deno.args,
  commands: (_, sayWhenInterrupted) => daybookCommands(systemSurroundings(sayWhenInterrupted)),
});
