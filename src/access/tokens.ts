/** Bearer tokens and their scopes. */

import { timingSafeEqual } from "node:crypto";

/**
 * No scope includes another: a program that submits jobs need not read others, and a dashboard that
 * may stop jobs needs `read` to show them.
 */
export const SCOPES = ["read", "submit", "operate"] as const;
export type Scope = (typeof SCOPES)[number];

export interface AccessToken {
  /** What a client sends. */
  readonly token: string;
  readonly scopes: readonly Scope[];
  /** The name of its holder, if the file gives one. */
  readonly name?: string;
}

/** The holder of a token; the token itself is never shown. */
export type Holder = Omit<AccessToken, "token">;

/** The hosts at which a server needs no token, since only this machine reaches them. */
export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "::1", "[::1]"];

/** The source of tokens. */
export interface Access {
  /**
   * The current holder of a token; `undefined` if it is not valid, since tokens may change while a
   * server runs. Must take the same time for all texts of one length.
   */
  holderOf(token: string): Holder | undefined;
  /** The holders of all valid tokens; absent if they must not be shown. */
  holders?(): readonly Holder[];
}

type Comparison = (given: Uint8Array, known: Uint8Array) => boolean;

/** A fixed set of tokens. */
export class TokenList implements Access {
  readonly #known: readonly { readonly holder: Holder; readonly block: Uint8Array }[];
  /** The token to compare; the buffer is reused. */
  readonly #given: Uint8Array;
  readonly #areEqual: Comparison;

  /** @param areEqual must take the same time for all pairs of one length. */
  constructor(tokens: readonly AccessToken[], areEqual: Comparison = timingSafeEqual) {
    this.#areEqual = areEqual;
    const longest = tokens.reduce((most, { token }) => Math.max(most, bytesOf(token)), 0);
    const blockOf = () => new Uint8Array(longest + LENGTH_BYTES);
    this.#known = tokens.map(({ token, ...holder }) => ({
      block: filled(blockOf(), token),
      holder,
    }));
    this.#given = blockOf();
  }

  holders(): readonly Holder[] {
    return this.#known.map(({ holder }) => holder);
  }

  /**
   * Always compares with all tokens, so that the time reveals neither which token matched nor how
   * much of it.
   */
  holderOf(token: string): Holder | undefined {
    const given = filled(this.#given, token);
    let holder: Holder | undefined;
    for (const known of this.#known) {
      if (this.#areEqual(given, known.block)) holder = known.holder;
    }
    return holder;
  }
}

const UTF8 = new TextEncoder();

function bytesOf(token: string): number {
  return UTF8.encode(token).length;
}

/** The length of the token, at the end of its block. */
const LENGTH_BYTES = 2;
const TOO_LONG = 0xffff;

/**
 * A token in a block, padded with zeros. All blocks of a list have one length, so a comparison
 * reveals nothing about the length of a token. A token longer than all known ones matches none.
 */
function filled(block: Uint8Array, token: string): Uint8Array {
  const room = block.length - LENGTH_BYTES;
  block.fill(0);
  const { read, written } = UTF8.encodeInto(token, block);
  const length = read === token.length && written <= room ? written : TOO_LONG;
  block[room] = length & 0xff;
  block[room + 1] = length >> 8;
  return block;
}
