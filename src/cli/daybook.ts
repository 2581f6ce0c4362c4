/** `deno task daybook`: the commands that talk to a running server. */

import type { Command } from "./command.ts";
import { BULK_COMMAND, CONTROL_COMMANDS, RETRY_COMMAND } from "./commands/controls.ts";
import { EVENT_COMMAND } from "./commands/event.ts";
import { TAIL_COMMAND } from "./commands/tail.ts";
import { EXPLAIN_COMMAND } from "./commands/explain.ts";
import { FAILURES_COMMAND, JOBS_COMMAND } from "./commands/jobs.ts";
import { SHOW_COMMAND } from "./commands/show.ts";
import { LIMIT_COMMANDS } from "./commands/limits.ts";
import { PAUSE_COMMANDS } from "./commands/pauses.ts";
import { SUBMIT_COMMAND } from "./commands/submit.ts";
import { onServer, type Surroundings, systemSurroundings } from "./server_call.ts";
import { runProcess } from "./process.ts";

/** In the order of the help. */
const COMMANDS = [
  SUBMIT_COMMAND,
  JOBS_COMMAND,
  SHOW_COMMAND,
  EXPLAIN_COMMAND,
  TAIL_COMMAND,
  EVENT_COMMAND,
  ...CONTROL_COMMANDS,
  RETRY_COMMAND,
  FAILURES_COMMAND,
  BULK_COMMAND,
  ...PAUSE_COMMANDS,
  ...LIMIT_COMMANDS,
];

export function daybookCommands(surroundings: Surroundings): readonly Command[] {
  return COMMANDS.map((command) => onServer(command, surroundings));
}

if (import.meta.main) {
  await runProcess({
    program: "deno task daybook",
    args: Deno.args,
    commands: (_, setInterruptMessage) => daybookCommands(systemSurroundings(setInterruptMessage)),
  });
}
