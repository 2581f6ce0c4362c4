/**
 * What a process answers that follows: another one leads the journal, and requests are passed on to
 * it. While a leader goes and another comes, they wait.
 */

import { Refusal } from "../documents/refusal.ts";
import { messageOf } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import { Bodies, leaveUnread } from "../http/bodies/bodies.ts";
import { EDGE_LIMITS, Gauge } from "../http/guard/capacity.ts";
import { Hosts } from "../http/guard/hosts.ts";
import { Turnstile } from "../http/guard/turnstile.ts";
import type { ConnectionInfo } from "../http/guard/client_address.ts";
import { jsonResponse } from "../http/answers/response.ts";
import { sharedIn } from "../http/answers/system.ts";
import type { Membership } from "../journal/membership.ts";
import { Problem, problemResponse, STATUS } from "../http/problems/problem.ts";
import type { Daybook } from "./daybook.ts";

type Fetch = Daybook["fetch"];

/** How long a request waits for a leader. */
const PATIENCE_MS = 5_000;
const AGAIN_MS = 50;
/** Requests without an answer; those that wait for a job are among them. */
const PASSED_ON_MAX = 4_096;

/** Between two processes, these are each connection's own. */
const HOP_HEADERS = ["connection", "host", "keep-alive", "te", "transfer-encoding", "upgrade"];

export interface FollowingOptions {
  /** What this process is, and which one leads. */
  readonly membership: Pick<Membership, "standing">;
  readonly clock: Clock;
  readonly bodyBytesMax: number;
  /** Names of this server. */
  readonly allowedHosts: readonly string[] | "any";
}

export class Following {
  readonly #options: FollowingOptions;
  readonly #passedOn = new Gauge("requestsMax", PASSED_ON_MAX);
  /** Bodies are kept as a whole: they can be sent again, to the next leader. */
  readonly #bodies: Bodies;
  readonly #hosts: Hosts;
  /** Aborted once this process leads. */
  readonly #following = new AbortController();
  /** Answers here, once this process leads. */
  #own: Fetch | undefined;

  constructor(options: FollowingOptions) {
    this.#options = options;
    const { clock, bodyBytesMax } = options;
    this.#hosts = new Hosts(options.allowedHosts);
    this.#bodies = new Bodies({
      clock,
      bytesMax: bodyBytesMax,
      bytesFlag: "--body-bytes",
      timeMs: EDGE_LIMITS.bodyTimeMs,
      bytes: new Gauge("bodiesBytesMax", EDGE_LIMITS.bodiesBytesMax),
      requests: this.#passedOn,
      turnstile: new Turnstile(clock),
      shutdownSignal: this.#following.signal,
    });
  }

  /** This process leads: requests that wait are answered here. */
  leads(own: Fetch): void {
    this.#own = own;
    this.#following.abort();
  }

  readonly fetch: Fetch = (request, connection) => {
    if (this.#own !== undefined) return this.#own(request, connection);
    try {
      // The leader is asked by its own name, so it cannot check the one that was meant.
      this.#hosts.of(request);
    } catch (error) {
      leaveUnread(request);
      return refused(error, URL.parse(request.url)?.pathname ?? "/");
    }
    const { pathname } = new URL(request.url);
    if (pathname === "/livez") return jsonResponse({ status: "live" }, STATUS.ok);
    if (pathname === "/readyz") return this.#ready(pathname);
    return this.#counted(request, connection, pathname);
  };

  async #counted(
    request: Request,
    connection: ConnectionInfo | undefined,
    pathname: string,
  ): Promise<Response> {
    try {
      this.#passedOn.requireRoom();
      this.#passedOn.opened();
    } catch (error) {
      leaveUnread(request);
      return refused(error, pathname);
    }
    try {
      const body = await this.#bodyOf(request);
      return await this.#passOn(request, body, connection, pathname);
    } catch (error) {
      return refused(error, pathname);
    } finally {
      this.#passedOn.closed();
    }
  }

  async #bodyOf(request: Request): Promise<Body> {
    if (request.method === "GET" || request.method === "HEAD") return null;
    const bytes = await this.#bodies.read(request);
    return bytes.length === 0 ? null : Uint8Array.from(bytes);
  }

  #ready(pathname: string): Response {
    const { standing } = this.#options.membership;
    if (standing.leader === null) return unready(pathname, "no process leads the journal yet");
    return jsonResponse({ status: "following", ...sharedIn(standing) }, STATUS.ok);
  }

  async #passOn(
    request: Request,
    body: Body,
    connection: ConnectionInfo | undefined,
    pathname: string,
  ): Promise<Response> {
    const { clock, membership } = this.#options;
    const endMs = clock.monotonic() + PATIENCE_MS;
    for (let reason = "no process leads the journal yet";;) {
      if (this.#own !== undefined) return await this.#own(withBody(request, body), connection);
      const url = membership.standing.leader?.url;
      if (url !== undefined) {
        try {
          return await answerOf(url, request, body);
        } catch (error) {
          if (request.signal.aborted) throw error;
          if (!mayRepeat(request, error)) {
            return unready(
              pathname,
              "the leader was gone before it answered: whether the request was recorded is " +
                "unknown; repeat it with the same id or key",
            );
          }
          reason = `the leader at ${url} does not answer`;
        }
      }
      if (clock.monotonic() >= endMs) return unready(pathname, reason);
      await new Promise<void>((resolve) => void clock.setTimer(AGAIN_MS, resolve));
    }
  }
}

type Body = Uint8Array<ArrayBuffer> | null;

/** The same request once more: its body has been read. */
function withBody(request: Request, body: Body): Request {
  const { method, headers, signal } = request;
  return body === null ? request : new Request(request.url, { method, headers, signal, body });
}

async function answerOf(leader: string, request: Request, body: Body): Promise<Response> {
  const { pathname, search, origin } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of HOP_HEADERS) headers.delete(name);
  headers.set("accept-encoding", "identity");
  // To the browser, this process is the site.
  if (headers.get("origin") === origin) headers.set("origin", new URL(leader).origin);
  const { method, signal } = request;
  // Never resolved against the leader's address: a path may begin with two slashes.
  const url = Object.assign(new URL(leader), { pathname, search });
  const answer = await fetch(url, { method, headers, body, signal, redirect: "manual" });
  return new Response(answer.body, answer);
}

/** Whether the leader cannot have seen the request, or seeing it twice does no harm. */
function mayRepeat({ method }: Request, error: unknown): boolean {
  // As Deno says that it came to no connection.
  return method === "GET" || method === "HEAD" || reasonOf(error).includes("(Connect)");
}

/** @throws what is no refusal. */
function refused(error: unknown, pathname: string): Response {
  if (error instanceof Refusal) return problemResponse(error, pathname);
  throw error;
}

function unready(pathname: string, reason: string): Response {
  const detail = `Cannot answer: ${reason}`;
  return problemResponse(new Problem("not-ready", detail, {}, { "retry-after": "1" }), pathname);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? messageOf(error.cause ?? error) : "";
}
