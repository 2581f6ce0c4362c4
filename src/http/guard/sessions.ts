/**
 * Sessions of browsers that have signed in to the dashboard. A browser holds a random name of its
 * session, never a token; the tokens stay in the memory of this process, so that a restart ends all
 * sessions.
 */

import { parse, serialize } from "hono/utils/cookie";
import { randomBytes } from "node:crypto";
import type { Clock } from "../../engine/ports.ts";

/** A session that is unused for this long has expired. */
const IDLE_MS = 12 * 60 * 60_000;

/**
 * For each token: repeated sign-ins end only sessions of the same token. The least recently used
 * session ends first.
 */
const SESSIONS_PER_TOKEN_MAX = 100;

/** For all tokens, including those revoked meanwhile. */
const SESSIONS_MAX = 10_000;

interface Session {
  readonly token: string;
  usedAt: number;
}

export class Sessions {
  /** In the order in which they were last used. */
  readonly #sessions = new Map<string, Session>();
  /** Their names by token, in the same order. */
  readonly #names = new Map<string, Set<string>>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#sessions.size;
  }

  /** The name of a new session: 256 random bits, base64url. */
  open(token: string): string {
    if (this.#sessions.size >= SESSIONS_MAX) this.#closeFirst(this.#sessions.keys());
    const names = this.#names.get(token);
    if ((names?.size ?? 0) >= SESSIONS_PER_TOKEN_MAX) this.#closeFirst(names?.keys());
    const name = randomBytes(32).toString("base64url");
    this.#add(name, { token, usedAt: this.clock.monotonic() });
    return name;
  }

  /** The token of a session; `undefined` if there is no such session, or it has expired. */
  tokenOf(name: string): string | undefined {
    const session = this.#sessions.get(name);
    if (session === undefined) return undefined;
    const now = this.clock.monotonic();
    this.close(name);
    if (now - session.usedAt > IDLE_MS) return undefined;
    session.usedAt = now;
    this.#add(name, session);
    return session.token;
  }

  /** Whether there is such a session; this check does not count as use. */
  isOpen(name: string): boolean {
    return this.#sessions.has(name);
  }

  close(name: string): void {
    const token = this.#sessions.get(name)?.token;
    if (token === undefined) return;
    this.#sessions.delete(name);
    const names = this.#names.get(token);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(token);
  }

  #add(name: string, session: Session): void {
    this.#sessions.set(name, session);
    this.#names.getOrInsertComputed(session.token, () => new Set()).add(name);
  }

  #closeFirst(names: Iterable<string> = []): void {
    for (const name of names) return this.close(name);
  }
}

/** Browsers ignore the port of a cookie, so two servers on one machine need two names. */
function cookieName(host: string): string {
  return `daybook_session_${/:(\d+)$/.exec(host)?.[1] ?? "0"}`;
}

/** The name of the session in the cookie of a request; `undefined` if it has none. */
export function requestSession(headers: Headers, host: string): string | undefined {
  const name = cookieName(host);
  return parse(headers.get("cookie") ?? "", name)[name];
}

/** @param secure Whether the browser reached the server, or its proxy, over TLS. */
export function sessionCookie(host: string, session: string, secure: boolean): string {
  return serialize(cookieName(host), session, { ...OWN, secure });
}

/** Makes the browser delete the cookie of its session. */
export function endedSessionCookie(host: string, secure: boolean): string {
  return serialize(cookieName(host), "", { ...OWN, secure, maxAge: 0 });
}

/** No script can read the cookie, and no other site can make a browser send it. */
const OWN = { path: "/", httpOnly: true, sameSite: "Strict" } as const;
