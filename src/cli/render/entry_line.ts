/** Renders entries of the journal as lines with columns. */

import { changeText } from "../../core/condition.ts";
import { shortType } from "../../core/event.ts";
import { entryNote, type NotedEntry } from "../../documents/entry_note.ts";
import { fitted, padded, plainText, type Style, textWidth } from "../terminal.ts";
import type { EntryResource } from "../resources.ts";
import type { Times } from "../times.ts";
import { type Paint, painted } from "./marks.ts";

/**
 * The maximum widths of columns, which grow with their content, since a stream cannot be read
 * ahead.
 */
interface ColumnLimits {
  readonly job: number;
  readonly type: number;
  readonly task: number;
}

const NARROW: ColumnLimits = { job: 16, type: 22, task: 10 };
const WIDE: ColumnLimits = { job: 32, type: 32, task: 20 };
const WIDE_FROM_COLUMNS = 100;
/** Wide enough for nearly all of the framework's types, so that columns stay aligned. */
const TYPE_COLUMNS = 19;
/** The minimum width of a note: on a narrow screen the line wraps. */
const NOTE_COLUMNS_MIN = 24;
const TIME_COLUMNS = 12;

/** An entry as a server sends it, or as it is recorded. */
interface ShownEntry extends NotedEntry {
  readonly logId: number;
  readonly receivedAt: string;
  readonly jobId?: string | undefined;
  readonly taskId?: string | undefined;
  /** The change that it made to its job, if known. */
  readonly job?: EntryResource["job"];
}

interface EntryLinesOptions {
  readonly paint: Paint;
  readonly times: Times;
  /** Where lines are cut; `Infinity` for no limit. */
  readonly columns: number;
  /** Whether lines name the job, which is redundant for the entries of a single job. */
  readonly withJob: boolean;
}

/** Formats entries one by one, with columns that only get wider. */
export class EntryLines {
  #logIdColumns = 5;
  #jobColumns = 8;
  #typeColumns = TYPE_COLUMNS;
  #taskColumns = 8;
  readonly #max: ColumnLimits;

  constructor(private readonly options: EntryLinesOptions) {
    this.#max = options.columns < WIDE_FROM_COLUMNS ? NARROW : WIDE;
  }

  line(entry: ShownEntry): string {
    const { paint, times } = this.options;
    const logId = this.#logId(entry);
    const cells = [this.#job(entry), this.#type(entry), this.#task(entry)]
      .filter((cell) => cell !== undefined);
    const used = TIME_COLUMNS + 2 + textWidth(logId) +
      cells.reduce((sum, cell) => sum + 2 + textWidth(cell), 0);
    const [job, ...rest] = this.options.withJob ? cells : [undefined, ...cells];
    const [type = "", task = ""] = rest;
    return [
      paint("dim", times.preciseTimeOfDay(entry.receivedAt)),
      paint("dim", logId),
      ...(job === undefined ? [] : [paint("cyan", job)]),
      styled(paint, entryStyle(entry), type),
      task,
      this.#note(entry, this.options.columns - used - 2),
    ].join("  ").trimEnd();
  }

  #logId({ logId }: ShownEntry): string {
    const text = String(logId);
    this.#logIdColumns = Math.max(this.#logIdColumns, text.length);
    return text.padStart(this.#logIdColumns);
  }

  #job({ jobId = "" }: ShownEntry): string | undefined {
    if (!this.options.withJob) return undefined;
    this.#jobColumns = grown(this.#jobColumns, jobId, this.#max.job);
    return padded(jobId, this.#jobColumns);
  }

  #type({ eventType }: ShownEntry): string {
    const name = plainText(shortType(eventType));
    this.#typeColumns = grown(this.#typeColumns, name, this.#max.type);
    return padded(name, this.#typeColumns);
  }

  #task({ taskId = "" }: ShownEntry): string {
    this.#taskColumns = grown(this.#taskColumns, taskId, this.#max.task);
    return padded(taskId, this.#taskColumns);
  }

  #note(entry: ShownEntry, room: number): string {
    const { paint, times } = this.options;
    const change = entry.job === undefined ? "" : changeText(entry.job);
    const note = plainText(entryNote(entry, times));
    const whole = [change, note].filter((part) => part !== "").join("  ");
    const text = fitted(whole, Math.max(room, NOTE_COLUMNS_MIN));
    if (change === "" || !text.startsWith(change)) return text;
    return painted(paint, entry.job?.to ?? "", change) + text.slice(change.length);
  }
}

function grown(columns: number, text: string, max: number): number {
  return Math.min(Math.max(columns, textWidth(text)), max);
}

function styled(paint: Paint, style: Style | undefined, text: string): string {
  return style === undefined ? text : paint(style, text);
}

const TYPE_STYLES: readonly (readonly [RegExp, Style])[] = [
  [/^job\.(TaskFailed|TaskCompensationFailed|RecoveryRequired)$/, "red"],
  [/^job\.(TaskCompleted|EventCorrelated)$/, "green"],
  [
    /^job\.(Compensation\w+|TaskCompensated|TaskInterrupted|JobSuspended|JobParked|JobCancelled)$/,
    "yellow",
  ],
  [/^job\.Job/, "bold"],
  [/^journal\.|^job\.TaskProgressed$/, "dim"],
];

/** Events from outside stand out from those of the framework. */
function entryStyle({ stratum, eventType }: ShownEntry): Style | undefined {
  if (stratum !== "framework") return "magenta";
  return TYPE_STYLES.find(([pattern]) => pattern.test(eventType))?.[1];
}

/** Lines have only the time of day, so a separate line shows the date when it changes. */
export class DatedLines {
  readonly #lines: EntryLines;
  #day: string;

  /** @param now The day that needs no date line. */
  constructor(private readonly options: EntryLinesOptions, now: number) {
    this.#lines = new EntryLines(options);
    this.#day = options.times.day(now);
  }

  /** The line of an entry, after a date line if the day changes. */
  of(entry: ShownEntry): readonly string[] {
    const { times, paint } = this.options;
    const day = times.day(entry.receivedAt);
    const line = this.#lines.line(entry);
    if (day === this.#day) return [line];
    this.#day = day;
    return [paint("dim", `${day} ${times.zone}`), line];
  }
}
