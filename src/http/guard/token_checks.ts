/**
 * Who a token belongs to, for whoever asks from an address. Wrong ones are slowed by address,
 * wherever they are tried: so many at once, then one a second. What is refused for that is refused
 * whether it is right or wrong, or the refusal would tell. Only a token that was right from this
 * address before still is: a client with an old token does not lock out its neighbours. Nor does a
 * stranger lock out everybody where a proxy does not tell who is who: there a right token is right.
 */

import type { Clock } from "../../engine/ports.ts";
import type { Access, Holder } from "./access.ts";

/** That may be wrong at once. */
const AT_ONCE = 10;
const EACH_MS = 1_000;
/** Beyond it the address whose last wrong token is longest ago is forgotten. */
const ADDRESSES_MAX = 10_000;
/** From which a token was right. */
const ADDRESSES_PER_TOKEN_MAX = 1_000;

/** Without a holder: how many seconds until it is worth another try; 0 for a wrong token. */
export type Checked =
  | { readonly holder: Holder }
  | { readonly holder: undefined; readonly waitSeconds: number };

const ANYBODYS = "";
const WRONG: Checked = { holder: undefined, waitSeconds: 0 };

export class TokenChecks {
  readonly #access: Access;
  readonly #clock: Pick<Clock, "monotonic">;
  /** When each address is as if no token had been wrong, the last that sent one last. */
  readonly #forgivenAt = new Map<string, number>();
  /** Of each token that was right: the addresses that it came from. */
  readonly #known = new Map<string, Set<string>>();

  constructor(access: Access, clock: Pick<Clock, "monotonic">) {
    this.#access = access;
    this.#clock = clock;
  }

  /** @param address `undefined` where it may be anybody's. */
  check(token: string, address: string | undefined): Checked {
    const holder = this.#access.holderOf(token);
    if (holder !== undefined && this.#isKnown(token, address)) return { holder };
    const waitSeconds = this.#waitSeconds(address ?? ANYBODYS);
    if (waitSeconds > 0) return { holder: undefined, waitSeconds };
    if (holder === undefined || address === undefined) {
      this.#wrong(address ?? ANYBODYS);
      return WRONG;
    }
    this.#remember(token, address);
    return { holder };
  }

  #isKnown(token: string, address: string | undefined): boolean {
    return address === undefined || this.#known.get(token)?.has(address) === true;
  }

  #remember(token: string, address: string): void {
    const addresses = this.#known.get(token) ?? new Set();
    this.#known.set(token, addresses.add(address));
    for (const first of addresses) {
      if (addresses.size <= ADDRESSES_PER_TOKEN_MAX) return;
      addresses.delete(first);
    }
  }

  /** Until an address may try again; 0 when it may now. */
  #waitSeconds(address: string): number {
    const forgivenAt = this.#forgivenAt.get(address) ?? 0;
    const waitMs = forgivenAt - (AT_ONCE - 1) * EACH_MS - this.#clock.monotonic();
    return Math.max(0, Math.ceil(waitMs / 1_000));
  }

  #wrong(address: string): void {
    const now = this.#clock.monotonic();
    const forgivenAt = Math.max(now, this.#forgivenAt.get(address) ?? now) + EACH_MS;
    this.#forgivenAt.delete(address);
    this.#forgivenAt.set(address, forgivenAt);
    this.#forget(now);
  }

  /** Those that are forgiven, as far as they are the first, and what there are too many of. */
  #forget(now: number): void {
    for (const [address, forgivenAt] of this.#forgivenAt) {
      if (forgivenAt > now && this.#forgivenAt.size <= ADDRESSES_MAX) return;
      this.#forgivenAt.delete(address);
    }
  }
}
