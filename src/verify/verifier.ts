/**
 * Verifies the journal inside the process that serves it, as the command does: one verification at
 * a time, in slices, so that requests are served meanwhile.
 *
 * It does not run in a worker. A worker would have to read the sources of Daybook, for which a
 * server has no permission, and might find other sources than those that run. It would also not
 * limit memory: a worker that runs out of memory ends the process.
 */

import { errorMessage } from "../core/thrown.ts";
import type { Clock, VerificationRun } from "../engine/ports.ts";
import { failureReason } from "../journal/errors.ts";
import type { FileSystem } from "../journal/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import { audit, type Scratch } from "./audit.ts";
import { type JudgedAudit, keepVerdict, toVerdict } from "./verdict.ts";
import { memoryLack, type MemoryUse, pauseBetweenSlices } from "./pace.ts";
import { ServedAudit, type ServedSource } from "./served_audit.ts";

interface VerifierOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly clock: Clock;
  /** What this process serves. */
  readonly served: ServedSource;
  readonly memory: () => MemoryUse;
  /** See `AuditOptions`. */
  readonly scratch?: () => Scratch;
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

interface Proof {
  readonly end: AbortController;
  readonly ended: Promise<void>;
}

export class Verifier {
  readonly #options: VerifierOptions;
  #proof: Proof | undefined;
  #run: VerificationRun | null = null;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

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
    const reason = memoryLack(this.#options.memory(), "before");
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
    this.#options.warn(`the verification reached no verdict: ${detail}`);
    return { status: "failed", startedAt, endedAt: this.#now(), detail };
  }

  async #judge(startedAt: string, end: AbortController): Promise<JudgedAudit> {
    const { fileSystem, layout, clock, scratch } = this.#options;
    const began = clock.monotonic();
    const pause = pauseBetweenSlices(clock, end.signal, () => {
      const reason = memoryLack(this.#options.memory(), "during");
      if (reason !== undefined) end.abort(new RangeError(reason));
    });
    const served = await ServedAudit.ask(this.#options.served, () => {}, pause);
    const report = await audit({
      fileSystem,
      layout,
      served,
      pause,
      ...(scratch === undefined ? {} : { scratch }),
      progress: (bytesDone, bytesTotal) => {
        this.#run = { status: "running", startedAt, bytesDone, bytesTotal };
      },
    });
    const durationMs = Math.round(clock.monotonic() - began);
    return { report, verdict: toVerdict(report, true), durationMs };
  }

  async #keep(judged: JudgedAudit): Promise<void> {
    const { warn, layout } = this.#options;
    const { kind, line } = judged.verdict;
    if (kind !== "intact") warn(`the journal was verified: ${line}`);
    if (kind === "unusable") throw new Error(line);
    try {
      await keepVerdict(this.#options, judged);
    } catch (error) {
      throw new Error(
        `the verdict could not be saved: ${failureReason(error, layout.folder)}; it was ${line}`,
      );
    }
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
