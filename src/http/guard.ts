/** What is checked of every request before its route sees it. */

import type { Context, Handler } from "hono";
import type { RouterRoute } from "hono/types";
import type { Clock } from "../engine/ports.ts";
import type { Access, Scope } from "./access.ts";
import type { Gauge } from "./capacity.ts";
import { draining } from "./engine_problem.ts";
import type { EnginePort } from "./engine_port.ts";
import { Problem } from "./problem.ts";
import type { RequestSpans } from "./request_origin.ts";
import { type RouteScope, scopeOf } from "./route_scopes.ts";
import { sessionOf } from "./session_cookie.ts";
import type { Sessions } from "./sessions.ts";
import { sizeOfGet, type Turnstile } from "./turnstile.ts";
import { NOBODY, rememberViewer } from "./viewer.ts";

export interface GuardOptions {
  readonly engine: EnginePort;
  readonly clock: Clock;
  /** When given, every route but the open ones needs a token of its scope. */
  readonly access: Access | undefined;
  /** Of browsers, which bring the name of one in place of a token. */
  readonly sessions: Sessions;
  /**
   * Host names, without ports, beside those of the loopback. `"any"` only with a token: a
   * page whose name was made to point here cannot know it.
   */
  readonly allowedHosts: readonly string[] | "any";
  /** Counts the requests that are being answered; the probes are answered all the same. */
  readonly requests: Gauge;
  /** Counts those of the open routes by themselves: strangers leave room for the others. */
  readonly openRequests: Gauge;
  /** Lets requests in; the probes do not wait for it. */
  readonly turnstile: Turnstile;
  /** Who is told which route a request takes. */
  readonly spans: RequestSpans | undefined;
}

const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** A supervisor is answered however much else there is to do. */
const PROBES: ReadonlySet<string> = new Set(["/livez", "/readyz"]);

export class Guard {
  readonly #options: GuardOptions;
  /** `undefined` when all are served. */
  readonly #hosts: ReadonlySet<string> | undefined;

  constructor(options: GuardOptions) {
    const { allowedHosts } = options;
    this.#options = options;
    this.#hosts = allowedHosts === "any"
      ? undefined
      : new Set([...LOOPBACK_HOSTS, ...allowedHosts.map(hostOf)]);
  }

  /**
   * The handler of a route, behind all checks. They are around it and not in a middleware
   * before it: that would cost every request a chain of promises.
   */
  around({ method, path, handler }: RouterRoute): Handler {
    const { spans, turnstile } = this.#options;
    const scope = scopeOf({ method, path });
    const requests = scope === "open" ? this.#options.openRequests : this.#options.requests;
    const isProbe = PROBES.has(path);
    // Whatever has a body goes through when that is there.
    const size = method === "GET" ? sizeOfGet(path) : undefined;
    return async (c, next) => {
      spans?.routed(c.req.method, path);
      this.admit(c, scope);
      if (isProbe) return handler(c, next);
      requests.requireRoom();
      requests.opened();
      try {
        const turn = size === undefined ? undefined : turnstile.enter(size);
        if (turn !== undefined) await turn;
        return await handler(c, next);
      } finally {
        requests.closed();
      }
    };
  }

  /**
   * @param scope Of the route that will answer; `undefined` where there is none.
   * @throws {Problem} why a request is not taken.
   */
  admit({ req: { raw, method } }: Context, scope: RouteScope | undefined): void {
    const { engine, access, sessions } = this.#options;
    const named = raw.headers.get("host");
    if (!isHost(named, raw.url)) throw malformedHost(named);
    const host = named ?? new URL(raw.url).host;
    if (this.#hosts !== undefined && !isServed(raw.url, host, this.#hosts)) throw wrongHost();
    if (access !== undefined) {
      requireScope(raw, scope, access, credentialOf(raw.headers, host, sessions));
    }
    if (SAFE_METHODS.has(method)) return;
    refuseCrossSite(raw.headers, host);
    if (engine.draining) throw draining();
  }
}

/** A name or address, and a port (RFC 9110, 7.2). Names are looked for on a list after that. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s/\\?#@:[\]]*)(?::(\d{0,5}))?$/;
const PORT_MAX = 65_535;

/**
 * Whether a request says in words of HTTP which host it means: in its header, when it has one,
 * and in its target, which may name another.
 */
function isHost(named: string | null, url: string): boolean {
  if (named !== null) {
    const parts = HOST.exec(named);
    if (parts === null || Number(parts[1] ?? 0) > PORT_MAX) return false;
    if (isAt(url, named)) return true;
  }
  return URL.canParse(url);
}

const SCHEME = "http://";

function isAt(url: string, host: string): boolean {
  return url.startsWith(host, SCHEME.length) && url[SCHEME.length + host.length] === "/";
}

/** A target may name a host itself, which then counts (RFC 9112, 3.2.2); few do. */
function isServed(url: string, host: string, hosts: ReadonlySet<string>): boolean {
  if (!hosts.has(nameOf(host))) return false;
  return isAt(url, host) || hosts.has(nameOf(new URL(url).host));
}

/** An address or name, as a Host header writes it. */
function hostOf(address: string): string {
  const isIPv6 = address.includes(":") && !address.startsWith("[");
  return (isIPv6 ? `[${address}]` : address).toLowerCase();
}

/** A host without its port, in lower case. */
function nameOf(host: string): string {
  const port = host.lastIndexOf(":");
  const name = port > host.lastIndexOf("]") ? host.slice(0, port) : host;
  return name.toLowerCase();
}

/** A page whose name was made to point here (DNS rebinding) sends its own name as host. */
function wrongHost(): Problem {
  return new Problem(
    "wrong-host",
    "Cannot answer for this Host: it is not on the list of hosts; --allowed-hosts adds names to it",
  );
}

function malformedHost(named: string | null): Problem {
  const what = named === null ? "its target names no host" : `its Host is ${JSON.stringify(named)}`;
  return new Problem("malformed-host", `Cannot take the request: ${what}`);
}

/**
 * A browser says whose page a request came from; no page but this server's may write. What it
 * says itself of the two sites counts for more than a comparison: a proxy may put another Host
 * in the place of the one that the browser compared. No page can say it in its stead.
 */
function refuseCrossSite(headers: Headers, host: string): void {
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin") return;
  const origin = headers.get("origin");
  const isForeign = origin !== null && origin !== `http://${host}` && origin !== `https://${host}`;
  if (isForeign) throw foreignOrigin(origin, host);
  if (site === "cross-site") throw crossSite("its browser says so (Sec-Fetch-Site)");
}

function foreignOrigin(origin: string, host: string): Problem {
  const name = URL.parse(origin)?.hostname ?? "";
  const flag = name === "" ? "--allowed-hosts" : `--allowed-hosts=${name}`;
  return crossSite(
    `its Origin is ${JSON.stringify(origin)}, and its Host ${JSON.stringify(host)}; ` +
      `where both are Daybook behind a proxy, let the proxy pass the Host on ` +
      `(nginx: proxy_set_header Host $http_host) and start Daybook with ${flag}`,
  );
}

function crossSite(why: string): Problem {
  return new Problem(
    "cross-site",
    "Cannot take the request: it comes from a page of another site, which Daybook does not " +
      `serve; call it from a backend: ${why}`,
  );
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/** What a request shows for itself. */
interface Credential {
  /** `undefined` when the request brings none, or its session is over. */
  readonly token: string | undefined;
  /** Whether a browser brought it, which may do so for a page that is not this server's. */
  readonly session: boolean;
  /** Whether the session, if it came with one, goes on still. */
  readonly isOpen: () => boolean;
}

const always = () => true;

/** A token that is given with the request counts, and a session only without one. */
function credentialOf(headers: Headers, host: string, sessions: Sessions): Credential {
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    return { token: BEARER.exec(authorization)?.[1], session: false, isOpen: always };
  }
  const name = sessionOf(headers, host);
  if (name === undefined) return { token: undefined, session: false, isOpen: always };
  return { token: sessions.tokenOf(name), session: true, isOpen: () => sessions.isOpen(name) };
}

/** Without a valid token 401, without the scope 403; what is at no path needs any token. */
function requireScope(
  request: Request,
  scope: RouteScope | undefined,
  access: Access,
  { token, session, isOpen }: Credential,
): void {
  const holder = token === undefined ? undefined : access.holderOf(token);
  const permit = () => isOpen() && isPermitted(scope, token, access);
  rememberViewer(request, holder === undefined ? NOBODY : { ...holder, signedIn: session, permit });
  if (scope === "open") return;
  if (token === undefined || holder === undefined) throw unauthorized(token, session);
  if (session && !SAFE_METHODS.has(request.method)) requireSameOrigin(request.headers);
  if (scope === undefined) return;
  if (!holder.scopes.includes(scope)) throw forbidden(scope, holder.scopes);
}

/** As of now: tokens come and go. */
function isPermitted(scope: RouteScope | undefined, token = "", access: Access): boolean {
  if (scope === "open" || scope === undefined) return true;
  return access.holderOf(token)?.scopes.includes(scope) ?? false;
}

/** A browser that says nothing of where a request comes from may not act for who signed in. */
function requireSameOrigin(headers: Headers): void {
  // An origin that is there has been compared already.
  if (headers.has("origin") || headers.get("sec-fetch-site") === "same-origin") return;
  throw new Problem(
    "cross-site",
    "Cannot take the request: it does not say that it comes from here",
  );
}

function unauthorized(token: string | undefined, session: boolean): Problem {
  const reason = session
    ? "its session is over"
    : token === undefined
    ? "it has no bearer token; send Authorization: Bearer and the token"
    : "its bearer token is wrong";
  return new Problem("unauthorized", `Cannot take the request: ${reason}`, {}, {
    "www-authenticate": 'Bearer realm="daybook"',
  });
}

function forbidden(neededScope: Scope, scopes: readonly Scope[]): Problem {
  const detail = `Cannot take the request: it needs the scope ${neededScope}, ` +
    `and its token has ${scopes.join(", ")}`;
  return new Problem("forbidden", detail, { neededScope, scopes }, {
    "www-authenticate":
      `Bearer realm="daybook", error="insufficient_scope", scope="${neededScope}"`,
  });
}
