/**
 * Finds the holder of a token, and limits wrong tokens by address, on all routes: ten at once, then
 * one a second. While an address has to wait, valid and wrong tokens are refused alike, so that the
 * answer reveals nothing. Only a token that was valid from this address before is still accepted,
 * so that a client with an old token does not lock out its neighbours. Behind a proxy that does not
 * name its clients, a valid token is always accepted, so that no client can lock everyone out.
 */

import type { Clock } from "../../engine/ports.ts";
import type { Access, Holder } from "../../access/tokens.ts";

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
