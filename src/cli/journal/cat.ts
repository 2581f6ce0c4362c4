/** `journal cat`: prints entries, with filters, and follows the journal; and `journal head`. */

import { Buffer } from "node:buffer";
import type { JobEventLogEntry, Stratum } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { BatchFeed, type FedBatch } from "../../tools/journal_reading.ts";
import { journalLayout } from "../../journal/layout.ts";
import type { CommandInput } from "../command.ts";
import { STRATUM_OPTION, stratumOption, TYPE_OPTION, typeOptions } from "../filters.ts";
import { plainText, printLines, printResult, type Terminal, textColumns } from "../terminal.ts";
import { DatedLines } from "../render/entry_line.ts";
import { type JournalCommand, type JournalTools, readableFolder } from "./folder.ts";
import { pause } from "../times.ts";
import { type JournalEnd, journalEnd } from "../../journal/open/journal_end.ts";
import { lineNumberIn } from "../../journal/read/segment_listing.ts";
import { tornText } from "../../verify/verdict.ts";

const POSITION_MAX = Number.MAX_SAFE_INTEGER;
const FOLLOW_MS = 200;
/** Output is buffered up to this size. */
const CHUNK_BYTES = 64 * 1024;

export const CAT_COMMAND: JournalCommand = {
  name: "cat",
  summary: "print entries, filtered and followed; byte for byte when piped",
  options: [
    { name: "job", value: "jobId", help: "only this job" },
    TYPE_OPTION,
    STRATUM_OPTION,
    { name: "after", value: "logId", help: "only after this position" },
    { name: "upto", value: "logId", help: "only up to this position" },
    { name: "limit", value: "count", help: "the most entries to print" },
    { name: "follow", short: "f", help: "keep printing as entries are appended" },
  ],
  examples: [
    "deno task journal cat --after 1000 --limit 20",
    "deno task journal cat --job order-42 | jq -r .eventType",
    "deno task journal cat --follow --type job.TaskFailed --type job.RecoveryRequired",
  ],
  notes: [
    "Every line is verified as it is read; at damage the command stops, and names the place.",
    "exit codes: 0, 64 usage, 65 a newer version wrote it, 74 cannot be read, 78 damaged",
  ],
  run: (input, tools) => new Cat(input, tools).run(),
};

interface Filter {
  readonly job: string | undefined;
  readonly types: ReadonlySet<string>;
  readonly stratum: Stratum | undefined;
  readonly after: LogId;
  readonly upTo: LogId;
}

class Cat {
  readonly #filter: Filter;
  readonly #feed: BatchFeed;
  readonly #needsEntries: boolean;
  readonly #lines: DatedLines;
  #room: number;
  #position = 0;
  #isRead = true;
  #isFound = false;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;

  constructor(private readonly input: CommandInput, private readonly tools: JournalTools) {
    const filter = this.#filter = entryFilter(input);
    this.#room = input.whole("limit", 0, POSITION_MAX) ?? POSITION_MAX;
    this.#needsEntries = input.form === "text" || filter.types.size > 0 ||
      filter.job !== undefined || filter.stratum !== undefined;
    this.#lines = new DatedLines({
      paint: input.terminal.style,
      times: tools.times,
      columns: textColumns(input.terminal),
      withJob: filter.job === undefined,
    }, tools.clock.now());
    const layout = journalLayout(readableFolder(input));
    this.#feed = new BatchFeed(tools.fileSystem, layout, filter.after, this.#needsEntries);
  }

  async run(): Promise<void> {
    if (!this.input.isSet("follow")) {
      await this.#printNew();
      if (!this.#isFound && this.#needsEntries) this.#reportNothing();
      return;
    }
    const interrupted = this.tools.interrupted();
    while (!this.#isDone && !interrupted.aborted) {
      await this.#printNew(interrupted);
      if (!this.#isDone) await pause(this.tools.clock, FOLLOW_MS, interrupted);
    }
  }

  #reportNothing(): void {
    const { job, types, stratum } = this.#filter;
    if (job === undefined && types.size === 0 && stratum === undefined) return;
    const what = job === undefined ? "what was requested" : `job ${plainText(job)}`;
    this.input.warn(`no entry matches ${what}`);
  }

  get #isDone(): boolean {
    return !this.#isRead || this.#room === 0 || this.#position >= this.#filter.upTo;
  }

  async #printNew(interrupted?: AbortSignal): Promise<void> {
    try {
      for await (const fed of this.#feed.next()) {
        this.#print(fed);
        if (this.#isDone || interrupted?.aborted) break;
      }
    } finally {
      this.#flush();
    }
  }

  #print({ batch, bytes, end }: FedBatch): void {
    const { firstLogId, offsets, entries } = batch;
    for (let index = 0; index < offsets.length && !this.#isDone; index++) {
      this.#position = firstLogId + index;
      const entry = entries[index];
      if (!this.#passes(this.#position, entry)) continue;
      this.#room--;
      this.#isFound = true;
      if (entry !== undefined && this.input.form === "text") {
        printLines(this.input.terminal, this.#lines.of(entry));
      } else {
        this.#gather(bytes.subarray(offsets[index], offsets[index + 1] ?? end));
      }
    }
  }

  #passes(logId: LogId, entry: JobEventLogEntry | undefined): boolean {
    const { after, upTo, job, types, stratum } = this.#filter;
    if (logId <= after || logId > upTo) return false;
    if (!this.#needsEntries || entry === undefined) return true;
    return (job === undefined || entry.jobId === job) &&
      (stratum === undefined || entry.stratum === stratum) &&
      (types.size === 0 || types.has(entry.eventType));
  }

  #gather(line: Uint8Array): void {
    this.#gathered.push(line);
    this.#gatheredBytes += line.length;
    if (this.#gatheredBytes >= CHUNK_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#gatheredBytes === 0) return;
    const bytes = Buffer.concat(this.#gathered, this.#gatheredBytes);
    [this.#gathered, this.#gatheredBytes] = [[], 0];
    this.#isRead &&= this.tools.write(bytes);
  }
}

function entryFilter(input: CommandInput): Filter {
  return {
    job: input.text("job"),
    types: new Set(typeOptions(input)),
    stratum: stratumOption(input),
    after: input.whole("after", 0, POSITION_MAX) ?? 0,
    upTo: input.whole("upto", 0, POSITION_MAX) ?? POSITION_MAX,
  };
}

export const HEAD_COMMAND: JournalCommand = {
  name: "head",
  summary: "print the last entry: position, chain, place and time",
  options: [],
  examples: ["deno task journal head", "deno task journal head | jq -r .chain"],
  notes: [
    "Reads only the end of the journal. With the chain you can prove later that no entry up to " +
    "that position has changed.",
    "exit codes: 0, 64 usage, 65 a newer version wrote it, 74 cannot be read, 78 the end is damaged",
  ],
  run: head,
};

async function head(input: CommandInput, { fileSystem }: JournalTools): Promise<void> {
  const layout = journalLayout(readableFolder(input));
  const end = await journalEnd(fileSystem, layout);
  const shown = end &&
    toShown(end, await lineNumberIn(fileSystem, layout, end.segment, end.offset));
  const lines = () => endLines(shown, input.terminal);
  printResult(input, shown ?? { logId: 0, chain: "" }, lines);
}

type ShownEnd = ReturnType<typeof toShown>;

function toShown({ head, segment, receivedAt, tornBytes }: JournalEnd, line: number) {
  return { ...head, segment, line, receivedAt, tornBytes };
}

function endLines(end: ShownEnd | undefined, { style }: Terminal): readonly string[] {
  if (end === undefined) return ["the journal is empty"];
  const { logId, chain, segment, line, receivedAt, tornBytes } = end;
  return [
    `logId    ${style("bold", String(logId))}`,
    `chain    ${chain}`,
    `segment  ${segment} line ${line}`,
    `time     ${plainText(receivedAt)}`,
    ...tornBytes > 0 ? [`after    ${tornText(tornBytes)}`] : [],
  ];
}
