/** The real engine behind the real routes, on a manual clock. */

import assert from "node:assert/strict";
import type { Hono } from "hono";
import type { AnyJobDefinition } from "../../../src/engine/definition.ts";
import type { EngineLimits } from "../../../src/engine/engine_limits.ts";
import { JobEngine } from "../../../src/engine/job_engine.ts";
import { SCOPES, TokenList } from "../../../src/access/tokens.ts";
import { type AppOptions, createApp } from "../../../src/http/app.ts";
import { combineCommitWatches, combineJobWatches, Metrics } from "../../../src/metrics/metrics.ts";
import { Trends } from "../../../src/metrics/trends.ts";
import { type MemoryContent, MemoryJournal } from "../../../src/testing/memory_journal.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { DEFINITIONS } from "./http_definitions.ts";
import { FakeVerification } from "./example_system.ts";
import { MemoryIndex } from "../engine/memory_index.ts";
import { MemoryKeys } from "../../../src/testing/stand_ins.ts";
import type { Route } from "../../../src/http/routing/route.ts";
import { allRoutes } from "../../../src/http/routes.ts";
import { NO_LIMITS } from "../engine/unlimited.ts";

/** So long that no seal comes between counted entries. */
const QUIET_SEAL_MS = 2 ** 31 - 1;

export interface TestApp {
  readonly app: Hono;
  readonly engine: JobEngine;
  readonly journal: MemoryJournal;
  readonly clock: FakeClock;
  readonly trends: Trends;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a value as JSON, and a string unchanged. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

export interface TestAppOptions extends Partial<AppOptions> {
  /** One token with all scopes. */
  readonly token?: string;
  readonly limits?: Partial<EngineLimits>;
  /** Instead of the default definitions. */
  readonly definitions?: readonly AnyJobDefinition[];
  readonly maxRunning?: number;
  /** Starts with a pause of everything. */
  readonly hold?: boolean;
  /** The content of an earlier process's journal. */
  readonly content?: MemoryContent;
  /** Continues with that of an earlier process. */
  readonly clock?: FakeClock;
}

export async function startApp(
  { token, limits, definitions = DEFINITIONS, maxRunning = 10, content, hold, ...options }:
    TestAppOptions = {},
): Promise<TestApp> {
  const { clock = new FakeClock() } = options;
  const random = new FakeRandom(content === undefined ? undefined : "01K");
  const types = definitions.map(({ type }) => type);
  const metrics = new Metrics({ types });
  const trends = new Trends({ clock, types });
  const engine = new JobEngine({
    clock,
    random,
    definitions,
    keys: new MemoryKeys(),
    index: MemoryIndex.empty(),
    maxRunning,
    limits: { ...NO_LIMITS, ...limits },
    watch: combineJobWatches(metrics.jobs, trends),
  });
  const { journal, report } = await MemoryJournal.open({
    clock,
    random,
    consumer: engine.consumer,
    quietSealMs: QUIET_SEAL_MS,
    watch: combineCommitWatches(metrics.commits, trends),
    ...(content === undefined ? {} : { content }),
  });
  await engine.start(journal, report.recoveredLogId ?? undefined, hold);
  const app = createApp({
    engine,
    clock,
    metrics: metrics.of(engine),
    overview: trends,
    verification: new FakeVerification(clock),
    ...(token === undefined ? {} : { access: new TokenList([{ token, scopes: SCOPES }]) }),
    ...options,
  });
  return { app, engine, journal, clock, trends, ...clientOf(app) };
}

function clientOf(app: Hono): Pick<TestApp, "get" | "post"> {
  return {
    async get(path, headers = {}) {
      return await app.request(path, { headers });
    },
    async post(path, body, headers = {}) {
      return await app.request(path, { method: "POST", ...bodyOf(body, headers) });
    },
  };
}

function bodyOf(body: unknown, headers: Record<string, string>): RequestInit {
  if (body === undefined) return { headers };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { body: text, headers: { "content-type": "application/json", ...headers } };
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly { pointer?: string; parameter?: string; detail: string }[];
  readonly allowedIn?: readonly string[];
  readonly newJobId?: string;
  readonly position?: number;
  readonly limit?: { readonly name: string; readonly max: number };
}

/** Checks that an answer is a complete problem of this status and kind. */
export async function problemOf(
  response: Response,
  status: number,
  kind: string,
): Promise<ProblemBody> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem: ProblemBody = JSON.parse(text);
  assert.equal(problem.type, `/problems/${kind}`);
  assert.equal(problem.status, status);
  for (const member of [problem.title, problem.detail, problem.instance]) {
    assert.equal(typeof member, "string");
  }
  return problem;
}

/** The pointers of a problem's errors, in order. */
export function pointersOf({ errors = [] }: ProblemBody): readonly (string | undefined)[] {
  return errors.map(({ pointer }) => pointer);
}

/** Checks the status, and returns the body. */
export async function jsonOf<Body = JobBody>(response: Response, status: number): Promise<Body> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/json");
  // A cache does not store, and a page does not embed, the answer to a creating POST.
  if (response.headers.has("location")) return JSON.parse(text);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  return JSON.parse(text);
}

/** The members of the job resource that tests use. */
export interface JobBody {
  readonly jobId: string;
  readonly type: string | null;
  readonly state: string;
  readonly condition: string;
  readonly firstLogId: number;
  readonly lastLogId: number;
  readonly priority: number;
  readonly labels: Record<string, string>;
  readonly retryOf?: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly expected: readonly Record<string, unknown>[];
  readonly tasks: readonly { readonly taskId: string; readonly status: string }[];
  readonly failure: Record<string, unknown> | null;
}

/** A plan that waits for one shipment of this order. */
export function shipmentPlan(orderId: string) {
  const correlation = { equals: { orderId } };
  return { expected: [{ id: "shipped", eventType: "shop.ParcelShipped", correlation }] };
}

/** Creates a job driven by outside events and returns it. */
export async function createPlan(app: TestApp, body: object = {}): Promise<JobBody> {
  return await jsonOf(await app.post("/jobs", { plan: shipmentPlan("42"), ...body }), 202);
}

/** Creates a job of a type, lets it run as far as it can, and returns it. */
export async function createAndRun(
  app: TestApp,
  type: string,
  input: unknown = {},
): Promise<JobBody> {
  const { jobId } = await jsonOf(await app.post("/jobs", { type, input }), 202);
  await app.clock.settle();
  return await jsonOf(await app.get(`/jobs/${jobId}`), 200);
}

export async function conditionOf(app: TestApp, jobId: string): Promise<string> {
  return (await jsonOf(await app.get(`/jobs/${jobId}`), 200)).condition;
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

// The routes of the app, by kind of client.

export const ROUTES: readonly Route[] = await allRoutes(new FakeClock());

/** Those that programs call, in JSON. */
export const API_ROUTES: readonly Route[] = ROUTES.filter((route) => !isOfDashboard(route));

/** Those that browsers call, in HTML and forms. */
export const DASHBOARD_ROUTES: readonly Route[] = ROUTES.filter(isOfDashboard);

/** The page of a problem type is for browsers too. */
function isOfDashboard({ path }: Route): boolean {
  return path === "/ui" || path.startsWith("/ui/") || path.startsWith("/problems/");
}
