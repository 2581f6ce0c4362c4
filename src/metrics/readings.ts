/** Gauges: current values, read only when they are scraped. */

import { CONDITIONS } from "../core/condition.ts";
import type { Standing } from "../core/standing.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { JournalInfo } from "../engine/ports.ts";
import { type HttpActivity, isOutcome } from "./figures.ts";
import { Counter, Gauge, Registry } from "./prometheus.ts";
import { VERSION } from "../version.ts";

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  /** Since the epoch. */
  readonly startedSeconds: number;
}

/** The sources of the gauges. */
interface Sources {
  readonly engine: JobEngine;
  readonly edge: HttpActivity;
  readonly journal: JournalInfo;
  readonly process: ProcessUsage | undefined;
  readonly diskFree: number | undefined;
  readonly stalls: number | undefined;
  readonly standing: Standing | undefined;
}

/** By name. A value of `undefined` leaves the gauge out, which is better than a wrong 0. */
type Readings = Readonly<
  Record<string, readonly [help: string, read: (sources: Sources) => number | boolean | undefined]>
>;

/**
 * Gauges that only the leader of a shared journal reports, so that sums over processes are correct.
 */
const OF_LEADER: Readings = {
  daybook_recorded_jobs: ["Jobs in the journal.", ({ engine }) => engine.activity.jobs],
  daybook_queue_depth: ["Jobs waiting for a worker.", ({ engine }) => engine.activity.queued],
  daybook_oldest_queued_age_seconds: [
    "How long the oldest queued job has waited; 0 when none is queued.",
    ({ engine }) => engine.activity.oldestQueuedMs / 1000,
  ],
  daybook_pauses: ["Pauses in force.", ({ engine }) => engine.activity.paused.pauses],
  daybook_paused_jobs: [
    "Jobs ready for a worker that pauses hold.",
    ({ engine }) => engine.activity.paused.jobs,
  ],
  daybook_workers_busy: ["Workers with a job.", ({ engine }) => engine.activity.busyWorkers],
  daybook_workers_max: ["Workers.", ({ engine }) => engine.activity.maxWorkers],
};

const READINGS: Readings = {
  daybook_index_jobs: [
    "Ended jobs in the index, which are not in memory.",
    ({ engine }) => engine.activity.indexed,
  ],
  daybook_index_waiting_jobs: [
    "Ended jobs in memory, until the index has them.",
    ({ engine }) => engine.activity.leaving,
  ],
  daybook_draining: ["1 while the process is stopping.", ({ engine }) => engine.draining],
  daybook_open_streams: ["Open event streams.", ({ edge }) => edge.streams],
  daybook_waiting_requests: ["Requests waiting for a job.", ({ edge }) => edge.waiting],
  daybook_open_requests: [
    "Requests being answered, including this one.",
    ({ edge }) => edge.requests,
  ],
  daybook_journal_head_log_id: ["The last durable position.", ({ journal }) => journal.head.logId],
  daybook_journal_bytes: ["Bytes of all segments.", ({ journal }) => journal.bytes],
  daybook_journal_segments: ["Segments.", ({ journal }) => journal.segments.length],
  daybook_journal_proven_segments: [
    "Complete segments that this process has verified.",
    ({ journal }) => journal.proof.proven,
  ],
  daybook_journal_trusted_segments: [
    "Complete segments that this process has not verified yet.",
    ({ journal }) => journal.proof.trusted,
  ],
  daybook_journal_pending_bytes: [
    "Approximate bytes waiting to become durable.",
    ({ engine }) => engine.activity.pendingBytes,
  ],
  daybook_journal_full: [
    "1 while writes are refused because the disk is full.",
    ({ engine }) => engine.full,
  ],
  daybook_journal_disk_silent: [
    "1 while the disk has not completed a write for five seconds.",
    ({ engine }) => engine.silence?.of === "disk",
  ],
  daybook_journal_failed: [
    "1 when the journal failed: nothing can be recorded until the next start.",
    ({ engine }) => engine.failed,
  ],
  daybook_journal_snapshot_log_id: [
    "The position of the last snapshot.",
    ({ journal }) => journal.lastSnapshot?.logId,
  ],
  daybook_journal_disk_free_bytes: [
    "Free bytes on the disk of the journal.",
    ({ diskFree }) => diskFree,
  ],
  // Of a shared journal.
  daybook_shared_leading: [
    "1 while this process leads the shared journal, 0 while it follows.",
    ({ standing }) => standing && standing.role === "leading",
  ],
  daybook_shared_since_timestamp_seconds: [
    "When this process began to lead or follow.",
    ({ standing }) => standing && Date.parse(standing.since) / 1000,
  ],
  daybook_shared_behind_entries: [
    "Entries that the copy of a follower lacked at the last check; 0 for the leader.",
    ({ standing }) => standing && (standing.copy?.entriesBehind ?? 0),
  ],
  daybook_shared_behind_seconds: [
    "Seconds since the copy of a follower was last known to be complete; 0 for the leader.",
    ({ standing }) => standing && (standing.copy?.msBehind ?? 0) / 1000,
  ],
  daybook_shared_database_silent: [
    "1 while the database does not answer this process.",
    ({ standing }) => standing && standing.databaseSilentSince !== null,
  ],
  daybook_shared_standby_demanded: [
    "1 if the database must have a synchronous standby.",
    ({ standing }) => standing?.database?.standbyDemanded,
  ],
  daybook_shared_standbys: [
    "Synchronous standbys of the database that are connected.",
    ({ standing }) => standing?.database?.standbys ?? undefined,
  ],
  daybook_recovery_clean: [
    "1 when the last stop before this start was clean.",
    ({ journal }) => journal.lastRecovery.clean,
  ],
  daybook_recovery_seconds: [
    "How long this start took to open the journal.",
    ({ journal }) => journal.lastRecovery.durationMs / 1000,
  ],
  daybook_recovery_replayed_entries: [
    "Entries that this start replayed.",
    ({ journal }) => journal.lastRecovery.entriesReplayed,
  ],
  daybook_recovery_quarantined_bytes: [
    "Bytes that this start moved to quarantine.",
    ({ journal }) => journal.lastRecovery.bytesQuarantined,
  ],
  daybook_verification_intact: [
    "1 when the last verification found the journal intact.",
    ({ journal: { lastVerification } }) =>
      lastVerification === null ? undefined : lastVerification.verdict === "intact",
  ],
  daybook_verification_timestamp_seconds: [
    "When the journal was last verified.",
    ({ journal: { lastVerification } }) =>
      lastVerification === null ? undefined : Date.parse(lastVerification.at) / 1000,
  ],
  daybook_verification_log_id: [
    "The position up to which the journal was last verified.",
    ({ journal }) => journal.lastVerification?.head.logId,
  ],
  process_resident_memory_bytes: [
    "Resident memory size in bytes.",
    ({ process }) => process?.residentBytes,
  ],
  process_heap_used_bytes: [
    "Used bytes of the JavaScript heap.",
    ({ process }) => process?.heapUsedBytes,
  ],
  process_start_time_seconds: [
    "Start time of the process since unix epoch in seconds.",
    ({ process }) => process?.startedSeconds,
  ],
};

/**
 * A new registry for each scrape, so that a value that is unknown now does not show its last value.
 */
export async function readingsText(sources: Sources): Promise<string> {
  const registers = [new Registry()];
  const follows = sources.standing?.role === "following";
  const readings = follows ? READINGS : { ...OF_LEADER, ...READINGS };
  for (const [name, [help, read]] of Object.entries(readings)) {
    const value = read(sources);
    if (value !== undefined) new Gauge({ name, help, registers }).set(Number(value));
  }
  if (!follows) addUnfinished(sources, registers);
  if (!follows) addLimits(sources, registers);
  addLeader(sources, registers);
  addCpu(sources, registers);
  addStalls(sources, registers);
  addBuild(registers);
  return await registers[0]?.metrics() ?? "";
}

function addUnfinished({ engine }: Sources, registers: Registry[]): void {
  const { conditions } = engine.activity;
  const [name, help] = ["daybook_unfinished_jobs", "Jobs that have not ended, by condition."];
  const unfinished = new Gauge({ name, help, labelNames: ["condition"], registers });
  for (const condition of CONDITIONS) {
    if (!isOutcome(condition)) unfinished.set({ condition }, conditions.get(condition) ?? 0);
  }
}

/** The leader, and why this process leads, as labels of a gauge with one value at a time. */
function addLeader({ standing }: Sources, registers: Registry[]): void {
  if (standing?.leader === null || standing === undefined) return;
  const [name, help] = ["daybook_shared_leader", "Which process leads, and why this one does."];
  const { leader: { url, writer }, why } = standing;
  new Gauge({ name, help, labelNames: ["url", "writer", "why"], registers })
    .set({ url, writer, why: why ?? "" }, 1);
}

/** For types with limits; there are too many keys for labels. */
function addLimits({ engine }: Sources, registers: Registry[]): void {
  const limits = engine.limits.all;
  if (limits.length === 0) return;
  const labelNames = ["type"];
  const of = (name: string, help: string) => new Gauge({ name, help, labelNames, registers });
  const held = of(
    "daybook_limited_jobs_at_work",
    "Jobs that hold a place under the limits of their type.",
  );
  const waiting = of(
    "daybook_limited_jobs_waiting",
    "Jobs waiting for a place under the limits of their type.",
  );
  const max = of("daybook_limited_jobs_max", "Places of a type; absent if it has no limit.");
  for (const { type, limits: { maxRunning }, ...use } of limits) {
    held.set({ type }, use.held);
    waiting.set({ type }, use.waiting);
    if (maxRunning !== undefined) max.set({ type }, maxRunning);
  }
}

function addCpu({ process }: Sources, registers: Registry[]): void {
  if (process === undefined) return;
  const help = "Total user and system CPU time spent in seconds.";
  new Counter({ name: "process_cpu_seconds_total", help, registers }).inc(process.cpuSeconds);
}

function addStalls({ stalls }: Sources, registers: Registry[]): void {
  if (stalls === undefined) return;
  const help = "How often the event loop was blocked for two seconds or longer.";
  new Counter({ name: "daybook_event_loop_stalls_total", help, registers }).inc(stalls);
}

function addBuild(registers: Registry[]): void {
  const [name, help] = ["daybook_build_info", "1, with the version of Daybook."];
  new Gauge({ name, help, labelNames: ["version"], registers }).set({ version: VERSION }, 1);
}
