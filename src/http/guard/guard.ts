/** What is checked of every request before its route sees it. */

import type { Context, Handler } from "hono";
import { counted } from "../../core/counted.ts";
import type { Clock } from "../../engine/ports.ts";
import { type Access, NOBODY, rememberViewer, type Scope } from "./access.ts";
import type { Gauge } from "./capacity.ts";
import { clientAddress } from "./client_address.ts";
import type { HttpDeps } from "../http_deps.ts";
import { draining } from "../problems/engine_problem.ts";
import type { EnginePort } from "../ports/engine_port.ts";
import { Hosts } from "./hosts.ts";
import { Problem } from "../problems/problem.ts";
import type { RequestSpans } from "../requests/headers.ts";
import type { Route, RouteScope } from "../route.ts";
import { sessionOf, type Sessions } from "./sessions.ts";
import type { Checked, TokenChecks } from "./token_checks.ts";
import { sizeOfGet, type Turnstile } from "./turnstile.ts";

export interface GuardOptions {
  readonly engine: EnginePort;
  readonly clock: Clock;
  /** When given, every route but the open ones needs a token of its scope. */
  readonly access: Access | undefined;
  /** Whose the token of a request is; `undefined` as `access` is. */
  readonly tokens: TokenChecks | undefined;
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

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** A supervisor is answered however much else there is to do. */
const PROBES: ReadonlySet<string> = new Set(["/livez", "/readyz"]);

export class Guard {
  readonly #options: GuardOptions;
  readonly #hosts: Hosts;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#hosts = new Hosts(options.allowedHosts);
  }

  /**
   * The handler of a route, behind all checks. They are around it and not in a middleware
   * before it: that would cost every request a chain of promises.
   */
  around({ method, path, scope, handle }: Route, deps: HttpDeps): Handler {
    const { spans, turnstile } = this.#options;
    const requests = scope === "open" ? this.#options.openRequests : this.#options.requests;
    const isProbe = PROBES.has(path);
    // Whatever has a body goes through when that is there.
    const size = method === "GET" ? sizeOfGet(path) : undefined;
    return async (c) => {
      spans?.routed(c.req.method, path);
      this.admit(c, scope);
      if (isProbe) return handle(c, deps);
      requests.requireRoom();
      requests.opened();
      try {
        const turn = size === undefined ? undefined : turnstile.enter(size);
        if (turn !== undefined) await turn;
        return await handle(c, deps);
      } finally {
        requests.closed();
      }
    };
  }

  /**
   * @param scope Of the route that will answer; `undefined` where there is none.
   * @throws {Problem} why a request is not taken.
   */
  admit(c: Context, scope: RouteScope | undefined): void {
    const { engine, access } = this.#options;
    const { raw, method } = c.req;
    const host = this.#hosts.of(raw);
    if (access !== undefined) this.#requireScope(c, scope, access, host);
    if (SAFE_METHODS.has(method)) return;
    refuseCrossSite(raw.headers, host);
    if (engine.draining) throw draining();
  }

  /**
   * Without a valid token 401, and 429 for too many; without the scope 403; what is at no path
   * needs any token.
   */
  #requireScope(c: Context, scope: RouteScope | undefined, access: Access, host: string): void {
    const { raw: request } = c.req;
    const credential = credentialOf(request.headers, host, this.#options.sessions);
    const { token, session, isOpen } = credential;
    const checked = this.#checked(c, credential, access);
    const { holder } = checked;
    const permit = () => isOpen() && isPermitted(scope, token, access);
    const viewer = holder === undefined ? NOBODY : { ...holder, signedIn: session, permit };
    rememberViewer(request, viewer);
    if (scope === "open") return;
    if (holder === undefined) {
      throw checked.waitSeconds > 0 ? slowedDown(checked.waitSeconds) : unauthorized(credential);
    }
    if (session && !SAFE_METHODS.has(request.method)) requireSameOrigin(request.headers);
    if (scope === undefined) return;
    if (!holder.scopes.includes(scope)) throw forbidden(scope, holder.scopes);
  }

  /** Names of sessions are not slowed: nobody tries 256 random bits. */
  #checked(c: Context, { token, session }: Credential, access: Access): Checked {
    if (token === undefined) return NO_HOLDER;
    if (!session) return this.#options.tokens?.check(token, clientAddress(c)) ?? NO_HOLDER;
    const holder = access.holderOf(token);
    return holder === undefined ? NO_HOLDER : { holder };
  }
}

const NO_HOLDER: Checked = { holder: undefined, waitSeconds: 0 };

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

function unauthorized({ token, session }: Credential): Problem {
  const reason = session
    ? "its session is over"
    : token === undefined
    ? "it has no bearer token; send Authorization: Bearer and the token"
    : "its bearer token is wrong";
  return new Problem("unauthorized", `Cannot take the request: ${reason}`, {}, {
    "www-authenticate": 'Bearer realm="daybook"',
  });
}

function slowedDown(waitSeconds: number): Problem {
  const detail =
    "Cannot take the request: too many wrong tokens came from its address; try again " +
    `in ${counted(waitSeconds, "second")}`;
  return new Problem("too-many-failures", detail, {}, { "retry-after": String(waitSeconds) });
}

function forbidden(neededScope: Scope, scopes: readonly Scope[]): Problem {
  const detail = `Cannot take the request: it needs the scope ${neededScope}, ` +
    `and its token has ${scopes.join(", ")}`;
  return new Problem("forbidden", detail, { neededScope, scopes }, {
    "www-authenticate":
      `Bearer realm="daybook", error="insufficient_scope", scope="${neededScope}"`,
  });
}
