/** The settings that bound what the server holds at a time; each queue has one. */

import type { EngineLimits } from "../engine/events/delivery_limits.ts";

/**
 * Everything that could grow has its limit here. At a limit of the server a request gets 503;
 * what is too much for any server, a body too slow or too many events, 408 or 422.
 */
export interface Limits extends EngineLimits {
  /** A batch takes no more entries once it has this many bytes. */
  readonly batchBytesMax: number;
  /** Bytes of all bodies that are being read. */
  readonly bodiesBytesMax: number;
  /** How long a body may take. */
  readonly bodyTimeMs: number;
  readonly requestsMax: number;
  /** Those of routes that need no token. */
  readonly openRequestsMax: number;
  /** In one request: more of them are refused with 422, however idle the server is. */
  readonly eventsMax: number;
  /** Long polls, and requests with `Prefer: wait`. */
  readonly waitingMax: number;
  readonly streamsMax: number;
  /** Bytes that explanations, replays, what-ifs and large answers hold; one alone may hold more. */
  readonly lookBackBytesMax: number;
  /** How long a reader of a stream may take nothing before it is closed. */
  readonly streamStallMs: number;
}

/** In the order in which they are explained and printed. */
export const LIMIT_SETTINGS = [
  { flag: "max-jobs", value: "jobs", default: "500000", help: "unfinished jobs" },
  { flag: "jobs-bytes", value: "bytes", default: "256MiB", help: "what unfinished jobs hold" },
  { flag: "max-queued", value: "jobs", default: "100000", help: "jobs waiting for a worker" },
  { flag: "batch-bytes", value: "bytes", default: "4MiB", help: "size of a batch, from 256KiB" },
  { flag: "pending-bytes", value: "bytes", default: "64MiB", help: "entries waiting for the disk" },
  { flag: "bodies-bytes", value: "bytes", default: "64MiB", help: "all bodies being read" },
  { flag: "body-time", value: "time", default: "30s", help: "time that a body may take" },
  { flag: "max-requests", value: "requests", default: "2000", help: "requests at a time" },
  {
    flag: "max-open-requests",
    value: "requests",
    default: "100",
    help: "of these, reserved for requests without a token",
  },
  { flag: "max-events", value: "events", default: "1000", help: "events in one request" },
  { flag: "max-fan-out", value: "jobs", default: "1000", help: "jobs that an event may reach" },
  {
    flag: "fan-out-bytes",
    value: "bytes",
    default: "4MiB",
    help: "what an event may make of them",
  },
  { flag: "max-tried", value: "number", default: "1000000", help: "predicates tried for an event" },
  { flag: "max-entries", value: "entries", default: "20000", help: "made by events of a request" },
  { flag: "entries-bytes", value: "bytes", default: "32MiB", help: "size of these" },
  { flag: "max-waiting", value: "requests", default: "1000", help: "requests waiting for a job" },
  {
    flag: "look-back-bytes",
    value: "bytes",
    default: "128MiB",
    help: "held by explanations, replays, what-ifs and large answers",
  },
  { flag: "max-streams", value: "streams", default: "1000", help: "open streams" },
  { flag: "stream-stall", value: "time", default: "30s", help: "time a reader may take nothing" },
] as const;

type LimitFlag = (typeof LIMIT_SETTINGS)[number]["flag"];

/** Reads one setting, and reports what is wrong with it. */
export interface LimitReader {
  number(flag: LimitFlag, min: number, max: number): number;
  bytes(flag: LimitFlag, min: number, max: number): number;
  time(flag: LimitFlag, min: number, max: number): number;
}

const COUNT_MAX = 10_000_000;
const BYTES_MAX = 1_073_741_824;
const JOBS_BYTES_MAX = 64 * BYTES_MAX;
const HOUR_MS = 3_600_000;

export function readLimits(read: LimitReader): Limits {
  return {
    jobsMax: read.number("max-jobs", 1, COUNT_MAX),
    jobsBytesMax: read.bytes("jobs-bytes", 4_096, JOBS_BYTES_MAX),
    queuedMax: read.number("max-queued", 1, COUNT_MAX),
    batchBytesMax: read.bytes("batch-bytes", 262_144, BYTES_MAX),
    pendingBytesMax: read.bytes("pending-bytes", 4_096, BYTES_MAX),
    bodiesBytesMax: read.bytes("bodies-bytes", 4_096, BYTES_MAX),
    bodyTimeMs: read.time("body-time", 100, HOUR_MS),
    requestsMax: read.number("max-requests", 1, COUNT_MAX),
    openRequestsMax: read.number("max-open-requests", 1, COUNT_MAX),
    eventsMax: read.number("max-events", 1, 100_000),
    fanOutMax: read.number("max-fan-out", 1, COUNT_MAX),
    fanOutBytesMax: read.bytes("fan-out-bytes", 4_096, BYTES_MAX),
    triedMax: read.number("max-tried", 1, BYTES_MAX),
    entriesMax: read.number("max-entries", 1, COUNT_MAX),
    entriesBytesMax: read.bytes("entries-bytes", 4_096, BYTES_MAX),
    waitingMax: read.number("max-waiting", 0, COUNT_MAX),
    lookBackBytesMax: read.bytes("look-back-bytes", 1_048_576, BYTES_MAX),
    streamsMax: read.number("max-streams", 0, COUNT_MAX),
    streamStallMs: read.time("stream-stall", 100, HOUR_MS),
  };
}

/** A number as it may be given, with its unit. */
export interface UnitTexts {
  bytes(bytes: number): string;
  time(milliseconds: number): string;
}

/** What is in force, with its unit. */
export function describeLimits(
  limits: Limits,
  { bytes, time }: UnitTexts,
): Readonly<Record<LimitFlag, string>> {
  return {
    "max-jobs": `${limits.jobsMax} jobs`,
    "jobs-bytes": bytes(limits.jobsBytesMax),
    "max-queued": `${limits.queuedMax} jobs`,
    "batch-bytes": bytes(limits.batchBytesMax),
    "pending-bytes": bytes(limits.pendingBytesMax),
    "bodies-bytes": bytes(limits.bodiesBytesMax),
    "body-time": time(limits.bodyTimeMs),
    "max-requests": `${limits.requestsMax} requests`,
    "max-open-requests": `${limits.openRequestsMax} requests`,
    "max-events": `${limits.eventsMax} events`,
    "max-fan-out": `${limits.fanOutMax} jobs`,
    "fan-out-bytes": bytes(limits.fanOutBytesMax),
    "max-tried": `${limits.triedMax} predicates`,
    "max-entries": `${limits.entriesMax} entries`,
    "entries-bytes": bytes(limits.entriesBytesMax),
    "max-waiting": `${limits.waitingMax} requests`,
    "look-back-bytes": bytes(limits.lookBackBytesMax),
    "max-streams": `${limits.streamsMax} streams`,
    "stream-stall": time(limits.streamStallMs),
  };
}
