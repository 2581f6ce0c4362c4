/** What every route shares: the engine, the limits, and the end of the process. */

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
  /** Of open routes: small, and apart from those of others. */
  readonly openBodies: Bodies;
  /** `undefined` when nobody counts. */
  readonly metrics: MetricsPort | undefined;
  /** `undefined` when nobody counts over time. */
  readonly overview: OverviewPort | undefined;
  /** `undefined` when nobody collects spans. */
  readonly spans: RequestSpans | undefined;
  /** `undefined` for a journal that is in no files. */
  readonly verification: VerificationPort | undefined;
  readonly jobLog: JobLogPort;
  /** `undefined` where nobody tells of the process. */
  readonly system: SystemPort | undefined;
  /** In one request. */
  readonly eventsMax: number;
  readonly maxStartDelayMs: number;
  /** Whether requests must carry a token. */
  readonly needsToken: boolean;
  /** Who may do what; everybody everything, when `undefined`. */
  readonly access: Access | undefined;
  /** Whose a token is, as far as whoever brings it may ask; `undefined` as `access` is. */
  readonly tokens: TokenChecks | undefined;
  /** Of browsers that signed in to the dashboard. */
  readonly sessions: Sessions;
  /** Of what was done on the dashboard. */
  readonly notes: Notes;
  /** What `/openapi.json` shows; made when somebody first asks. */
  readonly openApi: () => JsonObject;
  /** Of Daybook. */
  readonly version: string;
  /** How often an idle stream says that it is alive, and how far it is. */
  readonly heartbeatMs: number;
  /** Aborts when the process stops: streams and long polls end. */
  readonly shutdownSignal: AbortSignal;
  readonly streams: Gauge;
  /** Of all streams, whatever they carry. */
  readonly outlets: Outlets;
  /** Of the streams of entries. */
  readonly hub: StreamHub;
  /** Requests that are being answered, but for those that wait for a job. */
  readonly requests: Gauge;
  /** Those of open routes, which need no token. */
  readonly openRequests: Gauge;
  /** Requests that wait for a job. */
  readonly waiting: Gauge;
  /** Bytes that history reads and large answers hold. */
  readonly lookBack: Gauge;
  /** Where pages of entries are read, which may be large, one at a time. */
  readonly reading: Lane;
  /** Where all go through, but for the probes. */
  readonly turnstile: Turnstile;
}
