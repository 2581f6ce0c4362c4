/** Who may do what: bearer tokens, and the scopes that each of them has. */

import { createHash, timingSafeEqual } from "node:crypto";

/**
 * None implies another: a program that submits jobs need not read those of others, and a
 * dashboard that may stop jobs needs `read` to show them.
 */
export const SCOPES = ["read", "submit", "operate"] as const;
export type Scope = (typeof SCOPES)[number];

export interface AccessToken {
  /** What a client sends. */
  readonly token: string;
  readonly scopes: readonly Scope[];
  /** Whose it is, where its file says so. */
  readonly name?: string;
}

/** A token that is never shown. */
export type Holder = Omit<AccessToken, "token">;

/** What the edge asks of whoever keeps the tokens. */
export interface Access {
  /**
   * The scopes of a token as of now, or `undefined` when it is none: tokens come and go
   * while a server runs. Must take as long for every text of the same length.
   */
  scopesOf(token: string): readonly Scope[] | undefined;
  /** Whose tokens are valid as of now; absent where that is not to be told. */
  holders?(): readonly Holder[];
}

/** Tokens that stay as they are. */
export class TokenList implements Access {
  readonly #known: readonly (Holder & { readonly digest: Uint8Array })[];

  constructor(tokens: readonly AccessToken[]) {
    this.#known = tokens.map(({ token, ...holder }) => ({ digest: digestOf(token), ...holder }));
  }

  holders(): readonly Holder[] {
    return this.#known.map(({ digest: _, ...holder }) => holder);
  }

  /** Compares with all of them, whichever matches: time tells neither which one, nor how far. */
  scopesOf(token: string): readonly Scope[] | undefined {
    const given = digestOf(token);
    let scopes: readonly Scope[] | undefined;
    for (const known of this.#known) {
      if (timingSafeEqual(given, known.digest)) scopes = known.scopes;
    }
    return scopes;
  }
}

/** Digests have one length, so comparing them tells nothing of the token's. */
function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
