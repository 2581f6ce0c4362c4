/** What the summary says already is not said again below it: its evidence goes up there. */

import type { Statement } from "./explanation.ts";
import { SPENT } from "./retrospect.ts";
import { HELD_BY } from "./queue_holders.ts";

/** What a statement begins with, and the summary leaves out. */
const BEGINNINGS = [SPENT, HELD_BY];
/** A shorter piece is repeated more easily than looked up. */
const PIECE_LENGTH_MIN = 12;

interface Said<Told> {
  /** With the references to the evidence of what is told in it. */
  readonly summary: string;
  /** What is to be told beside it. */
  readonly rest: readonly Told[];
}

/** @param refs What stands for the evidence of a statement, such as ` [3, 17]`. */
export function saidOnce<Told extends Statement<unknown>>(
  summary: string,
  statements: readonly Told[],
  refs: (told: Told) => string,
): Said<Told> {
  let text = summary;
  const rest = statements.filter((told) => {
    const piece = pieceOf(told.statement);
    const at = text.indexOf(piece);
    if (at < 0 || piece.length < PIECE_LENGTH_MIN) return true;
    const end = at + piece.length;
    text = text.slice(0, end) + refs(told) + text.slice(end);
    return false;
  });
  return { summary: text, rest };
}

/** Without its beginning, its first letter, which may be a capital, and the full stop. */
function pieceOf(statement: string): string {
  const beginning = BEGINNINGS.find((one) => statement.startsWith(one)) ?? "";
  return statement.slice(beginning.length || 1, statement.endsWith(".") ? -1 : undefined);
}

/** The statement without what the summary has as well: its last sentence, or the error it quotes. */
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
