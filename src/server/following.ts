/**
 * What a process answers that follows: another one leads the journal, and requests are passed on to
 * it. While a leader goes and another comes, they wait.
 */

import { messageOf } from "../core/thrown.ts";
import type { Clock, JournalHead } from "../engine/ports.ts";
import type { ConnectionInfo } from "../http/guard/client_address.ts";
import { jsonResponse } from "../http/answers/response.ts";
import { Problem, problemResponse, STATUS } from "../http/problems/problem.ts";
import type { Daybook } from "./daybook.ts";

type Fetch = Daybook["fetch"];

/** How long a request waits for a leader. */
const PATIENCE_MS = 5_000;
const AGAIN_MS = 50;
/** Requests without an answer; each may hold a body of `KEPT_BYTES_MAX`. */
const PASSED_ON_MAX = 1_024;
/** A body that is kept can be sent again, to the next leader. */
const KEPT_BYTES_MAX = 65_536;

/** Between two processes, these are each connection's own. */
const HOP_HEADERS = ["connection", "host", "keep-alive", "te", "transfer-encoding", "upgrade"];

export interface FollowingOptions {
  /** Where the leader listens, if it is known; never this process. */
  readonly leader: () => string | undefined;
  readonly clock: Pick<Clock, "monotonic" | "setTimer">;
  /** Takes a line for people. */
  readonly tell: (line: string) => void;
}

export class Following {
  readonly #options: FollowingOptions;
  #head: JournalHead = { logId: 0, chain: "" };
  #toldOf: string | undefined;
  #passedOn = 0;
  /** Answers here, once this process leads. */
  #own: Fetch | undefined;

  constructor(options: FollowingOptions) {
    this.#options = options;
  }

  /** The copy of this process is complete up to a position. */
  readonly followed = (head: JournalHead): void => {
    this.#head = head;
    const leader = this.#options.leader();
    if (leader === this.#toldOf || leader === undefined) return;
    this.#toldOf = leader;
    this.#options.tell(`following ${leader}, at logId ${head.logId}; leads when that is gone`);
  };

  /** This process leads: requests that wait are answered here. */
  leads(own: Fetch): void {
    this.#own = own;
  }

  readonly fetch: Fetch = (request, connection) => {
    if (this.#own !== undefined) return this.#own(request, connection);
    const { pathname } = new URL(request.url);
    if (pathname === "/livez") return jsonResponse({ status: "live" }, STATUS.ok);
    if (pathname === "/readyz") return this.#ready(pathname);
    if (this.#passedOn >= PASSED_ON_MAX) {
      return unready(pathname, "too many requests wait for the leader");
    }
    this.#passedOn++;
    return this.#passOn(request, connection, pathname).finally(() => this.#passedOn--);
  };

  #ready(pathname: string): Response {
    const leader = this.#options.leader();
    if (leader === undefined) return unready(pathname, "no process leads the journal yet");
    return jsonResponse({ status: "following", leader, logId: this.#head.logId }, STATUS.ok);
  }

  async #passOn(
    request: Request,
    connection: ConnectionInfo | undefined,
    pathname: string,
  ): Promise<Response> {
    const { clock, leader } = this.#options;
    const body = await bodyOf(request);
    const endMs = clock.monotonic() + PATIENCE_MS;
    for (let reason = "no process leads the journal yet";;) {
      if (this.#own !== undefined) return await this.#own(withBody(request, body), connection);
      const url = leader();
      if (url !== undefined) {
        try {
          return await answerOf(url, request, body);
        } catch (error) {
          if (request.signal.aborted) throw error;
          if (!mayRepeat(request, body, error)) {
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

type Body = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null;

/** A short body as a whole; a long one as it comes. */
async function bodyOf(request: Request): Promise<Body> {
  if (request.body === null) return null;
  const length = Number(request.headers.get("content-length") ?? Infinity);
  return length <= KEPT_BYTES_MAX ? await request.bytes() : request.body;
}

function withBody(request: Request, body: Body): Request {
  if (body === null || body === request.body) return request;
  const { method, headers, signal } = request;
  return new Request(request.url, { method, headers, signal, body });
}

async function answerOf(leader: string, request: Request, body: Body): Promise<Response> {
  const { pathname, search, origin } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of HOP_HEADERS) headers.delete(name);
  headers.set("accept-encoding", "identity");
  // To the browser, this process is the site.
  if (headers.get("origin") === origin) headers.set("origin", new URL(leader).origin);
  const { method, signal } = request;
  const answer = await fetch(new URL(pathname + search, leader), {
    ...{ method, headers, body, signal },
    redirect: "manual",
  });
  return new Response(answer.body, answer);
}

/** Whether the leader cannot have seen the request, or seeing it twice does no harm. */
function mayRepeat({ method }: Request, body: Body, error: unknown): boolean {
  if (body instanceof ReadableStream) return false;
  // As Deno says that it came to no connection.
  return method === "GET" || method === "HEAD" || reasonOf(error).includes("(Connect)");
}

function unready(pathname: string, reason: string): Response {
  const detail = `Cannot answer: ${reason}`;
  return problemResponse(new Problem("not-ready", detail, {}, { "retry-after": "1" }), pathname);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? messageOf(error.cause ?? error) : "";
}
