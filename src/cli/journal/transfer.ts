/**
 * `journal push` and `journal pull`: copy the journal of a folder into a database, where processes
 * can share it, and the journal of a database into a folder, as an independent journal. `journal
 * rekey`: wraps the keys of a database's sealed inputs with another secret key.
 */

import { EXIT } from "../../core/exit_codes.ts";
import { counted } from "../../core/counted.ts";
import { takeFolder } from "../../journal/files/folder.ts";
import { KeyFiles } from "../../journal/files/key_files.ts";
import { journalLayout, type Layout } from "../../journal/layout.ts";
import { requireJournal } from "../../journal/read/segment_listing.ts";
import { pull, push, type Transferred } from "../../tools/shared_transfer.ts";
import type { JudgedAudit } from "../../verify/verdict.ts";
import type { Place } from "../../postgres/place.ts";
import type { PostgresTable } from "../../postgres/open.ts";
import { CommandError, type CommandInput, type CommandOption, UsageError } from "../command.ts";
import { plainText, printResult } from "../terminal.ts";
import { proved, verdictExitCode, verdictText, withTarget } from "./proof.ts";
import {
  databasePermissions,
  parseDatabase,
  readSecretKey,
  requireSecretKey,
  SECRET_KEY_OPTION,
  secretKeyOption,
  withTable,
} from "./database.ts";
import {
  type JournalCommand,
  journalFolder,
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
    "65 a newer version wrote the journal, 66 no tables, and no right to create them, 72 a pooler " +
    "in transaction mode, 73 a server holds the folder, or leads in the database, 74 cannot read " +
    "or write, 76 settings that may lose entries, 77 access denied, 78 the journal is damaged",
  ],
  writes: true,
  permissions: (input) => [databasePermissions(input.positionals[0], input)],
  run: runPush,
};

async function runPush(input: CommandInput, tools: JournalTools): Promise<void> {
  const { fileSystem } = tools;
  const place = parseDatabase(input.positionals[0] ?? "");
  const layout = journalLayout(readableFolder(input));
  requirePermissions(layout.folder, "read", "write");
  await requireJournal(fileSystem, layout);
  const lock = await takeFolder(fileSystem, layout, input.warn);
  try {
    await withTable(place, input, tools, async (table) => {
      await table.requireFit();
      await requireNoLeader("Cannot push to", place, table);
      reportPushed(input, place, await pushed(input, tools, layout, table));
    });
  } finally {
    lock.release();
  }
}

interface Pushed extends Transferred {
  readonly keys: number;
}

/** @param cannot Begins the message: `Cannot push to`. */
async function requireNoLeader(cannot: string, place: Place, table: PostgresTable): Promise<void> {
  if (await table.hold()) return;
  throw new CommandError(`${cannot} ${place.shown}: a server leads it; stop it`, EXIT.taken);
}

async function pushed(
  input: CommandInput,
  { fileSystem }: JournalTools,
  layout: Layout,
  table: PostgresTable,
): Promise<Pushed> {
  const { terminal } = input;
  const secretKey = secretKeyOption(input);
  const keys = await new KeyFiles(fileSystem, layout, secretKey).all();
  requireSecretKey(secretKey, keys.size, layout.folder);
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
  return { ...transferred, keys: keys.size };
}

function reportPushed(
  input: CommandInput,
  { shown }: Place,
  { keys, ...transferred }: Pushed,
): void {
  const { head, batches, entries } = transferred;
  const what = batches === 0
    ? "nothing was left to push"
    : `pushed ${transferredText(transferred)}`;
  printResult(input, { database: shown, head, batches, entries, keys }, () => [
    `${what}: ${plainText(shown)} ends at logId ${head.logId} ${head.chain}`.trimEnd(),
  ]);
}

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
    "such journal, 64 usage, 65 a newer version wrote the journal, 66 the database has no tables, " +
    "73 another process uses the folder, 74 cannot read or write, 77 access denied, 78 a batch is " +
    "damaged",
  ],
  writes: true,
  permissions: (input) => [databasePermissions(input.positionals[0], input)],
  run: runPull,
};

async function runPull(input: CommandInput, tools: JournalTools): Promise<number> {
  const place = parseDatabase(input.positionals[0] ?? "");
  const layout = journalLayout(journalFolder(input));
  requirePermissions(layout.folder, "read", "write");
  return await withTable(place, input, tools, async (table) => {
    await requireThere(place, table);
    return await withTarget(input, tools, layout, async () => {
      const transferred = await pulled(input, tools, layout, table);
      const proof = await proved(input, tools, layout);
      reportPulled(input, layout.folder, transferred, proof);
      return verdictExitCode(proof.verdict);
    });
  });
}

async function requireThere(place: Place, table: PostgresTable): Promise<void> {
  if (await table.isThere() && await table.log.lastLogId() > 0) return;
  throw new CommandError(`Cannot pull from ${place.shown}: it is empty`, EXIT.negative);
}

async function pulled(
  input: CommandInput,
  { fileSystem }: JournalTools,
  layout: Layout,
  table: PostgresTable,
): Promise<Transferred> {
  const { terminal } = input;
  const secretKey = secretKeyOption(input);
  requireSecretKey(secretKey, await table.keyCount(), "the database");
  return await pull({
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
}

function reportPulled(
  input: CommandInput,
  folder: string,
  transferred: Transferred,
  { verdict }: JudgedAudit,
): void {
  const { head, batches, entries } = transferred;
  const { kind, line } = verdict;
  printResult(input, { folder, head, batches, entries, verdict: kind, detail: line }, () => [
    `pulled to ${plainText(folder)}: ${transferredText(transferred)}`,
    verdictText(input.terminal, verdict),
  ]);
}

function transferredText({ batches, entries }: Transferred): string {
  return `${counted(entries, "entry", "entries")} in ${counted(batches, "batch", "batches")}`;
}

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
  run: runRekey,
};

async function runRekey(input: CommandInput, tools: JournalTools): Promise<void> {
  const place = parseDatabase(input.positionals[0] ?? "");
  const file = input.text(NEW_KEY_OPTION.name);
  const [before, after] = [secretKeyOption(input), file && readSecretKey(file)];
  if (!before || !after) throw new UsageError("give --secret-key-file and --new-secret-key-file");
  await withTable(place, input, tools, async (table) => {
    await table.requireFit();
    await requireNoLeader("Cannot rekey", place, table);
    const keys = table.keys(before);
    await keys.requireSecretKey();
    const count = await keys.rewrap(after);
    printResult(input, { database: place.shown, keys: count }, () => [
      `${plainText(place.shown)} has the new secret key: ${counted(count, "key", "keys")} of ` +
      "sealed inputs wrapped again",
    ]);
  });
}
