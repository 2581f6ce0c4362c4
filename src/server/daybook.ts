/** One Daybook from its start to its stop. */

import { stripTypeScriptTypes } from "node:module";
import type { UncaughtKind } from "../core/framework_events.ts";
import { errorMessage } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { RecoveryReport } from "../engine/ports.ts";
import { within } from "../engine/turns.ts";
import { allRoutes } from "../http/routes.ts";
import type { FileJournal } from "../journal/file_journal.ts";
import { cutShortWarnings, startWarnings } from "./banner.ts";
import { assemble, type DaybookOptions, type Parts } from "./parts.ts";

/**
 * How long a stop waits for connections to close: a client that does not read keeps its connection
 * open forever, and must not keep the journal from being sealed.
 */
const SERVER_CLOSE_MS = 3_000;

/** A process that ends sooner does not load what it may not need. */
const LOAD_AFTER_MS = 5_000;

/** How long a start waits for the check whether code fits jobs now. */
const TRIALS_MAX_MS = 2_000;

export class Daybook {
  readonly engine: JobEngine;
  readonly report: RecoveryReport;
  readonly fetch: Parts["fetch"];
  readonly journal: FileJournal;
  readonly #parts: Parts;
  #leads = false;
  #hasFound = false;
  #loadMs = LOAD_AFTER_MS;
  #cancelLoading: (() => void) | undefined;
  #isStopped = false;

  private constructor(parts: Parts) {
    this.engine = parts.engine;
    this.report = parts.report;
    this.fetch = parts.fetch;
    this.journal = parts.journal;
    this.#parts = parts;
  }

  /**
   * Opens the journal, projects it, and queues unfinished jobs; in a shared journal, once this
   * process leads.
   *
   * @throws {JournalLockedError} if another process holds the journal.
   * @throws {JournalUnusableError} if the journal, or the key of a sealed input, cannot be used.
   * @throws {JournalDamagedError} if recorded data is damaged.
   */
  static async open(options: DaybookOptions): Promise<Daybook> {
    try {
      return await Daybook.#open(options);
    } catch (error) {
      // The damaged index has been deleted, and is rebuilt.
      if (error instanceof IndexDamagedError) return await Daybook.#open(options);
      throw error;
    }
  }

  static async #open(options: DaybookOptions): Promise<Daybook> {
    translateOnce();
    const daybook: Daybook = new Daybook(
      await assemble(options, {
        leads: () => daybook.leads,
        reportsParked: () => daybook.#hasFound,
      }),
    );
    const { engine, journal } = daybook;
    await daybook.#orClose(() => engine.open(journal));
    if (options.sharing === undefined) await daybook.lead();
    return daybook;
  }

  /**
   * Queues the jobs as soon as this process may lead the journal; until then it follows another one.
   * Throws errors that end a follower, and those of `open`.
   *
   * @returns `false` if it was stopped first.
   */
  async lead(): Promise<boolean> {
    const { engine, journal, hold, warn } = this.#parts;
    return await this.#orClose(async () => {
      const restart = await journal.lead();
      if (restart === undefined) return false;
      const cutShort = await engine.lead(restart ?? undefined, hold);
      this.#leads = true;
      for (const warning of cutShortWarnings(cutShort)) warn(warning);
      return true;
    });
  }

  async #orClose<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      await this.#parts.verifier.stop();
      await this.#close();
      throw error;
    }
  }

  /** Whether this process runs the jobs. */
  get leads(): boolean {
    return this.#leads;
  }

  /**
   * Notices a blocked event loop from now on, and runs the jobs if this process leads. This is left
   * to the caller, since a start must not wait for code, nor for threads.
   */
  work(): void {
    const { indexThread, watchdog } = this.#parts;
    watchdog.start();
    indexThread.beginSoon();
    this.#loadLater();
    if (this.#leads) this.engine.work();
  }

  #loadLater(): void {
    if (this.#isStopped) return;
    this.#cancelLoading?.();
    this.#cancelLoading = this.#parts.clock.setTimer(this.#loadMs, () => void this.#loadRest());
  }

  /**
   * Loads what the start did not need, before a client asks for it: the first answer would be late,
   * and later there may be no file descriptor for it, or the files of another version.
   */
  async #loadRest(): Promise<void> {
    try {
      await this.engine.explanations();
      await allRoutes(this.#parts.clock);
    } catch (error) {
      if (this.#loadMs === LOAD_AFTER_MS) {
        this.#parts.warn(
          `Cannot load what explanations and pages need yet: ${errorMessage(error)}`,
        );
      }
      this.#loadMs *= 2;
      this.#loadLater();
    }
  }

  /**
   * From now on, two stop signals end a blocked process. Only for processes that handle signals.
   */
  handleSignals(): void {
    this.#parts.watchdog.handleSignals();
  }

  /** Records an error that no code caught, and that belongs to no attempt as far as is known. */
  uncaught(kind: UncaughtKind, thrown: unknown): void {
    const { engine, watchdog: { open } } = this.#parts;
    engine.processFacts.errorUncaught({ kind, thrown, open });
  }

  /**
   * What the start found that a person should know, once no job is being checked against its code,
   * or after a while, if there are very many. Jobs that are parked later are reported one by one.
   */
  async found(): Promise<readonly string[]> {
    await within(this.#parts.clock, TRIALS_MAX_MS, this.engine.tried());
    this.#hasFound = true;
    return await startWarnings(this.engine);
  }

  /**
   * Stops in order: no new work, streams end, running tasks end or are interrupted, open requests are
   * answered, and the journal is sealed. Until the last task has ended, reads are answered: they show
   * what the stop waits for.
   *
   * @param closeServer Resolves when the server has answered all requests.
   */
  async stop(closeServer: () => Promise<unknown>): Promise<void> {
    const { engine, streams, verifier, clock, drainMs } = this.#parts;
    this.#isStopped = true;
    this.#cancelLoading?.();
    const drained = engine.stop(drainMs);
    streams.abort();
    const unproved = verifier.stop();
    try {
      await Promise.all([drained, unproved])
        .finally(() => within(clock, SERVER_CLOSE_MS, closeServer()));
    } finally {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    const { journal, watchdog, threads, logs, index, indexThread } = this.#parts;
    threads.close();
    await watchdog.stop();
    await logs.close();
    // The verification does not read what is written from now on.
    await Promise.all([indexThread.close(), journal.close()]);
    index.close();
  }
}

/**
 * Makes Deno translate a statement while file descriptors are free. When the main thread does so for
 * the first time, Deno looks up the size of its stack in a file, and ends the process if it cannot:
 * https://github.com/rust-lang/stacker/issues/115. A module that is loaded later may be the first.
 */
function translateOnce(): void {
  stripTypeScriptTypes("if (true) {}");
}
