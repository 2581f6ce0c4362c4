/** What requests prove themselves with: a token, or the session of a browser. */

import { parse, serialize } from "hono/utils/cookie";
import { randomBytes } from "node:crypto";
import type { Clock } from "../../engine/ports.ts";
import type { Access, Holder } from "../../access/tokens.ts";

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

/**
 * Sessions of browsers that have signed in to the dashboard. A browser holds a random name of its
 * session, never a token; the tokens stay in the memory of this process, so that a restart ends all
 * sessions.
 */
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

/** Wrong tokens at once. */
const AT_ONCE = 10;
const EACH_MS = 1_000;
/** Beyond this, the address with the oldest wrong token is forgotten. */
const ADDRESSES_MAX = 10_000;
/** Addresses remembered for each valid token. */
const ADDRESSES_PER_TOKEN_MAX = 1_000;

/** Without a holder: seconds until the next attempt is allowed; 0 for a wrong token. */
export type Checked =
  | { readonly holder: Holder }
  | { readonly holder: undefined; readonly waitSeconds: number };

const ANYBODYS = "";
/** A request without a valid token; nothing has to be waited for. */
export const NO_HOLDER: Checked = { holder: undefined, waitSeconds: 0 };

/**
 * Finds the holder of a token, and limits wrong tokens by address, on all routes: ten at once, then
 * one a second. While an address has to wait, valid and wrong tokens are refused alike, so that the
 * answer reveals nothing. Only a token that was valid from this address before is still accepted,
 * so that a client with an old token does not lock out its neighbours. Behind a proxy that does not
 * name its clients, a valid token is always accepted, so that no client can lock everyone out.
 */
export class TokenChecks {
  /** When the limit of each address resets; the last to send a wrong token comes last. */
  readonly #forgivenAt = new Map<string, number>();
  /** For each valid token, the addresses it came from. */
  readonly #known = new Map<string, Set<string>>();

  constructor(private readonly access: Access, private readonly clock: Pick<Clock, "monotonic">) {}

  /** @param address `undefined` if the client is unknown. */
  check(token: string, address: string | undefined): Checked {
    const holder = this.access.holderOf(token);
    if (holder !== undefined && this.#isKnown(token, address)) return { holder };
    const waitSeconds = this.#waitSeconds(address ?? ANYBODYS);
    if (waitSeconds > 0) return { holder: undefined, waitSeconds };
    if (holder === undefined || address === undefined) {
      this.#wrong(address ?? ANYBODYS);
      return NO_HOLDER;
    }
    this.#remember(token, address);
    return { holder };
  }

  #isKnown(token: string, address: string | undefined): boolean {
    return address === undefined || this.#known.get(token)?.has(address) === true;
  }

  #remember(token: string, address: string): void {
    const addresses = this.#known.getOrInsertComputed(token, () => new Set()).add(address);
    for (const first of addresses) {
      if (addresses.size <= ADDRESSES_PER_TOKEN_MAX) return;
      addresses.delete(first);
    }
  }

  /** Seconds until an address may try again; 0 for now. */
  #waitSeconds(address: string): number {
    const forgivenAt = this.#forgivenAt.get(address) ?? 0;
    const waitMs = forgivenAt - (AT_ONCE - 1) * EACH_MS - this.clock.monotonic();
    return Math.max(0, Math.ceil(waitMs / 1_000));
  }

  #wrong(address: string): void {
    const now = this.clock.monotonic();
    const forgivenAt = Math.max(now, this.#forgivenAt.get(address) ?? now) + EACH_MS;
    this.#forgivenAt.delete(address);
    this.#forgivenAt.set(address, forgivenAt);
    this.#forget(now);
  }

  /** Drops addresses whose limit has reset, and the oldest if there are too many. */
  #forget(now: number): void {
    for (const [address, forgivenAt] of this.#forgivenAt) {
      if (forgivenAt > now && this.#forgivenAt.size <= ADDRESSES_MAX) return;
      this.#forgivenAt.delete(address);
    }
  }
}
