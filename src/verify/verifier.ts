/**
 * Verifies the journal inside the process that serves it, as the command does: one verification at
 * a time, in slices, so that requests are served meanwhile.
 *
 * It does not run in a worker. A worker would have to read the sources of Daybook, for which a
 * server has no permission, and might find other sources than those that run. It would also not
 * limit memory: a worker that runs out of memory ends the process.
 */

import { sizeText } from "../core/counted.ts";
import { errorMessage } from "../core/thrown.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { Clock, VerificationRun } from "../engine/ports.ts";
import type { Pause } from "../engine/turns.ts";
import { failureReason, JournalDamagedError } from "../journal/errors.ts";
import type { AuditOptions } from "./audit.ts";
import type { JudgedAudit } from "./verdict.ts";

interface VerifierOptions extends Pick<AuditOptions, "fileSystem" | "layout" | "scratch"> {
  readonly clock: Clock;
  /** Serves what the journal holds. */
  readonly engine: JobEngine;
  readonly memory: () => MemoryUse;
  /** Called if a line of the journal is damaged. */
  readonly damaged: (error: JournalDamagedError) => void;
  /** Called with warnings for the operator. */
  readonly warn: (message: string) => void;
}

/** Whether a verification was started; if not, why. */
type VerificationStart =
  | { readonly started: true }
  | { readonly started: false; readonly reason: string };

/** The process is stopping. */
class VerificationStoppedError extends Error {
  override readonly name = "VerificationStoppedError";
}

/** Loaded with the first verification: no start needs it. */
const verdicts = () => import("./verdict.ts");

export class Verifier {
  #proof: { readonly end: AbortController; readonly ended: Promise<void> } | undefined;
  #run: VerificationRun | null = null;

  constructor(private readonly options: VerifierOptions) {}

  /** `null` before the first. */
  get run(): VerificationRun | null {
    return this.#run;
  }

  /** Starts a verification, unless one is running or there is too little memory for it. */
  start(): VerificationStart {
    if (this.#proof !== undefined) {
      return { started: false, reason: "a verification is already running" };
    }
    const reason = memoryLack(this.options.memory(), "before");
    if (reason !== undefined) return { started: false, reason };
    this.#begin();
    return { started: true };
  }

  /** Ends a running verification without a verdict, and resolves when it has closed its files. */
  async stop(): Promise<void> {
    this.#proof?.end.abort(
      new VerificationStoppedError("Cannot continue: the process is stopping"),
    );
    await this.#proof?.ended;
  }

  #begin(): void {
    const startedAt = this.#now();
    const end = new AbortController();
    this.#run = { status: "running", startedAt, bytesDone: 0, bytesTotal: 0 };
    const ended = this.#prove(startedAt, end).finally(() => this.#proof = undefined);
    this.#proof = { end, ended };
  }

  async #prove(startedAt: string, end: AbortController): Promise<void> {
    try {
      await this.#keep(await this.#judge(startedAt, end));
      this.#run = { status: "ended", startedAt, endedAt: this.#now() };
    } catch (thrown) {
      // Whatever form the error took, an abort is the real reason.
      const error: unknown = end.signal.aborted ? end.signal.reason : thrown;
      this.#run = error instanceof VerificationStoppedError ? null : this.#failed(startedAt, error);
    }
  }

  #failed(startedAt: string, error: unknown): VerificationRun {
    const detail = errorMessage(error);
    this.options.warn(`the verification reached no verdict: ${detail}`);
    return { status: "failed", startedAt, endedAt: this.#now(), detail };
  }

  async #judge(startedAt: string, end: AbortController): Promise<JudgedAudit> {
    const { clock, engine } = this.options;
    const { judge } = await verdicts();
    const { ServedAudit, ServedHere } = await import("./served_audit.ts");
    const pause = pauseBetweenSlices(clock, end.signal, () => {
      const reason = memoryLack(this.options.memory(), "during");
      if (reason !== undefined) end.abort(new RangeError(reason));
    });
    return await judge(
      {
        ...this.options,
        pause,
        progress: (bytesDone, bytesTotal) => {
          this.#run = { status: "running", startedAt, bytesDone, bytesTotal };
        },
      },
      () => ServedAudit.ask(new ServedHere(engine), () => {}, pause),
      true,
    );
  }

  async #keep(judged: JudgedAudit): Promise<void> {
    const { warn, damaged, layout } = this.options;
    const { isVerified, keepVerdict } = await verdicts();
    const { kind, line } = judged.verdict;
    const { stoppedAt } = judged.report;
    if (!isVerified(judged.verdict)) throw new Error(line);
    if (kind !== "intact") warn(`the journal was verified: ${line}`);
    try {
      await keepVerdict(this.options, judged);
    } catch (error) {
      throw new Error(
        `the verdict could not be saved: ${failureReason(error, layout.folder)}; it was ${line}`,
      );
    } finally {
      if (stoppedAt !== undefined) damaged(new JournalDamagedError(stoppedAt, stoppedAt.reason));
    }
  }

  #now(): string {
    return new Date(this.options.clock.now()).toISOString();
  }
}

/** How long other work may be delayed; a request needs several turns. */
const SLICE_MS = 2;

/**
 * Pauses after every slice of time.
 *
 * @param signal Ends the work with its reason, wherever a pause might be.
 * @param beforePause Called before each pause; may abort the signal.
 */
export function pauseBetweenSlices(
  clock: Clock,
  signal: AbortSignal,
  beforePause: () => void,
): Pause {
  let began = clock.monotonic();
  const pause = async () => {
    beforePause();
    signal.throwIfAborted();
    await clock.pause();
    began = clock.monotonic();
  };
  return () => {
    signal.throwIfAborted();
    return clock.monotonic() - began < SLICE_MS ? undefined : pause();
  };
}

/** The heap of the process. Memory outside of it is negligible. */
export interface MemoryUse {
  readonly usedBytes: number;
  /** The size at which the process would die. */
  readonly bytesMax: number;
}

/** The part of the heap beyond this share is reserved for requests. */
const SHARE_MAX = 0.8;

/**
 * Why a verification has too little memory, if so: this process does other work too. It projects the
 * whole journal a second time, which takes about as much memory as the first.
 *
 * @param when Before it begins, that memory is still to be used.
 */
function memoryLack(
  { usedBytes, bytesMax }: MemoryUse,
  when: "before" | "during",
): string | undefined {
  const neededBytes = when === "before" ? 2 * usedBytes : usedBytes;
  if (neededBytes <= SHARE_MAX * bytesMax) return undefined;
  return `the heap of this process, ${sizeText(bytesMax)}, has too little room to project ` +
    "the journal a second time; deno task journal verify does it in a process of its own";
}
