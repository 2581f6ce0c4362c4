/** `journal push`: copies the journal of a folder into a database, where processes can share it. */

import { counted } from "../../core/counted.ts";
import { takeFolder } from "../../journal/folder.ts";
import { KeyFiles } from "../../journal/key_files.ts";
import { journalLayout } from "../../journal/layout.ts";
import { requireJournal } from "../../journal/segment_listing.ts";
import { push, type Transferred } from "../../tools/shared_transfer.ts";
import type { Place } from "../../postgres/place.ts";
import type { PostgresTable } from "../../postgres/open.ts";
import { CommandError, type CommandInput, EXIT_OK } from "../command.ts";
import { plainText } from "../plain_text.ts";
import { printResult } from "../terminal.ts";
import {
  databasePermissions,
  EXIT_TAKEN,
  parseDatabase,
  requireSecretKey,
  SECRET_KEY_OPTION,
  secretKeyOption,
  withTable,
} from "./database.ts";
import {
  type JournalCommand,
  type JournalTools,
  readableFolder,
  requirePermissions,
} from "./folder.ts";

export const PUSH_COMMAND: JournalCommand = {
  name: "push",
  summary: "copy a journal into PostgreSQL, while no server runs",
  positionals: "<database>",
  options: [SECRET_KEY_OPTION],
  examples: [
    "deno task journal push 'postgres://daybook@10.0.0.9/jobs?journal=shop'",
    "deno task journal push 'postgres://daybook@127.0.0.1/jobs' --journal /var/lib/daybook",
  ],
  notes: [
    "Every batch becomes a row, with its lines and its chain unchanged. After an interruption " +
    "it resumes where it stopped; a database that holds another history is left unchanged. The " +
    "keys of sealed inputs are copied too, wrapped with the secret key. The password is taken " +
    "from PGPASSWORD.",
    "Afterwards, start with --journal <database> --folder <folder>: the folder is then this " +
    "machine's copy. Do not start it as an independent journal again.",
    "exit codes: 0 the database holds the whole journal, 1 it holds another history, 64 usage, " +
    "66 no tables, and no right to create them, " +
    "72 a pooler in transaction mode, 73 a server holds the folder, or leads in the database, " +
    "74 cannot read or write, 76 settings that may lose entries, 77 access denied, 78 the " +
    "journal is damaged",
  ],
  writes: true,
  permissions: (input) => [databasePermissions(input.positionals[0], input)],
  run,
};

async function run(input: CommandInput, tools: JournalTools): Promise<number> {
  const { fileSystem } = tools;
  const place = parseDatabase(input.positionals[0] ?? "");
  const layout = journalLayout(readableFolder(input));
  requirePermissions(layout.folder, "read", "write");
  await requireJournal(fileSystem, layout);
  const lock = await takeFolder(fileSystem, layout, input.warn);
  try {
    await withTable(place, input, tools, async (table) => {
      await table.requireFit();
      await requireNoLeader(place, table);
      report(input, place, await pushed(input, tools, table));
    });
  } finally {
    lock.release();
  }
  return EXIT_OK;
}

async function requireNoLeader(place: Place, table: PostgresTable): Promise<void> {
  if (await table.hold()) return;
  throw new CommandError(`Cannot push to ${place.shown}: a server leads it; stop it`, EXIT_TAKEN);
}

async function pushed(
  input: CommandInput,
  { fileSystem }: JournalTools,
  table: PostgresTable,
): Promise<Transferred & { readonly keys: number }> {
  const { terminal } = input;
  const layout = journalLayout(readableFolder(input));
  const keys = await new KeyFiles(fileSystem, layout, secretKeyOption(input)).all();
  const secretKey = requireSecretKey(input, keys.size, layout.folder);
  const transferred = await push({
    fileSystem,
    layout,
    log: table.log,
    progress: (done, total) => terminal.progress("pushing", done, total),
    // Keys go first, so that no job arrives without its key.
    begins: async () => {
      if (secretKey === undefined) return;
      const there = table.keys(secretKey);
      await there.requireSecretKey();
      for (const [name, key] of keys) await there.put(name, key);
    },
  });
  terminal.progressEnd();
  return { ...transferred, keys: keys.size };
}

function report(
  { terminal }: CommandInput,
  { shown }: Place,
  { head, batches, entries, keys }: Transferred & { readonly keys: number },
): void {
  const what = batches === 0
    ? "nothing was left to push"
    : `pushed ${counted(entries, "entry", "entries")} in ${counted(batches, "batch", "batches")}`;
  printResult(terminal, { database: shown, head, batches, entries, keys }, () => [
    `${what}: ${plainText(shown)} ends at logId ${head.logId} ${head.chain}`.trimEnd(),
  ]);
}
