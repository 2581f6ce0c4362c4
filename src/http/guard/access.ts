/** Who may do what: bearer tokens, and the scopes that each of them has. */

import { timingSafeEqual } from "node:crypto";

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
   * Who holds a token as of now, or `undefined` when it is none: tokens come and go while a
   * server runs. Must take as long for every text of the same length.
   */
  holderOf(token: string): Holder | undefined;
  /** Whose tokens are valid as of now; absent where that is not to be told. */
  holders?(): readonly Holder[];
}

/** Tokens that stay as they are. */
export class TokenList implements Access {
  readonly #known: readonly { readonly holder: Holder; readonly block: Uint8Array }[];
  /** Of the token that is compared; one serves all. */
  readonly #given: Uint8Array;

  constructor(tokens: readonly AccessToken[]) {
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

  /** Compares with all of them, whichever matches: time tells neither which one, nor how far. */
  holderOf(token: string): Holder | undefined {
    const given = filled(this.#given, token);
    let holder: Holder | undefined;
    for (const known of this.#known) {
      if (timingSafeEqual(given, known.block)) holder = known.holder;
    }
    return holder;
  }
}

const UTF8 = new TextEncoder();

function bytesOf(token: string): number {
  return UTF8.encode(token).length;
}

/** At the end of a block: how long the token in it is. */
const LENGTH_BYTES = 2;
const TOO_LONG = 0xffff;

/**
 * A token in a block, with zeros behind it. Blocks of one list have one length, so comparing
 * them tells nothing of a token's; what is longer than all that are known equals none.
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

export interface Viewer {
  readonly scopes: readonly Scope[];
  /** Whose token it is, where its file says so. */
  readonly name?: string;
  /** Whether there is a session that can be ended. */
  readonly signedIn: boolean;
  /** Whether an answer that goes on for long may still go on: its token may be gone by now. */
  readonly permit: () => boolean;
}

const VIEWERS = new WeakMap<Request, Viewer>();

/** Where no token is asked for, everybody may do everything. */
const ANYBODY: Viewer = { scopes: SCOPES, signedIn: false, permit: () => true };

/** Of a route that is open to all, and was asked without a token. */
export const NOBODY: Viewer = { scopes: [], signedIn: false, permit: () => true };

export function rememberViewer(request: Request, viewer: Viewer): void {
  VIEWERS.set(request, viewer);
}

/** What `guard` found. */
export function viewerOf(request: Request): Viewer {
  return VIEWERS.get(request) ?? ANYBODY;
}

export type Permit = () => boolean;

/** What `guard` found; everything is permitted where no token is asked for. */
export function permitOf(request: Request): Permit {
  return viewerOf(request).permit;
}

/** `undefined` where none is needed, where nobody tells, or who looks may not know. */
export function tokenHolders(
  { access }: { readonly access: Access | undefined },
  { scopes }: Viewer,
): readonly Holder[] | undefined {
  return scopes.includes("operate") ? access?.holders?.() : undefined;
}
