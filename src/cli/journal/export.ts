/** `journal export`: writes a job with its history, and what its explanation cites, to a file. */

import { inOrder } from "../../core/ascending.ts";
import { EXIT } from "../../core/exit_codes.ts";
import { deriveCondition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { type EventId, ID_PATTERN, ID_RULE, type JobId, type LogId } from "../../core/ids.ts";
import { logReferences, quoteEntry } from "../../core/log_references.ts";
import { quotedEventId } from "../../engine/writer/derived_ids.ts";
import { failureReason } from "../../journal/errors.ts";
import { CommandError, type CommandInput, UsageError } from "../command.ts";
import { EXPORT_VERSION, type ExportHeader, exportLines } from "../../tools/export_file.ts";
import { type JournalCommand, journalFolder, type JournalTools } from "./folder.ts";
import { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import type { Circumstances } from "../../explain/statements/evidence.ts";
import { citedIn, explain } from "../../explain/explain.ts";
import type { JobState } from "../../core/job_state.ts";
import { soughtValues } from "../../explain/likeness/own_values.ts";
import { foldAll } from "../../core/job_fold.ts";
import { EvidenceSearch } from "../../engine/queries/evidence_search.ts";
import { FoundEvents, Lookup } from "../../engine/views/past_events.ts";
import { ValueIndex } from "../../engine/views/value_index.ts";
import { refuseEntry } from "../../engine/writer/framework_schemas.ts";
import type { JournalHead } from "../../engine/ports.ts";
import type { FileSystem } from "../../journal/files/file_system.ts";
import { JournalReading } from "../../tools/journal_reading.ts";

export const EXPORT_COMMAND: JournalCommand = {
  name: "export",
  summary: "write a job with its history to a file, for import into another journal",
  positionals: "<jobId>",
  options: [
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
    "quotations (journal.EntryQuoted). What the explanation says by comparison with other jobs " +
    "is not included. The last line proves that the file is complete.",
    "A sealed input is included sealed, without its key, which stays in keys/ of the journal " +
    "until its retention removes it. Without the key the job can be shown and explained " +
    "anywhere, but neither continued nor retried. To do that, copy the file of keys/ that is " +
    "named by the SHA-256 of the job's id into keys/ of the other journal.",
    "exit codes: 0 written, 1 no such job or event, 64 usage, 65 a newer version wrote the " +
    "journal, 74 cannot read or write, " +
    "78 the journal is damaged",
  ],
  permissions: (input) => [{ write: input.all("output") }],
  givesFile: true,
  run,
};

async function run(input: CommandInput, { fileSystem }: JournalTools): Promise<void> {
  const history = await new HistoryReader(input, fileSystem, {
    jobId: parseId<JobId>(input.positionals[0] ?? ""),
    with: input.all("with").map(parseId<EventId>),
  }).read();
  const lines = exportLines(
    exportHeader(history),
    history.entries.map((entry) => portable(entry, history)),
  );
  const output = input.text("output");
  if (output !== undefined) await write(output, lines);
  else for (const line of lines) input.terminal.out(line);
}

/** @throws {UsageError} if the text is not a valid id. */
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
    throw CommandError.by(error, message, EXIT.unreadable, { write: [path] });
  }
}

interface JobHistory {
  readonly head: JournalHead;
  readonly job: JobState;
  readonly own: readonly JobEventLogEntry[];
  /**
   * The job's own entries, those that they refer to, those that its explanation cites, and those
   * requested; by position.
   */
  readonly entries: readonly JobEventLogEntry[];
}

interface HistoryRequest {
  readonly jobId: JobId;
  /** Additional events to include. */
  readonly with: readonly EventId[];
}

/** No code runs here; what the journal says about the job does not depend on it. */
const OFFLINE: Circumstances = { definition: "none", draining: false, full: false };

/** From this many events on, a value is common. */
const COMMON_MIN = 21;
/** How many events of the job itself are skipped for a value. */
const OWN_MAX = 1_000;

/** Reads the history of one job from a journal, even while a server runs. */
class HistoryReader {
  readonly #own: JobEventLogEntry[] = [];
  readonly #found = new Map<LogId, JobEventLogEntry>();
  readonly #facts = new ValueIndex();

  constructor(
    private readonly input: CommandInput,
    private readonly fileSystem: FileSystem,
    private readonly request: HistoryRequest,
  ) {}

  /** @throws {CommandError} if the journal has no such job or event. */
  async read(): Promise<JobHistory> {
    const reading = await this.#readOwn();
    this.#requireFound(reading);
    const job = foldAll(this.#own);
    await this.#readEvidence(reading);
    await this.#readReferences(reading);
    const entries = inOrder(this.#found.values());
    return { head: reading.head, job, own: this.#own, entries };
  }

  async #readOwn(): Promise<JournalReading> {
    const { jobId } = this.request;
    const wanted = new Set<EventId>(this.request.with);
    return await JournalReading.begin(this.fileSystem, journalFolder(this.input), {
      refuse: refuseEntry,
      replay: (entry) => this.#take(entry, entry.jobId === jobId, wanted.has(entry.eventId)),
      progress: (done, total) => this.input.terminal.progress("reading", done, total),
    });
  }

  #take(entry: JobEventLogEntry, isOwn: boolean, isWanted: boolean): void {
    this.#facts.add(entry);
    if (isOwn) this.#own.push(entry);
    if (isOwn || isWanted) this.#found.set(entry.logId, entry);
  }

  #requireFound({ head }: JournalReading): void {
    const { jobId, with: wanted } = this.request;
    const where = `in journal ${journalFolder(this.input)}, which ends at entry ${head.logId}`;
    if (this.#own.length === 0) {
      throw new CommandError(`Cannot find job ${jobId}: it is not ${where}`, EXIT.negative);
    }
    const found = new Set([...this.#found.values()].map(({ eventId }) => eventId));
    const missing = wanted.find((eventId) => !found.has(eventId));
    if (missing !== undefined) {
      throw new CommandError(`Cannot find event ${missing}: it is not ${where}`, EXIT.negative);
    }
  }

  /**
   * Entries that the job's explanation cites, so that any journal can give it, except for what is
   * found by comparison with other jobs.
   */
  async #readEvidence(reading: JournalReading): Promise<void> {
    const search = new EvidenceSearch({
      find: (wanted) => Promise.resolve(this.#facts.find(wanted)),
    }, { headLogId: reading.head.logId, at: (logIds) => reading.readAt(logIds) });
    const outlined = OutlinedHistory.of(this.#own);
    const { effects, ...found } = await search.run(outlined);
    const evidence = { ...found, circumstances: OFFLINE };
    const cited = citedIn(explain(outlined, evidence));
    const restingOn = [...cited, ...this.#commonCarriers(outlined)];
    // The entries after an event show whether it reached another job.
    const reached = restingOn.flatMap((logId) =>
      (effects.get(logId) ?? []).map((effect) => effect.logId)
    );
    const wanted = [...restingOn, ...reached];
    const missing = [...new Set(wanted)].filter((logId) => !this.#found.has(logId));
    for (const entry of await reading.readAt(missing.sort((left, right) => left - right))) {
      this.#found.set(entry.logId, entry);
    }
  }

  /**
   * The explanation ignores values that are common, so enough events are included to keep them
   * common.
   */
  #commonCarriers(outlined: OutlinedHistory): readonly LogId[] {
    const own = soughtValues(outlined.job);
    const lookup = new Lookup();
    for (const { loose } of own) lookup.carrying(loose, COMMON_MIN + OWN_MAX);
    const found = new FoundEvents(this.#facts.find(lookup.wanted));
    return own.flatMap(({ loose }) => {
      const carriers = found.carrying(loose, COMMON_MIN + OWN_MAX)
        .filter((logId) => !outlined.isOwn(logId) && !outlined.hasReached(logId));
      return carriers.length < COMMON_MIN ? [] : carriers.slice(0, COMMON_MIN);
    });
  }

  /** The entries that the given ones refer to, recursively, back to those without a cause. */
  async #readReferences(reading: JournalReading): Promise<void> {
    for (let missing = this.#missing(); missing.length > 0; missing = this.#missing()) {
      for (const entry of await reading.readAt(missing)) this.#found.set(entry.logId, entry);
    }
  }

  #missing(): readonly LogId[] {
    const referred = new Set([...this.#found.values()].flatMap(logReferences));
    return [...referred].filter((logId) => !this.#found.has(logId)).sort((a, b) => a - b);
  }
}
