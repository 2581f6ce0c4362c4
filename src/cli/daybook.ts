/** `deno task submit`, `jobs`, `show` and the others; `deno task daybook` lists them. */

import { daybookCommands } from "./daybook_commands.ts";
import { runProcess } from "./process.ts";
import { systemSurroundings } from "./surroundings.ts";

await runProcess(daybookCommands(systemSurroundings()), "deno task");
