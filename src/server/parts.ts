/**
 * The parts of one Daybook: the journal, the engine, the HTTP application, and their shared
 * services.
 */

import { errorStack } from "../core/thrown.ts";
import { diskFree, heapUse, processUsage, systemFigures } from "./system_figures.ts";
import { ENGINE_LIMITS, type EngineLimits } from "../engine/engine_limits.ts";
import { JobEngine } from "../engine/job_engine.ts";
import type { LogId } from "../core/ids.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import type { Clock, Random } from "../engine/ports.ts";
import type { PastEvents } from "../engine/views/past_events.ts";
import { ReadPastEvents } from "../engine/views/value_index.ts";
import type { JobLog, Tracing } from "../engine/watches.ts";
import type { Access } from "../access/tokens.ts";
import { createApp } from "../http/app.ts";
import type { HttpLimits } from "../http/capacity/limits.ts";
import type { ConnectionInfo } from "../http/requests/viewer.ts";
import type { RequestSpans } from "../http/requests/request.ts";
import type { Configuration, Origins } from "../settings/configuration.ts";
import { DenoFileSystem } from "../journal/files/deno_file_system.ts";
import { FileJournal } from "../journal/file_journal.ts";
import { KeyFiles } from "../journal/files/key_files.ts";
import { jobIndexIn } from "../index/open_index.ts";
import { scratchIndexIn } from "../index/scratch_index.ts";
import { journalLayout } from "../journal/layout.ts";
import { JobLogFiles, SilenceLog } from "./logs.ts";
import { type ReadingProgress, RESERVE_BYTES } from "../journal/options.ts";
import type { PostgresJournal } from "../postgres/open.ts";
import { combineCommitWatches, combineJobWatches, Metrics } from "../metrics/metrics.ts";
import { Trends } from "../metrics/trends.ts";
import { Verifier } from "../verify/verifier.ts";
import { type ThreadLimits, ThreadPool } from "../threads/thread_pool.ts";
import { inThreadsOf } from "../threads/threaded_code.ts";
import { hasDescriptors, IndexThread, type SearchHere } from "../values/index_thread.ts";
import { VERSION } from "../version.ts";
import { Watchdog, type WatchdogOptions } from "../watchdog/watchdog.ts";

/** Limits that the code defines, and tests may override. */
export interface Limits extends EngineLimits, HttpLimits {
  readonly threads: ThreadLimits;
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
  /**
   * If the journal is shared. Until `Daybook.lead` resolves, another process may lead, and this one
   * follows.
   */
  readonly sharing?: PostgresJournal | undefined;
  /** Called with the progress of reading the journal. */
  readonly progress?: ReadingProgress;
  /** Called with warnings for the operator. */
  readonly warn: (message: string) => void;
  /** Receives the log of jobs, in addition to the log files. */
  readonly jobLog?: JobLog;
  /**
   * What to do if the event loop is blocked. If absent, a stall is only reported to `warn`
   * afterwards.
   */
  readonly stalls?: Pick<WatchdogOptions, "exitMs" | "reports" | "isJson" | "onTooLong">;
}

/**
 * A byte of an unfinished job takes five to eight bytes of heap, and such jobs may fill half of the
 * heap. So V8's `--max-old-space-size` is the only setting for the memory of this process.
 */
const JOBS_SHARE_OF_HEAP = 1 / 16;

/**
 * As many threads as processors, for code that computes; at least a few, since code that waits for
 * the network needs a thread but no processor.
 */
const THREADS: ThreadLimits = { max: Math.max(4, navigator.hardwareConcurrency), memoryMb: 256 };

/**
 * Nothing ends code in a thread that is blocked in a system call, such as a read from a pipe. Each
 * such thread keeps some 20 MiB.
 */
const LEAVING_THREADS_MAX = 32;

/** How many descriptors new connections may take while a thread begins. Counting costs 2 ms. */
const TAKEN_MEANWHILE = 512;

/** A beat that is later than this came after the event loop was blocked. */
const ON_TIME_MS = 1_000;

const ONLY_REPORTED = { exitMs: 0, reports: false, isJson: false, onTooLong: () => {} };

/** The parts of an open Daybook. */
export type Parts = Awaited<ReturnType<typeof assemble>>;

interface Whole {
  /** Whether this process runs the jobs now. */
  leads(): boolean;
  /** Whether each job that is parked is reported: not those that the start parks. */
  reportsParked(): boolean;
}

/** Opens the journal and creates the parts, which do nothing yet. */
export async function assemble(options: DaybookOptions, { leads, reportsParked }: Whole) {
  const { configuration, clock, random, definitions, tracing, warn } = options;
  const jobsBytesMax = Math.floor(heapUse().bytesMax * JOBS_SHARE_OF_HEAP);
  const limits = { ...ENGINE_LIMITS, jobsBytesMax, threads: THREADS, ...options.limits };
  const onDefect = (error: unknown) => warn(`defect: ${engine.redact(errorStack(error))}`);
  const fileSystem = new DenoFileSystem(clock);
  const counted = {
    clock,
    types: definitions.map(({ type }) => type),
    diskFree: await diskFree(configuration.folder),
  };
  const silenceLog = new SilenceLog(warn);
  const watchdog = new Watchdog({
    ...(options.stalls ?? ONLY_REPORTED),
    endNote: journalLayout(configuration.folder).endNote,
    warn,
    onBlocked: (blocked) => engine.processFacts.loopBlocked(blocked),
    onBeat: (lateMs) => {
      engine.processFacts.lookAtClock();
      // After the event loop was blocked, a write may be complete that is not known to be.
      if (lateMs < ON_TIME_MS) silenceLog.look(engine.silence);
    },
  });
  const membership = options.sharing?.shared.membership;
  const metrics = new Metrics({
    ...counted,
    processUsage,
    membership,
    stalls: () => watchdog.stalls,
  });
  const trends = new Trends(counted);
  const layout = journalLayout(configuration.folder);
  const searched: PastEvents = new ReadPastEvents(clock, (...page) => journal.read(...page));
  const here: SearchHere = {
    find: (...query) => searched.find(...query),
    journalBytes: () => journal.bytes,
  };
  // A read of the journal that meets damage fails it. A damaged newline hides the line after it.
  const unreadable = (logId: LogId) => void journal.read(logId - 2, 2).catch(() => {});
  const indexThread = new IndexThread({ ...layout, clock, here, warn, unreadable });
  const index = jobIndexIn({
    folder: layout.index,
    checkpoint: (path) => indexThread.checkpoint(path),
    warn,
  });
  const logs = new JobLogFiles({ folder: layout.logs, warn });
  const threads = new ThreadPool({
    ...limits.threads,
    hasRoom: () => hasDescriptors(configuration.folder),
    isTight: () => !hasDescriptors(configuration.folder, TAKEN_MEANWHILE),
    leavingMax: LEAVING_THREADS_MAX,
    warn,
  });
  const engine = new JobEngine({
    index,
    pastEvents: indexThread,
    clock,
    random,
    definitions,
    keys: options.sharing?.keys ??
      new KeyFiles(fileSystem, layout, configuration.secretKey),
    maxRunning: configuration.maxRunning,
    threads: { place: inThreadsOf(threads), max: limits.threads.max },
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
    onParked: (message) => reportsParked() && warn(engine.redact(message)),
    onFailed: (message) => warn(engine.redact(message)),
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
    prover: indexThread,
    acceptSnapshotAhead: configuration.acceptSnapshotAhead,
    shared: options.sharing?.shared,
    watch: combineCommitWatches(metrics.commits, trends),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
    warn,
  }).catch(async (error) => {
    index.close();
    await indexThread.close();
    throw error;
  });
  fileSystem.keepDescriptors(layout.folder);
  const verifier = new Verifier({
    fileSystem,
    layout,
    clock,
    engine,
    memory: heapUse,
    scratch: () => scratchIndexIn(layout),
    damaged: (error) => journal.damaged(error),
    warn,
  });
  const streams = new AbortController();
  const app = createApp({
    version: VERSION,
    engine,
    clock,
    shared: membership && {
      leads,
      leader: () => membership.otherUrl,
      standing: () => membership.standing,
    },
    metrics: metrics.of(engine),
    overview: trends,
    spans: tracing,
    verification: verifier,
    jobLog: logs,
    system: systemFigures(engine, configuration, options.origins ?? new Map(), limits),
    access: options.access,
    allowedHosts: resolveAllowedHosts(configuration),
    ...options.limits,
    bodyBytesMax: configuration.bodyBytesMax,
    maxStartDelayMs: configuration.maxStartDelayMs,
    shutdownSignal: streams.signal,
    onError: onDefect,
  });
  const fetch = (request: Request, connection?: ConnectionInfo) => {
    // Others call no code of jobs.
    if (request.method === "POST") watchdog.start();
    return app.fetch(request, connection);
  };
  const { drainMs, hold } = configuration;
  return {
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
    indexThread,
    clock,
    drainMs,
    hold,
    warn,
  };
}

/** A server bound to all addresses does not know its names; then the token decides. */
function resolveAllowedHosts(configuration: Configuration): readonly string[] | "any" {
  const { hostname, advertise, allowedHosts, tokens } = configuration;
  const isUnspecified = hostname === "0.0.0.0" || hostname === "::";
  if (isUnspecified && tokens.length > 0 && allowedHosts.length === 0) return "any";
  const advertised = advertise === undefined ? [] : [new URL(advertise).hostname];
  return [hostname, ...advertised, ...allowedHosts];
}
