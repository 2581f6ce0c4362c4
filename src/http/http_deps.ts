/** What all routes share: the engine, the limits, and the shutdown signal. */

import type { JsonObject } from "../core/json.ts";
import type { Clock } from "../engine/ports.ts";
import type { Lane } from "../engine/queries/entry_pages.ts";
import type { Bodies } from "./bodies/bodies.ts";
import type { Gauge } from "./guard/capacity.ts";
import type { Notes } from "../dashboard/notes.ts";
import type { EnginePort } from "./ports/engine_port.ts";
import type { Access } from "./guard/access.ts";
import type { JobLogPort } from "./ports/job_log_port.ts";
import type { MetricsPort } from "./ports/metrics_port.ts";
import type { OverviewPort } from "./ports/overview_port.ts";
import type { RequestSpans } from "./requests/request_origin.ts";
import type { Sessions } from "./guard/sessions.ts";
import type { StreamHub } from "./stream/hub.ts";
import type { Outlets } from "./stream/outlets.ts";
import type { SystemPort } from "./ports/system_port.ts";
import type { TokenChecks } from "./guard/token_checks.ts";
import type { Turnstile } from "./guard/turnstile.ts";
import type { VerificationPort } from "./ports/verification_port.ts";

export interface HttpDeps {
  readonly engine: EnginePort;
  readonly clock: Clock;
  readonly bodies: Bodies;
  /** For open routes: small, and separate from the others. */
  readonly openBodies: Bodies;
  /** `undefined` if nothing is counted. */
  readonly metrics: MetricsPort | undefined;
  /** `undefined` if nothing is counted over time. */
  readonly overview: OverviewPort | undefined;
  /** `undefined` if no spans are collected. */
  readonly spans: RequestSpans | undefined;
  /** `undefined` if the journal is not in files. */
  readonly verification: VerificationPort | undefined;
  readonly jobLog: JobLogPort;
  /** `undefined` if nothing is known of the process. */
  readonly system: SystemPort | undefined;
  /** Events in one request. */
  readonly eventsMax: number;
  readonly maxStartDelayMs: number;
  /** Whether requests must carry a token. */
  readonly needsToken: boolean;
  /** Access by token; if `undefined`, everyone may do everything. */
  readonly access: Access | undefined;
  /** Checks tokens, and slows guessing; `undefined` together with `access`. */
  readonly tokens: TokenChecks | undefined;
  /** Sessions of browsers that signed in to the dashboard. */
  readonly sessions: Sessions;
  /** Notes on actions of the dashboard. */
  readonly notes: Notes;
  /** The document of `/openapi.json`; created on first use. */
  readonly openApi: () => JsonObject;
  /** The version of Daybook. */
  readonly version: string;
  /** How often an idle stream sends a heartbeat. */
  readonly heartbeatMs: number;
  /** Aborts when the process stops: streams and long polls end. */
  readonly shutdownSignal: AbortSignal;
  readonly streams: Gauge;
  /** The outlets of all streams. */
  readonly outlets: Outlets;
  /** The streams of entries. */
  readonly hub: StreamHub;
  /** Requests that are being answered, except those that wait for a job. */
  readonly requests: Gauge;
  /** Requests of open routes, which need no token. */
  readonly openRequests: Gauge;
  /** Requests that wait for a job. */
  readonly waiting: Gauge;
  /** Bytes held by history reads and large answers. */
  readonly lookBack: Gauge;
  /** Reads pages of entries, which may be large, one at a time. */
  readonly reading: Lane;
  /** All requests pass it, except probes. */
  readonly turnstile: Turnstile;
}
