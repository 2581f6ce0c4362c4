/**
 * Answers requests in a process that shares its journal with others. Requests that only the leader
 * can answer are forwarded to it; all others are answered here, as far as this process has read the
 * journal. A client that names the position it has seen never gets an older answer, whichever
 * process it asks.
 */

import type { Context } from "hono";
import type { LogId } from "../../core/ids.ts";
import { errorMessage } from "../../core/thrown.ts";
import { lackText } from "../../core/permissions.ts";
import { parseWholeNumber } from "../../documents/fields.ts";
import { cursorPosition } from "../../documents/parameters.ts";
import { problemType } from "../../documents/refusal.ts";
import { whileWaiting } from "../answers/waiting.ts";
import { requestSession } from "../requests/credentials.ts";
import type { HttpDeps, SharedPart } from "../routing/http_deps.ts";
import type { Header, Route } from "../routing/route.ts";
import { Problem, problemFacts } from "../responses/problem.ts";
import { headerPosition, isSafe, positionField, reachedAs } from "../requests/request.ts";

/** In an answer, its position; in a request, the position that the answer must include. */
const LOG_ID = "Daybook-Log-Id";

/** In a forwarded request, the address to which it was sent: that of the leader. */
const SENT_TO = "daybook-sent-to";

/** How long a request waits for a leader, or for a position. */
const WAIT_MS = 5_000;
const RETRY_MS = 50;
/** How often a forwarded request checks whether the leader is still the same, or still stopping. */
const LOOK_MS = 500;
/** How long the answer to a write waits for this process to read the write too. */
const OWN_WRITE_MS = 1_000;

/** The header of requests and answers, for `/openapi.json`. */
export const LOG_ID_HEADERS: {
  readonly request: Readonly<Record<string, Header>>;
  readonly answer: Readonly<Record<string, Header>>;
} = {
  request: {
    [LOG_ID]: {
      description: "In a journal that several processes share: the answer must include this " +
        "entry. A process that has not read it yet waits up to five seconds for it.",
      schema: positionField,
    },
  },
  answer: {
    [LOG_ID]: {
      description: "In a journal that several processes share: how far the process that answered " +
        "had read the journal. Send it with the next request, and no process answers " +
        "from an older position.",
      schema: positionField,
    },
  },
};

/** Headers that are not forwarded: they belong to a connection, or were checked here. */
const OWN_HEADERS = [
  ...["connection", "host", "keep-alive", "te", "transfer-encoding", "upgrade"],
  ...["cookie", "origin", "referer", "sec-fetch-site"],
];

type Body = Uint8Array<ArrayBuffer> | null;

export class Relay {
  constructor(private readonly deps: HttpDeps, private readonly shared: SharedPart) {}

  /**
   * @param here Answers in this process.
   * @throws {Problem} `behind`, or `not-ready` while no process leads.
   */
  async answer(
    c: Context,
    route: Route,
    here: () => Response | Promise<Response>,
  ): Promise<Response> {
    await this.#reach(c);
    const isForLeader = !this.shared.leads() && !isAnsweredHere(route, c, this.deps);
    const passedOn = isForLeader ? await this.#ask(c) : undefined;
    const answer = passedOn ?? await here();
    const { headLogId } = this.deps.engine;
    if (!answer.headers.has(LOG_ID)) answer.headers.set(LOG_ID, `${headLogId}`);
    return answer;
  }

  /** Waits until this process has read the position that the client has seen. */
  async #reach(c: Context): Promise<void> {
    const deps = this.deps;
    const seen = headerPosition(c.req.raw, LOG_ID) ?? 0;
    const wanted = Math.max(seen, this.shared.leads() ? 0 : resumedAfter(c));
    if (wanted <= deps.engine.headLogId) return;
    await whileWaiting(deps, () => this.#readUpTo(wanted, WAIT_MS, c.req.raw.signal));
    const { headLogId } = deps.engine;
    if (headLogId >= wanted) return;
    const detail =
      `Cannot answer yet: this process has read the journal up to logId ${headLogId}, ` +
      `and the request needs ${wanted}`;
    throw new Problem("behind", detail, { retryAfterSeconds: 1 });
  }

  async #readUpTo(logId: LogId, timeMs: number, signal: AbortSignal): Promise<void> {
    const { engine, clock } = this.deps;
    const endMs = clock.monotonic() + timeMs;
    while (engine.headLogId < logId && !engine.draining && !signal.aborted) {
      const leftMs = endMs - clock.monotonic();
      if (leftMs <= 0) return;
      await engine.changed(engine.headLogId, leftMs, signal);
    }
  }

  /** The leader's answer; `undefined` if this process leads by now. */
  async #ask(c: Context): Promise<Response | undefined> {
    const deps = this.deps;
    const { raw } = c.req;
    this.#requireOtherAddress(raw);
    const isRead = isSafe(raw);
    const body: Body = isRead ? null : new Uint8Array(await deps.bodies.read(raw));
    // The body can be read again, here or for the next leader.
    const request = body === null ? raw : withBody(raw, body);
    c.req.raw = request;
    return await whileWaiting(deps, async () => {
      const answer = await this.#passOn(request, headersOf(request, deps), body);
      if (answer === undefined || isRead) return answer;
      const recorded = Number(answer.headers.get(LOG_ID) ?? 0);
      await this.#readUpTo(recorded, OWN_WRITE_MS, request.signal);
      return answer;
    });
  }

  /** A proxy at the address of the leader may lead back here: the request would never end. */
  #requireOtherAddress({ headers }: Request): void {
    const leader = this.shared.leader();
    if (leader === undefined || headers.get(SENT_TO) !== leader) return;
    const detail = `Cannot answer: ${leader}, the address of the leader, leads to a process that ` +
      "follows; --advertise of the leader must be an address of that process alone";
    throw new Problem("not-ready", detail);
  }

  async #passOn(request: Request, headers: Headers, body: Body): Promise<Response | undefined> {
    const { clock } = this.deps;
    const { leads, leader } = this.shared;
    const endMs = clock.monotonic() + WAIT_MS;
    for (let reason = "no leader of the journal is known";;) {
      if (leads()) return undefined;
      let pauseMs = RETRY_MS;
      const url = leader();
      if (url !== undefined) {
        try {
          const answer = await this.#answerOf(url, request, headers, body);
          if (!await isRefusedByStop(answer)) return answer;
          reason = `the leader at ${url} is stopping`;
          pauseMs = LOOK_MS;
        } catch (error) {
          if (error instanceof Deno.errors.NotCapable) throw unreachable(url);
          // A client that has disconnected reads no answer.
          if (request.signal.aborted || !mayRepeat(request, error)) throw outcomeUnknown();
          reason = `the leader at ${url} does not answer`;
        }
      }
      if (clock.monotonic() >= endMs) {
        throw new Problem("not-ready", `Cannot answer: ${reason}`, { retryAfterSeconds: 1 });
      }
      await new Promise<void>((resolve) => void clock.setTimer(pauseMs, resolve));
    }
  }

  async #answerOf(
    leader: string,
    { url, method, signal }: Request,
    headers: Headers,
    body: Body,
  ): Promise<Response> {
    const { pathname, search } = new URL(url);
    // Never resolved against the leader's address: a path may begin with two slashes.
    const target = Object.assign(new URL(leader), { pathname, search });
    const leaderChanged = new AbortController();
    const cancel = this.#onLeaderChange(leader, () => leaderChanged.abort());
    const either = AbortSignal.any([signal, leaderChanged.signal]);
    try {
      headers.set(SENT_TO, leader);
      const init = { method, headers, body, signal: either, redirect: "manual" } as const;
      const answer = await fetch(target, init);
      return new Response(answer.body, answer);
    } finally {
      cancel();
    }
  }

  /** A former leader that hangs keeps its connections, and never answers. */
  #onLeaderChange(leader: string, call: () => void): () => void {
    const { clock } = this.deps;
    const { leads, leader: current } = this.shared;
    let cancel = () => {};
    const look = () => {
      if (leads() || current() !== leader) call();
      else cancel = clock.setTimer(LOOK_MS, look);
    };
    cancel = clock.setTimer(LOOK_MS, look);
    return () => cancel();
  }
}

/** Only the process that carried out an action knows its note. */
function isAnsweredHere({ method, by }: Route, c: Context, { notes }: HttpDeps): boolean {
  if (by !== undefined) return (typeof by === "function" ? by(c) : by) === "here";
  const { req } = c;
  if (method !== "GET") return false;
  const note = req.query("note");
  return note === undefined || notes.of(note) !== undefined || !req.path.startsWith("/ui");
}

/** The position after which a client continues a stream or a list; the route refuses invalid ones. */
function resumedAfter({ req }: Context): LogId {
  const texts = [req.header("last-event-id"), req.query("after")];
  const positions = texts.map((text) => parseWholeNumber(text ?? "") ?? 0);
  return Math.max(0, ...positions, cursorPosition(req.query("cursor") ?? "") ?? 0);
}

function withBody({ url, method, headers, signal }: Request, body: Uint8Array<ArrayBuffer>) {
  return new Request(url, { method, headers, signal, body });
}

/** Only this process knows the session, so the leader gets its token. */
function headersOf(request: Request, { sessions }: HttpDeps): Headers {
  const headers = new Headers(request.headers);
  const { host } = reachedAs(request);
  const session = headers.has("authorization") ? undefined : requestSession(headers, host);
  const token = session && sessions.tokenOf(session);
  for (const name of OWN_HEADERS) headers.delete(name);
  // What the leader shows names the address that the client uses.
  if (!headers.has("x-forwarded-host")) headers.set("x-forwarded-host", host);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  headers.set("accept-encoding", "identity");
  return headers;
}

/** Whether the leader has recorded nothing because it is stopping; the next one may take the request. */
async function isRefusedByStop(answer: Response): Promise<boolean> {
  if (answer.status !== problemFacts("draining").status) return false;
  const isStop = (await answer.clone().text()).includes(`"${problemType("draining")}"`);
  if (isStop) await answer.body?.cancel();
  return isStop;
}

/** Whether the leader cannot have seen the request, or seeing it twice does no harm. */
function mayRepeat(request: Request, error: unknown): boolean {
  // Deno's error for a connection that was never established.
  return isSafe(request) || reasonOf(error).includes("(Connect)");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? errorMessage(error.cause ?? error) : "";
}

function unreachable(leader: string): Problem {
  const lack = lackText({ net: [new URL(leader).host] });
  return new Problem("not-ready", `Cannot reach the leader at ${leader}: ${lack}`);
}

function outcomeUnknown(): Problem {
  const detail = "Cannot answer: the leader stopped before it answered; whether the request was " +
    "recorded is unknown; repeat it with the same id or key";
  return new Problem("outcome-unknown", detail, { retryAfterSeconds: 1 });
}
