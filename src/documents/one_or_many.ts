/** Bodies that hold one thing or many, as an array or in lines, each of which is judged alone. */

import type { JsonValue } from "../core/json.ts";
import { parseJson } from "./json_document.ts";
import { invalidRequest, Refusal } from "./refusal.ts";
import type { PointedIssue } from "./fields.ts";

/** @typeParam Judged What can be done, or all that is wrong with it. */
export interface OneOrMany<Judged> {
  /** A single one that is wrong refuses the request; one of many only itself. */
  readonly single: boolean;
  readonly items: readonly Judged[];
}

/** How one of them is judged, and how many there may be. */
export interface Judging<Judged> {
  /** @param at The pointer to it in its document. */
  judge(document: JsonValue, at: string): Judged;
  /** Judges a line that is not JSON. */
  unread(refusal: Refusal, at: string): Judged;
  /** In the plural. */
  readonly what: string;
  readonly max: number;
}

/** @throws {Refusal} `invalid-request` when there are too many. */
export function oneOrMany<Judged>(
  document: JsonValue,
  judging: Judging<Judged>,
): OneOrMany<Judged> {
  if (!Array.isArray(document)) return { single: true, items: [judging.judge(document, "")] };
  refuseTooMany(document.length, judging);
  const items = document.map((value, index) => judging.judge(value, `/${index}`));
  return { single: false, items };
}

/**
 * Reads NDJSON. Pointers name each item as in an array: empty lines do not count.
 *
 * @throws {Refusal} as `oneOrMany` does.
 */
export function manyInLines<Judged>(text: string, judging: Judging<Judged>): OneOrMany<Judged> {
  const filled = text.split("\n").filter((line) => line.trim() !== "");
  refuseTooMany(filled.length, judging);
  const items = filled.map((line, index) => judgedLine(line, `/${index}`, judging));
  return { single: false, items };
}

function judgedLine<Judged>(line: string, at: string, judging: Judging<Judged>): Judged {
  let document: JsonValue;
  try {
    document = parseJson(line);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return judging.unread(error, at);
  }
  return judging.judge(document, at);
}

/** What is wrong with one of many, as pointers into all of them. */
export function pointedIssues(refusal: Refusal, at: string): readonly PointedIssue[] {
  const pointed = refusal.members.errors?.filter((issue) => "pointer" in issue) ?? [];
  if (pointed.length === 0) return [{ pointer: at, detail: refusal.message }];
  return pointed.map(({ pointer, detail }) => ({ pointer: at + pointer, detail }));
}

function refuseTooMany(count: number, { what, max }: Judging<unknown>): void {
  if (count <= max) return;
  const detail = `must have at most ${max} ${what}; it has ${count}`;
  throw invalidRequest([{ pointer: "", detail }]);
}
