/**
 * `journal export`: writes a job with its history, and everything needed to explain it, to a file.
 */

import { deriveCondition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { type EventId, ID_PATTERN, ID_RULE, type JobId } from "../../core/ids.ts";
import { quoteEntry } from "../../core/log_references.ts";
import { quotedEventId } from "../../engine/writer/derived_ids.ts";
import { failureReason } from "../../journal/errors.ts";
import { type Command, CommandError, type CommandInput, EXIT_OK, UsageError } from "../command.ts";
import { EXPORT_VERSION, type ExportHeader, exportLines } from "../../export/export_file.ts";
import { type JobHistory, readJobHistory } from "./job_history.ts";
import { EXIT_UNREADABLE, JOURNAL_OPTION, journalPermissions } from "./folder.ts";
import type { JournalTools } from "./tools.ts";

export function exportCommand(tools: JournalTools): Command {
  return {
    name: "export",
    summary: "write a job with its history to a file, for import into another journal",
    positionals: "<jobId>",
    options: [
      JOURNAL_OPTION,
      {
        name: "output",
        short: "o",
        value: "file",
        help: "a new file; default: standard output",
      },
      { name: "with", value: "eventId", repeated: true, help: "another event to include" },
    ],
    examples: [
      "deno task journal export job_01J0 > job.ndjson   # it may be piped into import",
      "deno task journal export job_01J0 --with evt_7   # with one more event",
    ],
    notes: [
      "Reads the segments, with full verification, whether or not a server runs. Entries that " +
      "the job's history refers to are included: events it counted, their causes, and everything " +
      "its explanation cites, such as near misses. Entries of other jobs are included as " +
      "quotations (journal.EntryQuoted). The last line proves that the file is complete.",
      "A sealed input is included sealed, without its key, which stays in keys/ of the journal " +
      "until its retention removes it. Without the key the job can be shown and explained " +
      "anywhere, but neither continued nor retried. To do that, copy the file of keys/ that is " +
      "named by the SHA-256 of the job's id into keys/ of the other journal.",
      "exit codes: 0 written, 1 no such job or event, 64 usage, 74 cannot read or write, " +
      "78 the journal is damaged",
    ],
    permissions: (input) => [journalPermissions(input), { write: input.all("output") }],
    run: (input) => run(input, tools),
  };
}

async function run(input: CommandInput, { fileSystem }: JournalTools): Promise<number> {
  const history = await readJobHistory(input, fileSystem, {
    jobId: parseId<JobId>(input.positionals[0] ?? ""),
    with: input.all("with").map(parseId<EventId>),
    evidence: true,
  });
  const lines = exportLines(
    exportHeader(history),
    history.entries.map((entry) => portable(entry, history)),
  );
  const output = input.text("output");
  if (output !== undefined) await write(output, lines);
  else for (const line of lines) input.terminal.out(line);
  return EXIT_OK;
}

/**
 * @throws {UsageError} if the text is not a valid id.
 */
function parseId<Id extends string>(text: string): Id {
  if (ID_PATTERN.test(text)) return text as Id;
  throw new UsageError(`${JSON.stringify(text)} is not an id: an id is ${ID_RULE}`);
}

function exportHeader({ head, job, own, entries }: JobHistory): ExportHeader {
  return {
    daybookExport: EXPORT_VERSION,
    jobId: job.jobId,
    ...(job.type === undefined ? {} : { type: job.type }),
    state: job.state,
    condition: deriveCondition(job),
    entries: entries.length,
    own: own.length,
    from: { head: { logId: head.logId, chain: head.chain } },
  };
}

/** An entry of another job would change that job in the target journal, so it is quoted. */
function portable(entry: JobEventLogEntry, { job }: JobHistory): JobEventLogEntry {
  const { jobId } = entry;
  return jobId === undefined || jobId === job.jobId
    ? entry
    : quoteEntry({ ...entry, jobId }, quotedEventId(entry.eventId));
}

async function write(path: string, lines: Iterable<string>): Promise<void> {
  const text = [...lines].map((line) => `${line}\n`).join("");
  let isNew = false;
  try {
    // Readable only for its owner, as the journal is.
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    isNew = true;
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  } catch (error) {
    if (isNew) await Deno.remove(path);
    const reason = error instanceof Deno.errors.AlreadyExists
      ? "the file exists"
      : `${failureReason(error, path)}; without --output it goes to the standard output`;
    const message = `Cannot write ${path}: ${reason}`;
    throw CommandError.by(error, message, EXIT_UNREADABLE, { write: [path] });
  }
}
