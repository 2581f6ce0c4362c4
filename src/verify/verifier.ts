/**
 * Verifies the journal inside the process that serves it, as the command does: one verification at
 * a time, in slices, so that requests are served meanwhile.
 *
 * It does not run in a worker. A worker would have to read the sources of Daybook, for which a
 * server has no permission, and might find other sources than those that run. It would also not
 * limit memory: a worker that runs out of memory ends the process.
 */

import { errorMessage } from "../core/thrown.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { Clock, VerificationRun } from "../engine/ports.ts";
import { failureReason, JournalDamagedError } from "../journal/errors.ts";
import type { AuditOptions } from "./audit.ts";
import type { JudgedAudit } from "./verdict.ts";
import { memoryLack, type MemoryUse, pauseBetweenSlices } from "./pace.ts";

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
      return {
        started: false,
        reason: "a verification is already running",
      };
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
