/** The HTTP application: every route over one engine. */

import type { Context, Hono } from "hono";
import { HonoBase } from "hono/hono-base";
import type { Result, Router } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";
import { Refusal } from "../documents/refusal.ts";
import type { Clock } from "../engine/ports.ts";
import { inTurns, Lane } from "../engine/turns.ts";
import { Bodies } from "./bodies/bodies.ts";
import { leaveUnread } from "./bodies/streamed_body.ts";
import { Gauge, HTTP_LIMITS, type HttpLimits } from "./capacity/limits.ts";
import { type GivenDeps, type HttpDeps, NO_JOB_LOG, type OpenApi } from "./routing/http_deps.ts";
import { refusalOfFailure } from "../documents/engine_refusal.ts";
import { Guard } from "./guard/guard.ts";
import { Problem, problemResponse, STATUS } from "./responses/problem.ts";
import { emptyResponse } from "./responses/response.ts";
import { Notes } from "./responses/notes.ts";
import { Relay } from "./guard/relay.ts";
import { acceptsHtml } from "./requests/request.ts";
import type { DescribedServer } from "./openapi/document.ts";
import { RoutePaths } from "./routing/paths.ts";
import type { Route } from "./routing/route.ts";
import { allRoutes, ROUTES } from "./routes.ts";
import { Sessions, TokenChecks } from "./requests/credentials.ts";
import { StreamHub } from "./stream/hub.ts";
import { Outlets } from "./stream/outlets.ts";
import { AdmissionGate } from "./capacity/admission_gate.ts";

/** An option that is left out turns its feature off, or has the server's default. */
export interface AppOptions
  extends Partial<HttpLimits>, Pick<HttpDeps, "engine" | "clock">, Partial<GivenDeps> {
  /** Host names, without ports, served besides those of the loopback; `"any"` needs a token. */
  readonly allowedHosts?: readonly string[] | "any";
  /** Default: 1 MiB. */
  readonly bodyBytesMax?: number;
  /** Aborts when the process stops: streams end, and bodies are no longer awaited. */
  readonly shutdownSignal?: AbortSignal;
  /** Called with unexpected errors; clients see no details. */
  readonly onError?: (error: Error) => void;
}

export function createApp(options: AppOptions): Hono {
  const { allowedHosts = [], onError = () => {} } = options;
  const deps = createDeps(options);
  const relay = deps.shared && new Relay(deps, deps.shared);
  const guard = new Guard(deps, { allowedHosts, relay });
  // Without the routers that `Hono` brings along.
  const app: Hono = new HonoBase({ router: new PathRouter() });
  let routes: readonly Route[] = [];
  let paths = new RoutePaths(routes);
  const serve = (served: readonly Route[]) => {
    for (const route of served.slice(routes.length)) {
      app.on(route.method, route.path, guard.around(route));
    }
    [routes, paths] = [served, new RoutePaths(served)];
  };
  serve(ROUTES);
  const { fetch } = app;
  app.notFound(async (c) => {
    if (routes === ROUTES) {
      serve(await allRoutes(deps.clock));
      return await fetch(c.req.raw, c.env);
    }
    guard.admit(c, undefined);
    const turn = deps.admission.enter();
    if (turn !== undefined) await turn;
    const page = withoutSlash(c, paths);
    if (page !== undefined) return emptyResponse(STATUS.seeOther, { location: page });
    return await refuse(c, deps, nothingHere(c, paths), paths);
  });
  app.onError((error, c) => refuse(c, deps, toProblem(error, onError), paths));
  app.fetch = (request, ...rest) => {
    const turn = request.url.length > LONG_URL ? deps.admission.enter("medium") : undefined;
    const answer = turn === undefined
      ? fetch(request, ...rest)
      : turn.then(() => fetch(request, ...rest));
    return request.method === "HEAD" ? ofUnknownLength(answer) : answer;
  };
  return app;
}

/** To decode and route a longer URL takes up to a millisecond, even if nothing is there. */
const LONG_URL = 4_096;

/** Most requests are for a path without parameters, which needs no search. */
class PathRouter<Handler> implements Router<Handler> {
  readonly name = "PathRouter";
  /** By path and method. */
  readonly #fixed = new Map<string, Map<string, Result<Handler>>>();
  readonly #others = new TrieRouter<Handler>();

  add(method: string, path: string, handler: Handler): void {
    if (path.includes(":")) return this.#others.add(method, path, handler);
    const methods = this.#fixed.getOrInsertComputed(path, () => new Map());
    methods.set(method, [[[handler, {}]]]);
  }

  match(method: string, path: string): Result<Handler> {
    return this.#fixed.get(path)?.get(method) ?? this.#others.match(method, path);
  }
}

/**
 * Hono answers HEAD as GET, without the body. A server would then report a length of 0, which is
 * that of the body of GET (RFC 9110 §8.6); from an empty stream, it reports none.
 */
async function ofUnknownLength(answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  const hasBody = response.headers.has("content-type");
  return hasBody ? new Response(new Blob([]).stream(), response) : response;
}

/** For forms that need no token: sign-in sends only a token and a path. */
const OPEN_BODY_BYTES_MAX = 4 * 1024;
const OPEN_BODIES_BYTES_MAX = 1024 * 1024;

function createDeps(options: AppOptions): HttpDeps {
  const { engine, clock, shutdownSignal = new AbortController().signal } = options;
  const { shared, metrics, overview, spans, verification, system, access } = options;
  const { version = "unknown", jobLog = NO_JOB_LOG } = options;
  const limits = { ...HTTP_LIMITS, ...options };
  const needsToken = access !== undefined;
  let document: Promise<OpenApi> | undefined;
  const streams = new Gauge("streamsMax", limits.streamsMax);
  const { streamStallMs } = limits;
  const outlets = new Outlets({ clock, streams, streamStallMs, shutdownSignal });
  const admission = new AdmissionGate(clock);
  const requests = new Gauge("requestsMax", limits.requestsMax);
  const openRequests = new Gauge("openRequestsMax", limits.openRequestsMax);
  const ofBodies = { clock, shutdownSignal, timeMs: limits.bodyTimeMs, admission };
  return {
    ...{ engine, clock, shared, metrics, overview, spans, verification, jobLog, system },
    ...{ access, needsToken, version },
    bodies: new Bodies({
      ...ofBodies,
      bytesMax: options.bodyBytesMax ?? 1024 * 1024,
      bytesFlag: "--body-bytes",
      bytes: new Gauge("bodiesBytesMax", limits.bodiesBytesMax),
      requests,
    }),
    openBodies: new Bodies({
      ...ofBodies,
      bytesMax: OPEN_BODY_BYTES_MAX,
      bytes: new Gauge("bodiesBytesMax", OPEN_BODIES_BYTES_MAX),
      requests: openRequests,
    }),
    eventsMax: limits.eventsMax,
    maxStartDelayMs: options.maxStartDelayMs ?? 15 * 60_000,
    tokens: access && new TokenChecks(access, clock),
    sessions: new Sessions(clock),
    notes: new Notes(),
    openApi: () =>
      document ??= openApi({ version, needsToken }, clock).catch((error) => {
        document = undefined;
        throw error;
      }),
    ...{ streams, outlets, requests, openRequests, admission },
    hub: new StreamHub({ engine, clock, outlets }),
    waiting: new Gauge("waitingMax", limits.waitingMax),
    lookBack: new Gauge("lookBackBytesMax", limits.lookBackBytesMax),
    reading: new Lane(),
  };
}

async function openApi(server: DescribedServer, clock: Clock): Promise<OpenApi> {
  const { openApiDocument } = await import("./openapi/document.ts");
  await clock.pause();
  const routes = await allRoutes(clock);
  await clock.pause();
  const document = await inTurns(openApiDocument(routes, server), clock);
  await clock.pause();
  return { document, json: JSON.stringify(document) };
}

/** Browsers get a page, programs get JSON. */
async function refuse(
  c: Context,
  deps: HttpDeps,
  problem: Problem,
  paths: RoutePaths,
): Promise<Response> {
  leaveUnread(c.req.raw);
  if (!isForPeople(c, paths)) return problemResponse(problem, c.req.raw);
  const { problemPage } = await import("../dashboard/problems.tsx");
  return problemPage(c, deps, problem);
}

/** Whether the answer is for a browser: for a path of the dashboard, or one without a route. */
function isForPeople(c: Context, paths: RoutePaths): boolean {
  const { path } = c.req;
  const isPage = path === "/" || path === "/ui" || /^\/(?:ui|problems)\//.test(path);
  return acceptsHtml(c) && (isPage || paths.methodsAt(path).length === 0);
}

/** Where to redirect a browser that put a slash after the path of a route. */
function withoutSlash(c: Context, paths: RoutePaths): string | undefined {
  const { req } = c;
  const { pathname, search } = new URL(req.url);
  const path = pathname.slice(0, -1);
  const isRead = req.method === "GET" || req.method === "HEAD";
  const isMeant = isRead && pathname.endsWith("/") && acceptsHtml(c) &&
    paths.methodsAt(path).includes("GET");
  return isMeant ? path + search : undefined;
}

function toProblem(error: Error, onError: (error: Error) => void): Problem {
  if (error instanceof Refusal) return error;
  const problem = refusalOfFailure(error);
  if (problem !== undefined) return problem;
  onError(error);
  return new Problem("internal", "Cannot answer: an unexpected error occurred and was logged");
}

/** 405 if the path exists with other methods, otherwise 404. */
function nothingHere({ req }: Context, paths: RoutePaths): Problem {
  const methods = paths.methodsAt(req.path);
  if (methods.length === 0) return notFound(paths.meantBy(req.path));
  const allow = methods.includes("GET") ? [...methods, "HEAD"] : methods;
  const detail = `Cannot ${req.method} this path: it accepts ${allow.join(", ")}`;
  return new Problem("method-not-allowed", detail, { headers: { allow: allow.join(", ") } });
}

function notFound(meant: string | undefined): Problem {
  const guess = meant === undefined ? "" : `; did you mean ${meant}?`;
  const detail = `Cannot find anything at this path${guess}; GET /openapi.json lists the routes`;
  return new Problem("not-found", detail.replace("?;", "?"));
}
