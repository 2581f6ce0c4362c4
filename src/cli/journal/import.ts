/** `journal import`: imports a job that `journal export` wrote. */

import { EXIT } from "../../core/exit_codes.ts";
import { isTerminal } from "../../core/job_state.ts";
import { GroupTooLargeError, JournalFailedError, JournalFullError } from "../../engine/ports.ts";
import { interruptions } from "../../engine/run/recovery/restart.ts";
import { Projection } from "../../engine/writer/projection.ts";
import { failureReason } from "../../journal/errors.ts";
import { FileJournal } from "../../journal/file_journal.ts";
import { CommandError, type CommandInput } from "../command.ts";
import { type ExportFile, ExportFileError, parseExport } from "../../tools/export_parser.ts";
import { type Imported, ImportRefusedError, JobImport } from "../../tools/job_import.ts";
import { type JournalCommand, journalFolder, type JournalTools } from "./folder.ts";
import { printResult } from "../terminal.ts";

/** More than a batch can hold; keeps a wrong file from filling the memory. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

export const IMPORT_COMMAND: JournalCommand = {
  name: "import",
  summary: "import a job that export wrote, while no server is running",
  positionals: "<file|->",
  options: [
    { name: "unfinished", help: "even if the job may continue in the other journal" },
  ],
  examples: [
    "deno task journal import - < job.ndjson   # the task may read the standard input",
    "deno task journal import - --unfinished < job.ndjson   # stopped there",
  ],
  notes: [
    "The whole file is appended as one batch of at most 64 MiB, after journal.Imported, with " +
    "its ids and times and with new positions. Entries whose event ids are already here are " +
    "not appended again. The events of the job are known here from then on: delivered again, " +
    "they are duplicates.",
    "An unfinished job would continue in both journals and do everything twice. Before you " +
    "give --unfinished, stop it or its server there for good. An attempt that was running " +
    "during the export counts as cut short.",
    "exit codes: 0 imported, 1 refused, 64 usage, 65 a newer version wrote the journal, 73 a " +
    "server holds it, 74 cannot read or write, 78 it is damaged",
  ],
  writes: true,
  permissions: (input) => [{ read: input.positionals.filter((file) => file !== "-") }],
  run,
};

async function run(input: CommandInput, tools: JournalTools): Promise<void> {
  const name = input.positionals[0] ?? "-";
  const file = parsed(name, await readSource(name));
  requireFinished(file, input);
  const imported = await appended(input, file, tools);
  report(input, file, imported);
}

function parsed(name: string, bytes: Uint8Array): ExportFile {
  try {
    return parseExport(bytes);
  } catch (error) {
    if (!(error instanceof ExportFileError)) throw error;
    throw new CommandError(`Cannot import ${name}: ${error.message}`, EXIT.negative);
  }
}

/** @throws {CommandError} if the file cannot be read, or is larger than any import. */
async function readSource(name: string): Promise<Uint8Array> {
  try {
    const stream = name === "-" ? Deno.stdin.readable : (await Deno.open(name)).readable;
    return await limited(stream);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const message = `Cannot read ${name}: ${failureReason(error, name)}`;
    const isForbidden = error instanceof Deno.errors.NotCapable;
    if (!isForbidden) throw new CommandError(message, EXIT.unreadable);
    const advice = `${message}, or import - < ${name}`;
    throw new CommandError(advice, EXIT.unreadable, { read: [name] });
  }
}

async function limited(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of stream) {
    parts.push(part);
    size += part.length;
    if (size > FILE_BYTES_MAX) {
      throw new CommandError(
        `Cannot import the file: it has more than ${FILE_BYTES_MAX} bytes`,
        EXIT.negative,
      );
    }
  }
  return await new Blob(parts).bytes();
}

function requireFinished({ job }: ExportFile, input: CommandInput): void {
  if (isTerminal(job) || input.isSet("unfinished")) return;
  throw new CommandError(
    `Cannot import job ${job.jobId}: it is ${job.state}, and would continue in the other ` +
      "journal too, so that everything is done twice. Stop it there for good, then give " +
      "--unfinished",
    EXIT.negative,
  );
}

async function appended(
  input: CommandInput,
  file: ExportFile,
  { fileSystem, clock, random }: JournalTools,
): Promise<Imported> {
  const projection = new Projection();
  const { journal, report } = await FileJournal.open({
    folder: journalFolder(input),
    fileSystem,
    clock,
    random,
    consumer: projection,
    warn: input.warn,
  });
  try {
    if (report.recoveredLogId !== null) {
      // The import ends with a clean stop, after which the next start would not know what an
      // earlier crash interrupted. So the import records that first, as a start would.
      const restart = { logId: report.recoveredLogId, reason: "crash" } as const;
      const cutShort = [...projection.table.jobs()].filter((job) => !isTerminal(job))
        .flatMap((job) => interruptions(job, restart));
      await journal.append(cutShort).durable;
    }
    return await new JobImport({ journal, projection }, file).run();
  } catch (error) {
    throw refusal(error, file);
  } finally {
    await journal.close();
  }
}

function refusal(error: unknown, { job }: ExportFile): unknown {
  const action = `Cannot import job ${job.jobId}`;
  if (error instanceof ImportRefusedError) {
    return new CommandError(`${action}: ${error.message}`, EXIT.negative);
  }
  if (error instanceof GroupTooLargeError) {
    return new CommandError(`${action}: its history is too long. ${error.message}`, EXIT.negative);
  }
  if (error instanceof JournalFullError || error instanceof JournalFailedError) {
    return new CommandError(`${action}: ${error.message}`, EXIT.unreadable);
  }
  return error;
}

function report(input: CommandInput, { job, header }: ExportFile, imported: Imported): void {
  const { entries, known, first, last } = imported;
  const { jobId, state } = job;
  const { own } = header;
  const logIds = { imported: first, first: first + 1, last };
  printResult(input, { jobId, state, entries, own, known, logIds }, () => [
    `imported job ${jobId}, ${state}: entries ${first + 1} to ${last}, ${own} of them its own, ` +
    `after journal.Imported at ${first}${known === 0 ? "" : `; ${known} were already here`}`,
  ]);
}
