/**
 * Assembles one Daybook from the journal, the engine and the HTTP application, and starts and stops
 * them in order.
 */

import { errorStack } from "../core/thrown.ts";
import { diskFree, heapUse, processUsage, systemFigures } from "./system_figures.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { ENGINE_LIMITS, type EngineLimits } from "../engine/events/delivery_limits.ts";
import { JobEngine } from "../engine/job_engine.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import type { Clock, JobLog, KeyStore, Random, RecoveryReport, Tracing } from "../engine/ports.ts";
import { within } from "../engine/within.ts";
import type { Access } from "../http/guard/access.ts";
import { createApp } from "../http/app.ts";
import type { HttpLimits } from "../http/guard/capacity.ts";
import type { ConnectionInfo } from "../http/guard/client_address.ts";
import type { RequestSpans } from "../http/requests/headers.ts";
import type { Configuration, Origins } from "../settings/configuration.ts";
import { DenoFileSystem } from "../journal/deno_file_system.ts";
import { FileJournal } from "../journal/file_journal.ts";
import { KeyFiles } from "../journal/key_files.ts";
import { jobIndexIn } from "../index/open_index.ts";
import { scratchIndexIn } from "../index/scratch_index.ts";
import type { SqliteJobIndex } from "../index/sqlite_job_index.ts";
import { journalLayout } from "../journal/layout.ts";
import { JobLogFiles } from "../journal/job_log_files.ts";
import { type ReadingProgress, RESERVE_BYTES } from "../journal/options.ts";
import type { SharedJournal } from "../journal/shared_log.ts";
import { combineCommitWatches, combineJobWatches, Metrics } from "../metrics/metrics.ts";
import { Trends } from "../metrics/trends.ts";
import { cutShortWarnings } from "./banner.ts";
import { ServedHere } from "./served_here.ts";
import { Verifier } from "../verify/verifier.ts";
import { ThreadPool } from "../threads/thread_pool.ts";
import { ThreadedCode } from "../threads/threaded_code.ts";
import { hasDescriptors, ThreadedPastEvents } from "../values/threaded_past_events.ts";
import { VERSION } from "../version.ts";
import { Watchdog, type WatchdogOptions } from "../watchdog/watchdog.ts";

/**
 * How long a stop waits for connections to close: a client that does not read keeps its connection
 * open forever, and must not keep the journal from being sealed.
 */
const SERVER_CLOSE_MS = 3_000;

/** How long a start waits to find out whether the code of all waiting jobs still fits. */
const TRIALS_MAX_MS = 2_000;

/** Limits that the code defines as constants, and tests may override. */
export interface Limits extends EngineLimits, HttpLimits {
  /** Disk space kept for running jobs; 0 keeps none. */
  readonly reserveBytes: number;
}

export interface DaybookOptions {
  readonly configuration: Configuration;
  /** Where each setting comes from; all count as defaults if absent. */
  readonly origins?: Origins;
  /** Overrides the usual limits, for tests. */
  readonly limits?: Partial<Limits>;
  readonly clock: Clock;
  readonly random: Random;
  readonly definitions: readonly AnyJobDefinition[];
  /** Access by token; if absent, everyone may do everything. */
  readonly access?: Access | undefined;
  /** Collects spans, if present. */
  readonly tracing?: (Tracing & RequestSpans) | undefined;
  /**
   * Called when the journal can no longer be written; the process should answer open requests and
   * end.
   */
  readonly onJournalFailed: (error: Error) => void;
  /** How this process takes part in a journal that several share, if they do. */
  readonly sharing?: Sharing | undefined;
  /** Called with how far the journal is read. */
  readonly progress?: ReadingProgress;
  /** Called with warnings for the operator. */
  readonly warn: (message: string) => void;
  /** Receives the log of jobs, in addition to the log files. */
  readonly jobLog?: JobLog;
  /**
   * What to do if the event loop stands still. If absent, this is only reported to `warn`
   * afterwards.
   */
  readonly stalls?: Pick<WatchdogOptions, "exitMs" | "tells" | "isJson" | "onTooLong">;
}

/** Until `Daybook.lead` resolves, another process may lead, and this one follows it. */
export interface Sharing {
  readonly shared: SharedJournal;
  readonly keys: KeyStore;
}

const BYTES_PER_MB = 1_048_576;
const ONLY_REPORTED = { exitMs: 0, tells: false, isJson: false, onTooLong: () => {} };

/** The parts of an open Daybook. */
interface Parts {
  readonly engine: JobEngine;
  readonly journal: FileJournal;
  readonly report: RecoveryReport;
  readonly fetch: Daybook["fetch"];
  /** Aborting it ends the streams. */
  readonly streams: AbortController;
  readonly verifier: Verifier;
  readonly watchdog: Watchdog;
  readonly threads: ThreadPool;
  readonly logs: JobLogFiles;
  readonly index: SqliteJobIndex;
  readonly pastEvents: ThreadedPastEvents;
  readonly clock: Clock;
  readonly drainMs: number;
  readonly hold: boolean;
  readonly warn: (message: string) => void;
}

export class Daybook {
  readonly engine: JobEngine;
  readonly report: RecoveryReport;
  readonly fetch: (
    request: Request,
    connection?: ConnectionInfo,
  ) => Response | Promise<Response>;
  readonly journal: FileJournal;
  readonly #parts: Parts;
  #leads = false;

  private constructor(parts: Parts) {
    this.engine = parts.engine;
    this.report = parts.report;
    this.fetch = parts.fetch;
    this.journal = parts.journal;
    this.#parts = parts;
  }

  /**
   * Opens the journal, projects it, and continues unfinished jobs; those of a journal that others
   * share, once this process leads.
   *
   * @throws {JournalLockedError} if another process holds the journal.
   * @throws {JournalUnusableError} if the journal, or the key of a sealed input, cannot be used.
   * @throws {JournalDamagedError} if recorded data is damaged.
   */
  static async open(options: DaybookOptions): Promise<Daybook> {
    try {
      return await Daybook.#open(options);
    } catch (error) {
      // The damaged index is deleted by now; it is built again.
      if (error instanceof IndexDamagedError) return await Daybook.#open(options);
      throw error;
    }
  }

  static async #open(options: DaybookOptions): Promise<Daybook> {
    const { configuration, clock, random, definitions, tracing, warn } = options;
    const { jobsBytesMax } = configuration;
    const limits = { ...ENGINE_LIMITS, jobsBytesMax, ...options.limits };
    const onDefect = (error: unknown) => warn(`defect: ${engine.redact(errorStack(error))}`);
    const fileSystem = new DenoFileSystem();
    const counted = {
      clock,
      types: definitions.map(({ type }) => type),
      diskFree: await diskFree(configuration.folder),
    };
    const watchdog = new Watchdog({ ...(options.stalls ?? ONLY_REPORTED), warn });
    const membership = options.sharing?.shared.membership;
    const standing = membership && (() => membership.standing);
    const metrics = new Metrics({
      ...counted,
      processUsage,
      membership,
      stalls: () => watchdog.stalls,
    });
    const trends = new Trends(counted);
    const layout = journalLayout(configuration.folder);
    const index = jobIndexIn({ folder: layout.index, warn });
    const logs = new JobLogFiles({ folder: layout.logs, warn });
    const pastEvents = new ThreadedPastEvents({ ...layout, clock, warn });
    const threads = new ThreadPool({
      max: configuration.maxThreads,
      memoryMb: Math.floor(configuration.threadBytes / BYTES_PER_MB),
      hasRoom: () => hasDescriptors(configuration.folder),
    });
    const engine = new JobEngine({
      index,
      pastEvents,
      clock,
      random,
      definitions,
      keys: options.sharing?.keys ??
        new KeyFiles(fileSystem, layout, configuration.secretKey),
      maxRunning: configuration.maxRunning,
      threads: { place: new ThreadedCode(threads), max: configuration.maxThreads },
      limits,
      watch: combineJobWatches(metrics.jobs, trends),
      attemptWatch: watchdog,
      jobLog: {
        write(line) {
          logs.write(line);
          options.jobLog?.write(line);
        },
      },
      tracing,
      onJournalFailed: options.onJournalFailed,
      onDefect,
      onMisuse: (message) => warn(engine.redact(message)),
      // The start reports those that it parks.
      onParked: (message) => daybook.#leads && warn(engine.redact(message)),
    });
    const { journal, report } = await FileJournal.open({
      folder: configuration.folder,
      fileSystem,
      clock,
      random,
      consumer: engine.consumer,
      segmentBytes: configuration.segmentBytes,
      snapshotEvery: configuration.snapshotEvery,
      reserveBytes: limits.reserveBytes ?? RESERVE_BYTES,
      acceptSnapshotAhead: configuration.acceptSnapshotAhead,
      shared: options.sharing?.shared,
      watch: combineCommitWatches(metrics.commits, trends),
      ...(options.progress === undefined ? {} : { progress: options.progress }),
      warn,
    }).catch(async (error) => {
      index.close();
      await pastEvents.close();
      throw error;
    });
    fileSystem.keepDescriptors(layout.folder);
    watchdog.start();
    const verifier = new Verifier({
      fileSystem,
      layout,
      clock,
      served: new ServedHere(engine),
      memory: heapUse,
      scratch: () => scratchIndexIn(layout),
      warn,
    });
    const streams = new AbortController();
    const app = createApp({
      version: VERSION,
      engine,
      clock,
      shared: membership && { leads: () => daybook.#leads, leader: () => membership.otherUrl },
      metrics: metrics.of(engine),
      overview: trends,
      spans: tracing,
      verification: verifier,
      jobLog: logs,
      standing,
      system: systemFigures(engine, configuration, options.origins ?? new Map(), limits),
      access: options.access,
      allowedHosts: resolveAllowedHosts(configuration),
      ...options.limits,
      bodyBytesMax: configuration.bodyBytesMax,
      maxStartDelayMs: configuration.maxStartDelayMs,
      shutdownSignal: streams.signal,
      onError: onDefect,
    });
    const fetch: Daybook["fetch"] = (request, connection) => app.fetch(request, connection);
    const { drainMs, hold } = configuration;
    const parts = {
      engine,
      journal,
      report,
      fetch,
      streams,
      verifier,
      watchdog,
      threads,
      logs,
      index,
      clock,
    };
    const daybook = new Daybook({ ...parts, pastEvents, drainMs, hold, warn });
    await daybook.#orClose(() => engine.open(journal));
    if (options.sharing === undefined) await daybook.lead();
    return daybook;
  }

  /**
   * Runs the jobs, as soon as this process may lead the journal; until then it follows another one.
   * Throws what ends a process that follows, and what `open` throws.
   *
   * @returns `false` if it was stopped before.
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

  /** Whether the jobs are run here. */
  get leads(): boolean {
    return this.#leads;
  }

  /**
   * From now on, two signals to stop end a process that stands still. Only for processes that
   * handle signals.
   */
  mindSignals(): void {
    this.#parts.watchdog.mindSignals();
  }

  /**
   * Resolves when it is known whether the code of all waiting jobs still fits, so that the start
   * can report it; or after a while, if there are very many.
   */
  async tried(): Promise<void> {
    await within(this.#parts.clock, TRIALS_MAX_MS, this.engine.tried());
  }

  /**
   * Stops in order: no new work, streams end, open requests are answered, running tasks end or are
   * interrupted, and the journal is sealed.
   *
   * @param closeServer Resolves when the server has answered all requests.
   */
  async stop(closeServer: () => Promise<unknown>): Promise<void> {
    const { engine, streams, verifier, clock, drainMs } = this.#parts;
    const drained = engine.stop(drainMs);
    streams.abort();
    const unproved = verifier.stop();
    await within(clock, SERVER_CLOSE_MS, closeServer());
    await Promise.all([drained, unproved]);
    await this.#close();
  }

  async #close(): Promise<void> {
    const { journal, watchdog, threads, logs, index, pastEvents } = this.#parts;
    threads.close();
    await watchdog.stop();
    await logs.close();
    // It reads nothing that is written from now on.
    await Promise.all([pastEvents.close(), journal.close()]);
    index.close();
  }
}

/** Bound to all addresses, the names of this server are unknown; then the token decides. */
export function resolveAllowedHosts(configuration: Configuration): readonly string[] | "any" {
  const { hostname, allowedHosts, tokens } = configuration;
  const isUnspecified = hostname === "0.0.0.0" || hostname === "::";
  if (isUnspecified && tokens.length > 0 && allowedHosts.length === 0) return "any";
  return [hostname, ...allowedHosts];
}
