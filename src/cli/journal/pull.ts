/** `journal pull`: copies the journal of a database into a folder, as an independent journal. */

import { counted } from "../../core/counted.ts";
import { KeyFiles } from "../../journal/key_files.ts";
import { journalLayout } from "../../journal/layout.ts";
import { pull, type Transferred } from "../../tools/shared_transfer.ts";
import type { JudgedAudit } from "../../verify/verdict.ts";
import type { Place } from "../../postgres/place.ts";
import type { PostgresTable } from "../../postgres/open.ts";
import { CommandError, type CommandInput, EXIT_NEGATIVE } from "../command.ts";
import { plainText } from "../plain_text.ts";
import { printResult } from "../terminal.ts";
import { proved, verdictExitCode, verdictText, withTarget } from "./proof.ts";
import {
  databasePermissions,
  parseDatabase,
  requireSecretKey,
  SECRET_KEY_OPTION,
  withTable,
} from "./database.ts";
import {
  type JournalCommand,
  journalFolder,
  type JournalTools,
  requirePermissions,
} from "./folder.ts";

export const PULL_COMMAND: JournalCommand = {
  name: "pull",
  summary: "copy a journal from PostgreSQL into a folder, even while servers run, and verify it",
  positionals: "<database>",
  options: [SECRET_KEY_OPTION],
  examples: [
    "deno task journal pull 'postgres://daybook@10.0.0.9/jobs?journal=shop' --journal pulled",
  ],
  notes: [
    "The folder is then a journal, byte for byte like that of a follower. One with an " +
    "earlier part of the same journal is continued; one with another history is left unchanged. " +
    "The keys of sealed inputs are copied too, wrapped with the secret key. The password is taken " +
    "from PGPASSWORD.",
    "Start it as an independent journal only when no server leads in the database any more.",
    "exit codes: 0 pulled and verified, 1 the folder holds another history, or there is no " +
    "such journal, 64 usage, 66 the database has no tables, 73 another process uses the folder, 74 cannot read or write, 77 " +
    "access denied, 78 a batch is damaged",
  ],
  writes: true,
  permissions: (input) => [databasePermissions(input.positionals[0], input)],
  run,
};

async function run(input: CommandInput, tools: JournalTools): Promise<number> {
  const place = parseDatabase(input.positionals[0] ?? "");
  const layout = journalLayout(journalFolder(input));
  requirePermissions(layout.folder, "read", "write");
  return await withTable(place, input, tools, async (table) => {
    await requireThere(place, table);
    return await withTarget(input, tools, layout, async () => {
      const transferred = await pulled(input, tools, table);
      const proof = await proved(input, tools, layout);
      report(input, layout.folder, transferred, proof);
      return verdictExitCode(proof.verdict);
    });
  });
}

async function requireThere(place: Place, table: PostgresTable): Promise<void> {
  if (await table.isThere() && await table.log.lastLogId() > 0) return;
  throw new CommandError(`Cannot pull from ${place.shown}: it is empty`, EXIT_NEGATIVE);
}

async function pulled(
  input: CommandInput,
  { fileSystem }: JournalTools,
  table: PostgresTable,
): Promise<Transferred> {
  const { terminal } = input;
  const layout = journalLayout(journalFolder(input));
  const secretKey = requireSecretKey(input, await table.keyCount(), "the database");
  const transferred = await pull({
    fileSystem,
    layout,
    log: table.log,
    progress: (done, total) => terminal.progress("pulling", done, total),
    begins: async () => {
      if (secretKey === undefined) return;
      const files = new KeyFiles(fileSystem, layout, secretKey);
      for (const [name, key] of await table.keys(secretKey).all()) await files.put(name, key);
    },
  });
  terminal.progressEnd();
  return transferred;
}

function report(
  { terminal }: CommandInput,
  folder: string,
  { head, batches, entries }: Transferred,
  { verdict }: JudgedAudit,
): void {
  const { kind, line } = verdict;
  const what = `${counted(entries, "entry", "entries")} in ${counted(batches, "batch", "batches")}`;
  printResult(terminal, { folder, head, batches, entries, verdict: kind, detail: line }, () => [
    `pulled to ${plainText(folder)}: ${what}`,
    verdictText(terminal, verdict),
  ]);
}
