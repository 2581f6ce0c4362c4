/** Reads the history of one job from a journal, even while a server runs. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { OutlinedHistory } from "../../explain/outlined_history.ts";
import type { Circumstances } from "../../explain/evidence.ts";
import { citedIn, explain } from "../../explain/explain.ts";
import type { EventId, JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { logReferences } from "../../core/log_references.ts";
import { ownValues } from "../../explain/likeness/own_values.ts";
import { foldAll } from "../../core/job_fold.ts";
import { EvidenceSearch } from "../../engine/queries/evidence_search.ts";
import { FoundEvents, Lookup } from "../../engine/views/past_events.ts";
import { ValueIndex } from "../../engine/views/value_index.ts";
import { refuseEntry } from "../../engine/writer/framework_schemas.ts";
import type { JournalHead } from "../../engine/ports.ts";
import type { FileSystem } from "../../journal/file_system.ts";
import { JournalReading } from "../../tools/journal_reading.ts";
import { CommandError, type CommandInput, EXIT_NEGATIVE } from "../command.ts";
import { journalFolder, orExit } from "./folder.ts";

export interface JobHistory {
  readonly head: JournalHead;
  readonly job: JobState;
  /** The job's own entries. */
  readonly own: readonly JobEventLogEntry[];
  /** The job's own entries, those that they refer to, and those requested; by position. */
  readonly entries: readonly JobEventLogEntry[];
}

interface HistoryRequest {
  readonly jobId: JobId;
  /** Additional events to include. */
  readonly with: readonly EventId[];
  /** Whether to include everything that the job's explanation cites. */
  readonly evidence: boolean;
}

/** No code runs here; what the journal says about the job does not depend on it. */
const OFFLINE: Circumstances = { definition: "none", draining: false, full: false };

/** From this many events on, a value is common. */
const COMMON_MIN = 21;
/** How many events of the job itself are skipped for a value. */
const OWN_MAX = 1_000;

/**
 * @throws {CommandError} if the journal cannot be read, or has no such job or event.
 */
export function readJobHistory(
  input: CommandInput,
  fileSystem: FileSystem,
  request: HistoryRequest,
): Promise<JobHistory> {
  return orExit(input, () => new HistoryReader(input, fileSystem, request).read());
}

class HistoryReader {
  readonly #input: CommandInput;
  readonly #fileSystem: FileSystem;
  readonly #request: HistoryRequest;
  readonly #own: JobEventLogEntry[] = [];
  readonly #found = new Map<LogId, JobEventLogEntry>();
  readonly #facts = new ValueIndex();

  constructor(input: CommandInput, fileSystem: FileSystem, request: HistoryRequest) {
    this.#input = input;
    this.#fileSystem = fileSystem;
    this.#request = request;
  }

  async read(): Promise<JobHistory> {
    const reading = await this.#readOwn();
    this.#requireFound(reading);
    const job = foldAll(this.#own);
    if (this.#request.evidence) await this.#readEvidence(reading);
    await this.#readReferences(reading);
    this.#input.terminal.progressEnd();
    const entries = [...this.#found.values()].sort((left, right) => left.logId - right.logId);
    return { head: reading.head, job, own: this.#own, entries };
  }

  async #readOwn(): Promise<JournalReading> {
    const { jobId } = this.#request;
    const wanted = new Set<EventId>(this.#request.with);
    return await JournalReading.begin(this.#fileSystem, journalFolder(this.#input), {
      refuse: refuseEntry,
      replay: (entry) => this.#take(entry, entry.jobId === jobId, wanted.has(entry.eventId)),
      progress: (done, total) => this.#input.terminal.progress("reading", done, total),
    });
  }

  #take(entry: JobEventLogEntry, isOwn: boolean, isWanted: boolean): void {
    this.#facts.add(entry);
    if (isOwn) this.#own.push(entry);
    if (isOwn || isWanted) this.#found.set(entry.logId, entry);
  }

  #requireFound({ head }: JournalReading): void {
    const { jobId, with: wanted } = this.#request;
    const where = `in journal ${journalFolder(this.#input)}, which ends at entry ${head.logId}`;
    if (this.#own.length === 0) {
      throw new CommandError(`Cannot find job ${jobId}: it is not ${where}`, EXIT_NEGATIVE);
    }
    const found = new Set([...this.#found.values()].map(({ eventId }) => eventId));
    const missing = wanted.find((eventId) => !found.has(eventId));
    if (missing !== undefined) {
      throw new CommandError(`Cannot find event ${missing}: it is not ${where}`, EXIT_NEGATIVE);
    }
  }

  /**
   * Entries that the job's explanation cites, so that the explanation is the same in any journal.
   */
  async #readEvidence(reading: JournalReading): Promise<void> {
    const search = new EvidenceSearch({
      find: (wanted) => Promise.resolve(this.#facts.find(wanted)),
    }, {
      headLogId: reading.head.logId,
      at: (logIds) => reading.readAt(logIds),
    });
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
    const own = ownValues(outlined.job);
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
