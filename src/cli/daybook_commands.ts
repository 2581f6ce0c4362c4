/** The commands that talk to a running server, in the order of the help. */

import { clientPermissions } from "./client.ts";
import type { Command } from "./command.ts";
import { bulkCommand } from "./commands/bulk.ts";
import { controlCommands, retryCommand } from "./commands/controls.ts";
import { eventCommand } from "./commands/event.ts";
import { explainCommand } from "./commands/explain.ts";
import { failuresCommand } from "./commands/failures.ts";
import { jobsCommand } from "./commands/jobs.ts";
import { limitCommands } from "./commands/limits.ts";
import { pauseCommands } from "./commands/pauses.ts";
import { showCommand } from "./commands/show.ts";
import { submitCommand } from "./commands/submit.ts";
import { tailCommand } from "./commands/tail.ts";
import type { Surroundings } from "./surroundings.ts";

export function daybookCommands(surroundings: Surroundings): readonly Command[] {
  const commands = [
    submitCommand(surroundings),
    jobsCommand(surroundings),
    showCommand(surroundings),
    explainCommand(surroundings),
    tailCommand(surroundings),
    eventCommand(surroundings),
    ...controlCommands(surroundings),
    retryCommand(surroundings),
    failuresCommand(surroundings),
    bulkCommand(surroundings),
    ...pauseCommands(surroundings),
    ...limitCommands(surroundings),
  ];
  return commands.map((command) => ({ ...command, permissions: clientPermissions }));
}
