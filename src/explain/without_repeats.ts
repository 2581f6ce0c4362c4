/** Leaves out below the summary what the summary says, and moves its evidence up to the summary. */

import type { Statement } from "./explanation.ts";
import { SPENT } from "./retrospect.ts";
import { HELD_BY } from "./queue_holders.ts";

/** Beginnings of statements that the summary leaves out. */
const BEGINNINGS = [SPENT, HELD_BY];
/** Shorter pieces are easier to repeat than to look up. */
const PIECE_LENGTH_MIN = 12;

interface Said<Cite, Item> {
  /** In parts, each with the evidence up to its end. */
  readonly summary: readonly Statement<Cite>[];
  /** The statements that remain. */
  readonly rest: readonly Item[];
}

export function withoutRepeats<Cite, Item extends Statement<Cite>>(
  summary: string,
  statements: readonly Item[],
): Said<Cite, Item> {
  const ends = new Map<number, readonly Cite[]>();
  const rest = statements.filter(({ statement, cites }) => {
    const piece = pieceOf(statement);
    const at = summary.indexOf(piece);
    if (at < 0 || piece.length < PIECE_LENGTH_MIN) return true;
    const end = at + piece.length;
    ends.set(end, [...ends.get(end) ?? [], ...cites]);
    return false;
  });
  const cuts = [...ends.keys(), summary.length].toSorted((left, right) => left - right);
  const parts = cuts.map((end, index) => ({
    statement: summary.slice(cuts[index - 1] ?? 0, end),
    cites: ends.get(end) ?? [],
  }));
  return { summary: parts.filter(({ statement }) => statement !== ""), rest };
}

/**
 * The statement without its beginning, without its first letter, which may be a capital, and
 * without the full stop.
 */
function pieceOf(statement: string): string {
  const beginning = BEGINNINGS.find((one) => statement.startsWith(one)) ?? "";
  return statement.slice(beginning.length || 1, statement.endsWith(".") ? -1 : undefined);
}

/** The statement without what the summary says: its last sentence, or the error it quotes. */
export function withoutSaid(statement: string, summary: string): string {
  const last = statement.lastIndexOf(". ");
  const sentence = last < 0 ? "" : pieceOf(statement.slice(last + 2));
  return sentence.length >= PIECE_LENGTH_MIN && summary.includes(sentence)
    ? statement.slice(0, last + 1)
    : withoutQuoted(statement, summary);
}

function withoutQuoted(statement: string, summary: string): string {
  for (let at = statement.indexOf(": "); at >= 0; at = statement.indexOf(": ", at + 2)) {
    const [quoted = ""] = /^.*?(?=, thrown at |\.$)/.exec(statement.slice(at + 2)) ?? [];
    const isInBrackets = /\([^)]*$/.test(statement.slice(0, at));
    if (isInBrackets || quoted.length < PIECE_LENGTH_MIN || !summary.includes(quoted)) continue;
    return statement.slice(0, at) + statement.slice(at + 2 + quoted.length);
  }
  return statement;
}
