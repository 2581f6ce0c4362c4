/**
 * The work of the index's thread: it files the values of durable lines, and answers queries. Between
 * its turns it verifies segments, and copies the logs of databases.
 */

import { setImmediate } from "node:timers";
import { workerData } from "node:worker_threads";
import { runToEnd, type Work } from "../core/work.ts";
import type { LogId } from "../core/ids.ts";
import { errorMessage, isOutOfDescriptors } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { joined } from "../core/joined.ts";
import { SqliteValueRuns } from "../index/value_runs.ts";
import { DurableLines, isWholeSegment, type LineSink } from "./segments.ts";
import { FiledValues } from "./filed_values.ts";
import type {
  Answer,
  FilingPlace,
  FilingSeed,
  FromFiling,
  Question,
  ToFiling,
} from "./protocol.ts";
import { checkpoint } from "../index/database_files.ts";

/** How long it works before it looks for messages. */
const SLICE_MS = 4;
/** Delay before it retries a write that the disk refused. */
const REFUSED_MS = 10_000;

interface FilingOptions extends FilingPlace {
  readonly answer: (answer: Answer) => void;
  readonly warn: (message: string) => void;
  /** The line of a durable entry cannot be read. */
  readonly unreadable: (logId: LogId) => void;
  /** Milliseconds from an arbitrary origin. */
  readonly monotonic: () => number;
  readonly generationPostings?: number;
}

interface Waiting {
  readonly question: Question;
  readonly untilMs: number;
}

export class Filing {
  readonly #lines: DurableLines;
  #runs: SqliteValueRuns;
  #values: FiledValues;
  #works: { flush?: Work<void> | undefined; merge?: Work<void> | undefined } = {};
  #durable: LogId = 0;
  #waiting: Waiting[] = [];
  /** The last problem that was reported. */
  #trouble: string | undefined;
  /** Until more lines are durable. */
  #isUnreadable = false;
  #refusedUntilMs = 0;

  /** @throws {Error} if the index can neither be used nor created. */
  constructor(private readonly options: FilingOptions) {
    this.#lines = new DurableLines(options.segments);
    this.#runs = this.#known() ?? this.#nothing();
    this.#values = new FiledValues(this.#runs, options.generationPostings);
  }

  /** Everything up to here is durable. */
  durable(logId: LogId): void {
    this.#durable = Math.max(this.#durable, logId);
    this.#isUnreadable = false;
  }

  find(question: Question): void {
    this.durable(question.asOf);
    this.#waiting.push({ question, untilMs: this.options.monotonic() + question.lagMs });
  }

  /** Works for one slice; `false` if there is nothing left to do. */
  turn(): boolean {
    const endMs = this.options.monotonic() + SLICE_MS;
    for (;;) {
      this.#answerThose(({ question }) => this.#lines.next > question.asOf);
      if (!this.#step()) break;
      const now = this.options.monotonic();
      if (now < endMs) continue;
      this.#answerThose(({ untilMs }) => now >= untilMs);
      return true;
    }
    this.#answerThose(() => true);
    return false;
  }

  /** Flushes everything filed so far, and closes the files. */
  stop(): void {
    try {
      this.#leaveWorks();
      // The last position may be within a batch, of which only some slices were visible by then.
      while (this.#lines.isWithinBatch && this.#isBehind) this.#read();
      if (!this.#lines.isWithinBatch) runToEnd(this.#values.rest());
    } catch {
      // The next start reads those lines again.
    } finally {
      this.#lines.close();
      this.#runs.close();
    }
  }

  /** Returns whether it did anything. */
  #step(): boolean {
    try {
      const { urgent } = this.#values;
      if (this.#isBehind && urgent === undefined) this.#read();
      else if (this.options.monotonic() < this.#refusedUntilMs) return false;
      else if (this.#values.hasToFlush && urgent !== "merge") this.#write("flush");
      else if (this.#values.hasToMerge) this.#write("merge");
      else return false;
    } catch (error) {
      this.#rebuild(errorMessage(error));
    }
    return true;
  }

  /** Whether there are lines left to read. */
  get #isBehind(): boolean {
    return this.#lines.next <= this.#durable && !this.#isUnreadable;
  }

  #read(): void {
    try {
      this.#lines.read(this.#durable, this.#taker);
      this.#trouble = undefined;
    } catch (error) {
      this.#isUnreadable = true;
      if (isPassing(error)) return;
      this.#tell(`The index of values cannot continue: ${errorMessage(error)}`);
      this.options.unreadable(this.#lines.next);
    }
  }

  /** @throws {IndexDamagedError} */
  #write(kind: "flush" | "merge"): void {
    try {
      const work = this.#works[kind] ??= this.#values[kind]();
      if (work.next().done === true) this.#works[kind] = undefined;
    } catch (error) {
      if (error instanceof IndexDamagedError) throw error;
      this.#leaveWorks();
      this.#refusedUntilMs = this.options.monotonic() + REFUSED_MS;
      this.#tell(`Cannot write the index of values: ${errorMessage(error)}`);
    }
  }

  /** Unfinished work starts over. */
  #leaveWorks(): void {
    for (const work of Object.values(this.#works)) work?.return();
    this.#works = {};
    this.#runs.abandon();
  }

  #answerThose(isDue: (waiting: Waiting) => boolean): void {
    const due = this.#waiting.filter(isDue);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    for (const waiting of due) {
      try {
        this.options.answer(this.#found(waiting.question));
      } catch (error) {
        this.#rebuild(errorMessage(error));
        this.#waiting.push(waiting);
      }
    }
  }

  #found({ id, keys, limits }: Question): Answer {
    const lists = Array.from(keys, (key, at) => this.#values.newest(key, limits[at] ?? 0));
    return {
      kind: "found",
      id,
      counts: Uint32Array.from(lists, ({ length }) => length),
      positions: joined(Uint32Array, lists),
      upTo: this.#lines.next - 1,
    };
  }

  /** The index that an earlier process left, if it belongs to these lines. */
  #known(): SqliteValueRuns | undefined {
    let runs: SqliteValueRuns | undefined;
    try {
      runs = new SqliteValueRuns(this.options.index);
      const { point } = runs;
      if (point === undefined || this.#lines.continueFrom(point)) return runs;
    } catch (error) {
      if (isPassing(error)) throw error;
      // Unusable: it is created again.
    }
    runs?.close();
    return undefined;
  }

  #nothing(): SqliteValueRuns {
    SqliteValueRuns.remove(this.options.index);
    return new SqliteValueRuns(this.options.index);
  }

  #rebuild(reason: string): void {
    this.#tell(`The index of values is damaged: ${reason}; it is being rebuilt`);
    this.#works = {};
    this.#runs.close();
    this.#lines.begin();
    this.#runs = this.#nothing();
    this.#values = new FiledValues(this.#runs, this.options.generationPostings);
  }

  #tell(message: string): void {
    if (this.#trouble !== message) this.options.warn(message);
    this.#trouble = message;
  }

  readonly #taker: LineSink = {
    entry: (entry) => this.#values.add(entry),
    batchEnd: (point) => this.#values.batchEnd(point),
  };
}

/** Whether there was no free file descriptor: then the next lines are a new attempt. */
function isPassing(error: unknown): boolean {
  return isOutOfDescriptors(error) || errorMessage(error).includes("unable to open database file");
}

/** Runs the index in this thread from now on. */
export function keepValues(): void {
  const { port, ...place } = workerData as FilingSeed;
  const say = (message: FromFiling, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  let filing: Filing | undefined;
  let trouble = "";
  /** Opens the index; `undefined` while there is no room for its files, or no file descriptor. */
  const opened = () => {
    try {
      filing ??= new Filing({
        ...place,
        answer: (answer) => say(answer, [answer.counts.buffer, answer.positions.buffer]),
        warn: (message) => say({ kind: "warning", message }),
        unreadable: (logId) => say({ kind: "unreadable", logId }),
        monotonic: () => performance.now(),
      });
    } catch (error) {
      const message = `Cannot open the index of values: ${errorMessage(error)}`;
      if (message !== trouble && !isPassing(error)) say({ kind: "warning", message });
      trouble = message;
    }
    return filing;
  };
  let isWorking = false;
  let hasStopped = false;
  const work = async () => {
    if (isWorking) return;
    isWorking = true;
    while (!hasStopped && filing?.turn() === true) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    isWorking = false;
  };
  port.on("message", (message: ToFiling) => {
    if (message.kind === "stop") {
      hasStopped = true;
      filing?.stop();
      return say({ kind: "stopped" });
    }
    if (message.kind === "checkpoint") return copyLog(message.path);
    if (message.kind === "prove") return prove(message, say);
    if (message.kind === "find") opened()?.find(message);
    else opened()?.durable(message.logId);
    void work();
  });
}

function copyLog(path: string): void {
  try {
    checkpoint(path);
  } catch {
    // The next request tries again. Readers of the index report what is wrong with it.
  }
}

function prove(
  { id, path, segment }: Extract<ToFiling, { kind: "prove" }>,
  say: (message: FromFiling) => void,
): void {
  void isWholeSegment(path, segment).then((isWhole) => say({ kind: "proven", id, isWhole }));
}
