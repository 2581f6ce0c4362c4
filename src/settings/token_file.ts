/**
 * A file of tokens that is read again while the server runs, so that tokens can be rotated without
 * a restart.
 */

import { errorMessage } from "../core/thrown.ts";
import { type Access, type AccessToken, type Holder, TokenList } from "../access/tokens.ts";
import { readTokenLines } from "../access/token_lines.ts";

/** How long a removed token may remain valid: the file is read at most this often. */
const FRESH_MS = 1_000;

interface TokenFileOptions {
  readonly path: string;
  /** The content of the file when the server started. */
  readonly tokens: readonly AccessToken[];
  /** @throws if the file cannot be read. */
  readonly readTextFile: (path: string) => string;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly warn: (message: string) => void;
}

/**
 * Reads the file when a token is checked, at most once a second. The file is small, and reading it
 * detects every change, unlike its time and size. A file that is unreadable or invalid changes
 * nothing: editors leave a partial or empty file for a moment, which must not lock anyone out.
 */
export class TokenFile implements Access {
  readonly #options: TokenFileOptions;
  #tokens: TokenList;
  #text: string | undefined;
  #readAt: number;
  /** The last problem reported, until the file is valid again. */
  #complaint: string | undefined;

  constructor(options: TokenFileOptions) {
    this.#options = options;
    this.#tokens = new TokenList(options.tokens);
    this.#readAt = options.monotonic() - FRESH_MS;
  }

  holderOf(token: string): Holder | undefined {
    if (this.#options.monotonic() - this.#readAt >= FRESH_MS) this.#readAgain();
    return this.#tokens.holderOf(token);
  }

  holders(): readonly Holder[] {
    if (this.#options.monotonic() - this.#readAt >= FRESH_MS) this.#readAgain();
    return this.#tokens.holders();
  }

  #readAgain(): void {
    this.#readAt = this.#options.monotonic();
    const text = this.#read();
    if (text === undefined || text === this.#text) return;
    const { tokens, problems } = readTokenLines(text);
    if (problems.length > 0) return this.#complain(problems.join("; "));
    this.#take(text, tokens);
  }

  #read(): string | undefined {
    try {
      return this.#options.readTextFile(this.#options.path);
    } catch (error) {
      this.#complain(errorMessage(error));
      return undefined;
    }
  }

  #take(text: string, tokens: readonly AccessToken[]): void {
    const { path, warn } = this.#options;
    const isNews = this.#text !== undefined || this.#complaint !== undefined;
    if (isNews) warn(`the token file ${path} was reloaded: ${tokens.length} tokens are valid`);
    this.#complaint = undefined;
    this.#text = text;
    this.#tokens = new TokenList(tokens);
  }

  #complain(reason: string): void {
    if (this.#complaint === reason) return;
    this.#complaint = reason;
    const { path, warn } = this.#options;
    warn(`Cannot use the token file ${path}: ${reason}; the previous tokens stay valid`);
  }
}
