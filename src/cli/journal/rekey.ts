/** `journal rekey`: wraps the keys of a database's sealed inputs with another secret key. */

import { counted } from "../../core/counted.ts";
import {
  CommandError,
  type CommandInput,
  type CommandOption,
  EXIT_OK,
  UsageError,
} from "../command.ts";
import { plainText } from "../plain_text.ts";
import { printResult } from "../terminal.ts";
import {
  databasePermissions,
  EXIT_TAKEN,
  parseDatabase,
  readSecretKey,
  SECRET_KEY_OPTION,
  secretKeyOption,
  withTable,
} from "./database.ts";
import type { JournalCommand, JournalTools } from "./folder.ts";

const NEW_KEY_OPTION: CommandOption = {
  name: "new-secret-key-file",
  value: "file",
  help: "the key that wraps them from now on",
};

export const REKEY_COMMAND: JournalCommand = {
  name: "rekey",
  summary: "change the secret key of a journal in PostgreSQL, while no server runs",
  positionals: "<database>",
  options: [SECRET_KEY_OPTION, NEW_KEY_OPTION],
  examples: [
    "deno task journal rekey 'postgres://daybook@10.0.0.9/jobs?journal=shop' " +
    "--secret-key-file old-key --new-secret-key-file new-key",
  ],
  notes: [
    "All keys are wrapped again in one statement: afterwards, all or none have the new secret " +
    "key. Then start every process with the new one, and destroy the old one: what is wrapped " +
    "with it in backups and archives of the database cannot be opened any more.",
    "exit codes: 0 changed, 64 usage, 66 no tables, and no right to create them, 72 a pooler in " +
    "transaction mode, 73 a server leads in the database, 74 the secret key is another one, or " +
    "cannot be read, 76 settings that may lose entries, 77 access denied",
  ],
  permissions: (input) => [
    databasePermissions(input.positionals[0], input),
    { read: [input.text(NEW_KEY_OPTION.name) ?? []].flat() },
  ],
  run,
};

async function run(input: CommandInput, tools: JournalTools): Promise<number> {
  const place = parseDatabase(input.positionals[0] ?? "");
  const file = input.text(NEW_KEY_OPTION.name);
  const [before, after] = [secretKeyOption(input), file && readSecretKey(file)];
  if (!before || !after) throw new UsageError("give --secret-key-file and --new-secret-key-file");
  await withTable(place, input, tools, async (table) => {
    await table.requireFit();
    if (!await table.hold()) {
      throw new CommandError(`Cannot rekey ${place.shown}: a server leads it; stop it`, EXIT_TAKEN);
    }
    const keys = table.keys(before);
    await keys.requireSecretKey();
    const count = await keys.rewrap(after);
    printResult(input.terminal, { database: place.shown, keys: count }, () => [
      `${plainText(place.shown)} has the new secret key: ${counted(count, "key", "keys")} of ` +
      "sealed inputs wrapped again",
    ]);
  });
  return EXIT_OK;
}
