/** The checks that every request passes before its route handles it. */

import type { Context, Handler } from "hono";
import { counted } from "../../core/counted.ts";
import type { Access, Scope } from "../../access/tokens.ts";
import { clientAddress, NOBODY, rememberViewer } from "../requests/viewer.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { draining } from "../../documents/engine_refusal.ts";
import { Hosts } from "./hosts.ts";
import { Problem } from "../responses/problem.ts";
import type { Relay } from "./relay.ts";
import type { Route, RouteScope } from "../routing/route.ts";
import { type Checked, NO_HOLDER, requestSession, type Sessions } from "../requests/credentials.ts";
import { isSafe } from "../requests/request.ts";
import { sizeOfGet } from "../capacity/admission_gate.ts";

interface GuardOptions {
  /**
   * Host names, without ports, besides loopback. `"any"` only with a token: a page whose name was
   * rebound to this server cannot know the token.
   */
  readonly allowedHosts: readonly string[] | "any";
  /** `undefined` if no other process shares the journal. */
  readonly relay: Relay | undefined;
}

/** Answered however busy the server is, so that a supervisor does not restart it. */
const PROBES: ReadonlySet<string> = new Set(["/livez", "/readyz"]);

export class Guard {
  readonly #hosts: Hosts;
  readonly #relay: Relay | undefined;

  constructor(private readonly deps: HttpDeps, { allowedHosts, relay }: GuardOptions) {
    this.#hosts = new Hosts(allowedHosts);
    this.#relay = relay;
  }

  /**
   * The handler of a route, behind all checks. The checks wrap it instead of being middleware,
   * which would cost every request a chain of promises.
   */
  around(route: Route): Handler {
    const { method, path, scope, handle } = route;
    const [deps, relay] = [this.deps, this.#relay];
    const { spans, admission } = deps;
    const requests = scope === "open" ? deps.openRequests : deps.requests;
    const isProbe = PROBES.has(path);
    // Requests with a body are admitted when the body has arrived.
    const size = method === "GET" ? sizeOfGet(path) : undefined;
    return async (c) => {
      spans?.routed(c.req.method, path);
      this.admit(c, scope);
      if (isProbe) return handle(c, deps);
      requests.requireRoom();
      requests.opened();
      try {
        const turn = size === undefined ? undefined : admission.enter(size);
        if (turn !== undefined) await turn;
        // Open routes reveal nothing of the journal, so a client without a token may not make the
        // server wait for it.
        const answer = relay === undefined || scope === "open"
          ? await handle(c, deps)
          : await relay.answer(c, route, () => handle(c, deps));
        // Hono drops the body, so nothing else would end what makes it.
        if (c.req.method === "HEAD") await answer.body?.cancel();
        return answer;
      } finally {
        requests.closed();
      }
    };
  }

  /**
   * @param scope The scope of the route; `undefined` if there is no route.
   * @throws {Problem} if the request is refused.
   */
  admit(c: Context, scope: RouteScope | undefined): void {
    const { engine, access } = this.deps;
    const { raw } = c.req;
    const host = this.#hosts.of(raw);
    if (access !== undefined) this.#requireScope(c, scope, access, host);
    if (isSafe(raw)) return;
    refuseCrossSite(raw.headers, host);
    if (engine.draining) throw draining();
  }

  /**
   * 401 without a valid token, 429 after too many wrong ones, 403 without the scope; a path without
   * a route needs any token.
   */
  #requireScope(c: Context, scope: RouteScope | undefined, access: Access, host: string): void {
    const { raw: request } = c.req;
    const credential = readCredential(request.headers, host, this.deps.sessions);
    const { token, session, isOpen } = credential;
    const checked = this.#checked(c, credential, access);
    const { holder } = checked;
    const permit = () => isOpen() && isPermitted(scope, token, access);
    const viewer = holder === undefined ? NOBODY : { ...holder, signedIn: session, permit };
    rememberViewer(c, viewer);
    if (scope === "open") return;
    if (holder === undefined) {
      throw checked.waitSeconds > 0 ? slowedDown(checked.waitSeconds) : unauthorized(credential);
    }
    if (session && !isSafe(request)) requireSameOrigin(request.headers);
    if (scope === undefined) return;
    if (!holder.scopes.includes(scope)) throw forbidden(scope, holder.scopes);
  }

  /** Guesses of session names are not slowed: 256 random bits cannot be guessed. */
  #checked(c: Context, { token, session }: Credential, access: Access): Checked {
    if (token === undefined) return NO_HOLDER;
    if (!session) return this.deps.tokens?.check(token, clientAddress(c)) ?? NO_HOLDER;
    const holder = access.holderOf(token);
    return holder === undefined ? NO_HOLDER : { holder };
  }
}

/**
 * A browser sends the origin of the page behind a request; only pages of this server may write.
 * `Sec-Fetch-Site`, which a page cannot forge, takes precedence over comparing `Origin` with
 * `Host`, since a proxy may have replaced the `Host` that the browser used.
 */
function refuseCrossSite(headers: Headers, host: string): void {
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin") return;
  const origin = headers.get("origin");
  const isForeign = origin !== null && origin !== `http://${host}` && origin !== `https://${host}`;
  if (isForeign) throw foreignOrigin(origin, host);
  if (site === "cross-site") throw crossSite("its browser says (Sec-Fetch-Site) that it");
}

function foreignOrigin(origin: string, host: string): Problem {
  const name = URL.parse(origin)?.hostname ?? "";
  const flag = name === "" ? "--allowed-hosts" : `--allowed-hosts=${name}`;
  return crossSite(
    `its Origin is ${JSON.stringify(origin)}, and its Host ${JSON.stringify(host)}, so it`,
    `. If both are Daybook behind a proxy, let the proxy pass the Host on ` +
      `(nginx: proxy_set_header Host $http_host), and start Daybook with ${flag}`,
  );
}

function crossSite(evidence: string, advice = ""): Problem {
  return new Problem(
    "cross-site",
    `Cannot take the request: ${evidence} comes from a page of another site; call Daybook from a ` +
      `backend${advice}`,
  );
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

interface Credential {
  /** `undefined` if the request has none, or its session is over. */
  readonly token: string | undefined;
  /** Whether a browser sent it by itself, which it may do for pages of other sites. */
  readonly session: boolean;
  /** Whether the session, if it is one, is still open. */
  readonly isOpen: () => boolean;
}

const always = () => true;

/** A token in the request takes precedence over a session. */
function readCredential(headers: Headers, host: string, sessions: Sessions): Credential {
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    return { token: BEARER.exec(authorization)?.[1], session: false, isOpen: always };
  }
  const name = requestSession(headers, host);
  if (name === undefined) return { token: undefined, session: false, isOpen: always };
  return { token: sessions.tokenOf(name), session: true, isOpen: () => sessions.isOpen(name) };
}

/** Read for each request: tokens change while the server runs. */
function isPermitted(scope: RouteScope | undefined, token = "", access: Access): boolean {
  if (scope === "open" || scope === undefined) return true;
  return access.holderOf(token)?.scopes.includes(scope) ?? false;
}

/** A browser may not use a session in a request that does not say which page it comes from. */
function requireSameOrigin(headers: Headers): void {
  // An `Origin` header has been compared already.
  if (headers.has("origin") || headers.get("sec-fetch-site") === "same-origin") return;
  throw new Problem(
    "cross-site",
    "Cannot take the request: it does not say that it comes from a page of this server",
  );
}

function unauthorized({ token, session }: Credential): Problem {
  const reason = session
    ? "its session is over"
    : token === undefined
    ? "it has no bearer token; send Authorization: Bearer and the token"
    : "its bearer token is wrong";
  return new Problem("unauthorized", `Cannot take the request: ${reason}`, {
    headers: { "www-authenticate": 'Bearer realm="daybook"' },
  });
}

function slowedDown(waitSeconds: number): Problem {
  const detail =
    "Cannot take the request: too many wrong tokens came from its address; try again " +
    `in ${counted(waitSeconds, "second")}`;
  return new Problem("too-many-failures", detail, { retryAfterSeconds: waitSeconds });
}

function forbidden(neededScope: Scope, scopes: readonly Scope[]): Problem {
  const detail = `Cannot take the request: it needs the scope ${neededScope}, ` +
    `and its token has ${scopes.join(", ")}`;
  const challenge = `Bearer realm="daybook", error="insufficient_scope", scope="${neededScope}"`;
  const members = { neededScope, scopes };
  return new Problem("forbidden", detail, {
    members,
    headers: { "www-authenticate": challenge },
  });
}
