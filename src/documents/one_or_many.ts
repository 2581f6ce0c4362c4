/** Bodies with one item or many, as an array or NDJSON; each item is checked separately. */

import type { JsonValue, PointedIssue } from "../core/json.ts";
import type { Work } from "../core/work.ts";
import { parseJson } from "./json_document.ts";
import { invalidRequest, Refusal } from "./refusal.ts";

/** @typeParam Judged A valid item, or its errors. */
export interface OneOrMany<Judged> {
  /**
   * Whether there are many: an invalid single item refuses the request, one of many only itself.
   */
  readonly single: boolean;
  readonly items: readonly Judged[];
}

/** How an item is checked, and the maximum number of items. */
export interface Judging<Judged> {
  /** @param at The pointer to the item in its document. */
  judge(document: JsonValue, at: string): Judged;
  /** The result for a line that is not JSON. */
  unread(refusal: Refusal, at: string): Judged;
  /** The name of the items, in the plural. */
  readonly what: string;
  readonly max: number;
}

/**
 * With a place to pause before each of many items.
 *
 * @throws {Refusal} `invalid-request` if there are too many.
 */
export function* oneOrMany<Judged>(
  document: JsonValue,
  judging: Judging<Judged>,
): Work<OneOrMany<Judged>> {
  if (!Array.isArray(document)) return { single: true, items: [judging.judge(document, "")] };
  return yield* many(document, judging, (value, at) => judging.judge(value, at));
}

/**
 * Parses NDJSON. Pointers number the items as in an array, without empty lines.
 *
 * @throws {Refusal} like `oneOrMany`.
 */
export function* manyInLines<Judged>(
  text: string,
  judging: Judging<Judged>,
): Work<OneOrMany<Judged>> {
  const lines = yield* filledLines(text);
  return yield* many(lines, judging, (line, at) => judgedLine(line, at, judging));
}

function* many<Item, Judged>(
  given: readonly Item[],
  judging: Judging<Judged>,
  judge: (item: Item, at: string) => Judged,
): Work<OneOrMany<Judged>> {
  refuseTooMany(given.length, judging);
  const items: Judged[] = [];
  for (const item of given) {
    yield;
    items.push(judge(item, `/${items.length}`));
  }
  return { single: false, items };
}

/** A body may consist of hundreds of thousands of lines, more than it may have. */
const LINES_AT_ONCE = 4_096;

/** From the first character of each, without a step for each empty line, of which many may come. */
function* filledLines(text: string): Work<readonly string[]> {
  const lines: string[] = [];
  const filled = /[^ \t\r\n]/g;
  while (filled.test(text)) {
    const first = filled.lastIndex - 1;
    const end = text.indexOf("\n", first);
    filled.lastIndex = end < 0 ? text.length : end;
    lines.push(text.slice(first, filled.lastIndex));
    if (lines.length % LINES_AT_ONCE === 0) yield;
  }
  return lines;
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

/** The errors of one of many, with pointers into the array. */
export function refusalIssues(refusal: Refusal, at: string): readonly PointedIssue[] {
  const pointed = refusal.members.errors?.filter((issue) => "pointer" in issue) ?? [];
  if (pointed.length === 0) return [{ pointer: at, detail: refusal.message }];
  return pointed.map(({ pointer, detail }) => ({ pointer: at + pointer, detail }));
}

function refuseTooMany(count: number, { what, max }: Judging<unknown>): void {
  if (count <= max) return;
  const detail = `must have at most ${max} ${what}; it has ${count}`;
  throw invalidRequest([{ pointer: "", detail }]);
}
