/**
 * A file of tokens: one line for each token, `<token>` alone or `<token> <scope>,<scope> <name>`.
 * Problems name the line and never quote it, since it may be a token.
 */

import {
  type Access,
  type AccessToken,
  type Holder,
  type Scope,
  SCOPES,
  TokenList,
} from "../access/tokens.ts";
import { errorMessage } from "../core/thrown.ts";

const TOKEN_LENGTH_MIN = 16;
const TOKENS_MAX = 1_000;

const TOKEN = /^[\x21-\x7e]+$/;
const NAME = /^[A-Za-z0-9._@-]{1,64}$/;

/** Tokens and keys are shorter. A device such as `/dev/zero` has no end. */
const SECRET_BYTES_MAX = 1_048_576;

/**
 * Reads a file of tokens, or of a key.
 *
 * @throws if it cannot be read, or is too long.
 */
export function readSecretText(path: string): string {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(SECRET_BYTES_MAX + 1);
  let length = 0;
  for (let count: number | null = 1; count;) {
    count = file.readSync(bytes.subarray(length));
    length += count ?? 0;
  }
  if (length > SECRET_BYTES_MAX) throw new Error("it is longer than 1 MiB");
  return new TextDecoder().decode(bytes.subarray(0, length));
}

interface TokenLines {
  readonly tokens: readonly AccessToken[];
  /** In words; empty when the text is valid. */
  readonly problems: readonly string[];
}

/** All tokens of a text. A text without tokens is not valid. */
export function readTokenLines(text: string): TokenLines {
  const lines = tokenLines(text);
  const tokens = lines.map(({ words: [token = "", scopes, name] }) => ({
    token,
    scopes: scopes === undefined ? SCOPES : scopesIn(scopes),
    ...(name === undefined ? {} : { name }),
  }));
  const problems = lines.flatMap(({ number, words }) =>
    lineProblems(words).map((problem) => `line ${number}: ${problem}`)
  );
  return { tokens, problems: [...problems, ...problemsOfAll(tokens)] };
}

/** The first token of a text, even if the rest is invalid: what a client sends. */
export function firstToken(text: string): string | undefined {
  return tokenLines(text)[0]?.words[0];
}

interface TokenLine {
  readonly number: number;
  readonly words: readonly string[];
}

/** The lines that are neither blank nor comments. */
function tokenLines(text: string): readonly TokenLine[] {
  return text.split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, words: line.trim().split(/\s+/) }))
    .filter(({ words: [first = ""] }) => first !== "" && !first.startsWith("#"));
}

/** What is wrong with a token: no request can carry it, or it is easy to guess. */
export function tokenProblems(token: string): readonly string[] {
  return [
    TOKEN.test(token) ? "" : "the token has characters other than visible ASCII",
    token.length < TOKEN_LENGTH_MIN ? "the token is shorter than 16 characters" : "",
  ].filter((problem) => problem !== "");
}

function lineProblems([token = "", scopes, name, ...more]: readonly string[]): readonly string[] {
  return [
    ...tokenProblems(token),
    scopes === undefined || areScopes(scopes)
      ? ""
      : `the second word must name scopes, with commas between: ${SCOPES.join(", ")}`,
    name === undefined || NAME.test(name)
      ? ""
      : "the name must be 1 to 64 characters of A-Za-z0-9._@-",
    more.length === 0 ? "" : "there are more words than a token, its scopes and its name",
  ].filter((problem) => problem !== "");
}

function problemsOfAll(tokens: readonly AccessToken[]): readonly string[] {
  if (tokens.length === 0) return ["it has no token"];
  if (tokens.length > TOKENS_MAX) return [`it has more than ${TOKENS_MAX} tokens`];
  const distinct = new Set(tokens.map(({ token }) => token));
  return distinct.size === tokens.length ? [] : ["it has a token twice"];
}

function areScopes(word: string): boolean {
  return word.split(",").every((scope) => SCOPES.some((known) => known === scope));
}

function scopesIn(word: string): readonly Scope[] {
  const named = word.split(",");
  return SCOPES.filter((scope) => named.includes(scope));
}

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
 * Reads the file when a token is checked, at most once a second, so that tokens can be rotated
 * without a restart. The file is small, and reading it detects every change, unlike its time and
 * size. A file that is unreadable or invalid changes nothing: editors leave a partial or empty file
 * for a moment, which must not lock anyone out.
 */
export class TokenFile implements Access {
  #tokens: TokenList;
  #text: string | undefined;
  #readAt: number;
  /** The last problem reported, until the file is valid again. */
  #complaint: string | undefined;

  constructor(private readonly options: TokenFileOptions) {
    this.#tokens = new TokenList(options.tokens);
    this.#readAt = options.monotonic() - FRESH_MS;
  }

  holderOf(token: string): Holder | undefined {
    return this.#current.holderOf(token);
  }

  holders(): readonly Holder[] {
    return this.#current.holders();
  }

  get #current(): TokenList {
    if (this.options.monotonic() - this.#readAt >= FRESH_MS) this.#readAgain();
    return this.#tokens;
  }

  #readAgain(): void {
    this.#readAt = this.options.monotonic();
    const text = this.#read();
    if (text === undefined || text === this.#text) return;
    const { tokens, problems } = readTokenLines(text);
    if (problems.length > 0) return this.#complain(problems.join("; "));
    this.#take(text, tokens);
  }

  #read(): string | undefined {
    try {
      return this.options.readTextFile(this.options.path);
    } catch (error) {
      this.#complain(errorMessage(error));
      return undefined;
    }
  }

  #take(text: string, tokens: readonly AccessToken[]): void {
    const { path, warn } = this.options;
    const isNews = this.#text !== undefined || this.#complaint !== undefined;
    if (isNews) warn(`the token file ${path} was reloaded: ${tokens.length} tokens are valid`);
    this.#complaint = undefined;
    this.#text = text;
    this.#tokens = new TokenList(tokens);
  }

  #complain(reason: string): void {
    if (this.#complaint === reason) return;
    this.#complaint = reason;
    const { path, warn } = this.options;
    warn(`Cannot use the token file ${path}: ${reason}; the previous tokens stay valid`);
  }
}
