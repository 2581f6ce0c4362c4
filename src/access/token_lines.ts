/**
 * Parses a token file: one line for each token, `<token>` alone or `<token> <scope>,<scope>
 * <name>`. Problems name the line and never quote it, since it may be a token.
 */

import { type AccessToken, type Scope, SCOPES } from "./tokens.ts";

const TOKEN_LENGTH_MIN = 16;
const TOKENS_MAX = 1_000;

const TOKEN = /^[\x21-\x7e]+$/;
const NAME = /^[A-Za-z0-9._@-]{1,64}$/;

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

function lineProblems([token = "", scopes, name, ...more]: readonly string[]): readonly string[] {
  return [
    TOKEN.test(token) ? "" : "the token has characters other than visible ASCII",
    token.length < TOKEN_LENGTH_MIN ? "the token is shorter than 16 characters" : "",
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
