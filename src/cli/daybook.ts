/** `deno task daybook`: the commands that talk to a running server. */

import { daybookCommands } from "./daybook_commands.ts";
import { runProcess } from "./process.ts";
import { systemSurroundings } from "./surroundings.ts";

await runProcess({
  program: "deno task daybook",
  args: Deno.args,
  commands: (_, setInterruptMessage) => daybookCommands(systemSurroundings(setInterruptMessage)),
});
