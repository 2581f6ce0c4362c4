/**
 * Who has signed in to the dashboard. A browser holds a random name of its session, never a
 * token; the tokens stay in the memory of this process, so that a restart ends all sessions.
 */

import { randomBytes } from "node:crypto";
import type { Clock } from "../engine/ports.ts";

/** A session that is not used for this long is over. */
const IDLE_MS = 12 * 60 * 60_000;

/** The one that was not used for longest goes first. */
const SESSIONS_MAX = 1_000;

interface Session {
  readonly token: string;
  usedAt: number;
}

export class Sessions {
  readonly #clock: Clock;
  /** In the order in which they were last used. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The name of a new session: 256 random bits, base64url. */
  open(token: string): string {
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < SESSIONS_MAX) break;
      this.#sessions.delete(oldest);
    }
    const name = randomBytes(32).toString("base64url");
    this.#sessions.set(name, { token, usedAt: this.#clock.monotonic() });
    return name;
  }

  /** `undefined` when there is no such session, or not any more. */
  tokenOf(name: string): string | undefined {
    const session = this.#sessions.get(name);
    if (session === undefined) return undefined;
    const now = this.#clock.monotonic();
    this.#sessions.delete(name);
    if (now - session.usedAt > IDLE_MS) return undefined;
    session.usedAt = now;
    this.#sessions.set(name, session);
    return session.token;
  }

  /** Whether there is such a session; asking is no use of it. */
  isOpen(name: string): boolean {
    return this.#sessions.has(name);
  }

  close(name: string): void {
    this.#sessions.delete(name);
  }
}
