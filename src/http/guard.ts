/** What is checked of every request before its route sees it, in one pass. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Gauge } from "./capacity.ts";
import { draining } from "./engine_problem.ts";
import type { EnginePort } from "./engine_port.ts";
import { Problem } from "./problem.ts";

export interface GuardOptions {
  readonly engine: EnginePort;
  /** When given, every route but the probes needs it as a bearer. */
  readonly token: string | undefined;
  /**
   * Host names, without ports, beside those of the loopback. `"any"` only with a token: a
   * page whose name was made to point here cannot know it.
   */
  readonly allowedHosts: readonly string[] | "any";
  /** Counts the requests that are being answered; the probes are answered all the same. */
  readonly requests: Gauge;
}

const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Paths that a supervisor may ask without the token; they tell nothing of jobs. */
const PROBES: ReadonlySet<string> = new Set(["/livez", "/readyz"]);

export function guard({ engine, token, allowedHosts, requests }: GuardOptions): MiddlewareHandler {
  const hosts = allowedHosts === "any"
    ? undefined
    : new Set([...LOOPBACK_HOSTS, ...allowedHosts.map(hostOf)]);
  const closed = () => requests.closed();
  const tokenDigest = token === undefined ? undefined : digestOf(token);
  return (c, next) => {
    const { raw, method, path } = c.req;
    const host = raw.headers.get("host") ?? new URL(raw.url).host;
    if (hosts !== undefined && !isServed(raw.url, host, hosts)) throw wrongHost();
    if (tokenDigest !== undefined && !PROBES.has(path)) requireToken(raw.headers, tokenDigest);
    if (!SAFE_METHODS.has(method)) {
      refuseCrossSite(raw.headers, host);
      if (engine.draining) throw draining();
    }
    if (PROBES.has(path)) return next();
    requests.requireRoom();
    requests.opened();
    const answered = next();
    // Beside what is returned, so that the answer does not wait for it.
    answered.then(closed, closed);
    return answered;
  };
}

const SCHEME = "http://";

/** A target may name a host itself, which then counts (RFC 9112, 3.2.2); few do. */
function isServed(url: string, host: string, hosts: ReadonlySet<string>): boolean {
  if (!hosts.has(nameOf(host))) return false;
  const isSame = url.startsWith(host, SCHEME.length) && url[SCHEME.length + host.length] === "/";
  return isSame || hosts.has(nameOf(new URL(url).host));
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
  return new Problem("wrong-host", "Cannot answer for this Host: it is not on the list of hosts");
}

/** A browser says whose page a request came from; no page but this server's may write. */
function refuseCrossSite(headers: Headers, host: string): void {
  const origin = headers.get("origin");
  const isForeign = origin !== null && origin !== `http://${host}` && origin !== `https://${host}`;
  if (isForeign || headers.get("sec-fetch-site") === "cross-site") {
    throw new Problem("cross-site", "Cannot take the request: it comes from another site");
  }
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/** Digests have one length, so comparing them tells nothing of the token's. */
function requireToken(headers: Headers, tokenDigest: Uint8Array): void {
  const given = BEARER.exec(headers.get("authorization") ?? "")?.[1];
  if (given !== undefined && timingSafeEqual(digestOf(given), tokenDigest)) return;
  const what = given === undefined ? "it has no bearer token" : "its bearer token is wrong";
  throw new Problem("unauthorized", `Cannot take the request: ${what}`, {}, {
    "www-authenticate": 'Bearer realm="daybook"',
  });
}

function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
