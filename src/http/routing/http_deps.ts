/** What all routes share: the engine, the limits, and the shutdown signal. */

import type { JsonObject } from "../../core/json.ts";
import type { Standing } from "../../core/standing.ts";
import type { Clock, VerificationRun } from "../../engine/ports.ts";
import type { JobLogLine } from "../../engine/watches.ts";
import type { Lane } from "../../engine/turns.ts";
import type { ShownSetting } from "../../documents/answers/system.ts";
import type { Bodies } from "../bodies/bodies.ts";
import type { Gauge } from "../capacity/limits.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import type { Access } from "../../access/tokens.ts";
import type { MetricsPort } from "../../metrics/figures.ts";
import type { Trends } from "../../metrics/trends.ts";
import type { RequestSpans } from "../requests/request.ts";
import type { Sessions, TokenChecks } from "../requests/credentials.ts";
import type { StreamHub } from "../stream/hub.ts";
import type { Outlets } from "../stream/outlets.ts";
import type { AdmissionGate } from "../capacity/admission_gate.ts";
import type { StandingLimits } from "../../engine/engine_limits.ts";
import type { JobId } from "../../core/ids.ts";
import type { Notes } from "../responses/notes.ts";

export interface VerificationPort {
  /** The last verification started in this process; `null` if there was none. */
  readonly run: VerificationRun | null;
  /** Starts a verification, or says why it cannot. */
  start(): { readonly started: true } | { readonly started: false; readonly reason: string };
}

/** The use of a limited resource. */
export interface Use {
  readonly used: number;
  readonly max: number;
}

export interface ProcessFigures {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly residentBytes: number;
  readonly heap: Use;
  readonly cpuSeconds: number;
}

export interface SystemPort {
  readonly settings: readonly ShownSetting[];
  /** As `--journal` names it. */
  readonly journal: string;
  /** The command that creates or updates a backup of the journal. */
  readonly backupCommand: string;
  /** The command that exports a job with the entries that its explanation cites. */
  exportCommand(jobId: string): string;
  /** Versions of the runtime and libraries of the process. */
  readonly versions: readonly { readonly name: string; readonly version: string }[];
  /** As of now. */
  process(): ProcessFigures;
  workers(): Use;
  /** The engine's limits on what may exist at the same time, with their use. */
  limits(): Readonly<Record<keyof StandingLimits, Use>>;
}

export interface JobLogPage {
  /** Oldest first. */
  readonly lines: readonly JobLogLine[];
  /** Whether older lines are kept too. */
  readonly hasMore: boolean;
}

export interface JobLogPort {
  /** The last lines of a job, at most `limit`. */
  read(jobId: JobId, limit: number): Promise<JobLogPage>;
}

/** An empty log, for a process that keeps none. */
export const NO_JOB_LOG: JobLogPort = {
  read: () => Promise.resolve({ lines: [], hasMore: false }),
};

/** What a process knows about the others that share its journal. */
export interface SharedPart {
  /** Whether this process leads, and may record. */
  readonly leads: () => boolean;
  /** The URL of the leader, if known; never that of this process. */
  readonly leader: () => string | undefined;
  /** Its role among them, and what the database guarantees. */
  readonly standing: () => Standing;
}

/** What an application may be given, besides the engine and its clock. */
export interface GivenDeps {
  /** `undefined` if no other process shares the journal. */
  readonly shared: SharedPart | undefined;
  /** `undefined` if nothing is counted. */
  readonly metrics: MetricsPort | undefined;
  /** `undefined` if nothing is counted over time. */
  readonly overview: Trends | undefined;
  /** `undefined` if no spans are collected. */
  readonly spans: RequestSpans | undefined;
  /** `undefined` if the journal is not in files. */
  readonly verification: VerificationPort | undefined;
  readonly jobLog: JobLogPort;
  /** `undefined` if facts about the process are not available. */
  readonly system: SystemPort | undefined;
  readonly maxStartDelayMs: number;
  /** Access by token; if `undefined`, everyone may do everything. */
  readonly access: Access | undefined;
  readonly version: string;
}

/** Hundreds of requests may wait for the document, and each would take milliseconds to convert it. */
export interface OpenApi {
  readonly document: JsonObject;
  readonly json: string;
}

export interface HttpDeps extends GivenDeps {
  readonly engine: JobEngine;
  readonly clock: Clock;
  readonly bodies: Bodies;
  /** For open routes: with a small limit, separate from the others. */
  readonly openBodies: Bodies;
  /** The most events in one request. */
  readonly eventsMax: number;
  /** Whether requests must carry a token. */
  readonly needsToken: boolean;
  /** Checks tokens, and limits guesses; `undefined` together with `access`. */
  readonly tokens: TokenChecks | undefined;
  /** Sessions of browsers that signed in to the dashboard. */
  readonly sessions: Sessions;
  readonly notes: Notes;
  /** The document of `/openapi.json`, also as JSON; created on first use. */
  readonly openApi: () => Promise<OpenApi>;
  readonly streams: Gauge;
  readonly outlets: Outlets;
  readonly hub: StreamHub;
  /** Requests that are being answered, except those that wait for a job. */
  readonly requests: Gauge;
  /** Requests of open routes, which need no token. */
  readonly openRequests: Gauge;
  readonly waiting: Gauge;
  /** Bytes held by history reads and large answers. */
  readonly lookBack: Gauge;
  /** Serializes reads of pages of entries, which may be large. */
  readonly reading: Lane;
  /** Admits all requests except probes. */
  readonly admission: AdmissionGate;
}
