/** The commands that work on the files of a journal, in the order of the help. */

import type { Command } from "./command.ts";
import { backupCommand } from "./journal/backup.ts";
import { catCommand } from "./journal/cat.ts";
import { exportCommand } from "./journal/export.ts";
import { headCommand } from "./journal/head.ts";
import { importCommand } from "./journal/import.ts";
import { pullCommand } from "./journal/pull.ts";
import { pushCommand } from "./journal/push.ts";
import { repairCommand } from "./journal/repair.ts";
import type { JournalTools } from "./journal/tools.ts";
import { verifyCommand } from "./journal/verify.ts";
import { replayTestCommand } from "./replay_test_command.ts";

export function journalCommands(tools: JournalTools): readonly Command[] {
  return [
    verifyCommand(tools),
    headCommand(tools),
    catCommand(tools),
    repairCommand(tools),
    backupCommand(tools),
    pushCommand(tools),
    pullCommand(tools),
    exportCommand(tools),
    importCommand(tools),
    replayTestCommand(tools),
  ];
}
