/** JSON as people type it, and where a text stops being JSON. */

import type { JsonValue } from "../../core/json.ts";
import { parseJson } from "../../http/bodies/json_document.ts";
import { Problem } from "../../http/problems/problem.ts";
import type { PointedIssue } from "../../http/requests/issues.ts";

export interface JsonTyped {
  /** `undefined` when nothing was typed, or no JSON. */
  readonly value?: JsonValue;
  readonly issues: readonly PointedIssue[];
}

/** @param pointer Where the value is in what is sent. */
export function jsonTyped(text: string, pointer: string): JsonTyped {
  if (text.trim() === "") return { issues: [] };
  try {
    return { value: parseJson(text), issues: [] };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { issues: issuesOf(error, text, pointer) };
  }
}

function issuesOf(
  { message, members: { position, errors } }: Problem,
  text: string,
  at: string,
): readonly PointedIssue[] {
  if (position !== undefined) {
    return [{ pointer: at, detail: `is not JSON: ${jsonPlaceText(text, position)}` }];
  }
  if (errors === undefined) return [{ pointer: at, detail: message }];
  return errors.flatMap((issue) =>
    "pointer" in issue ? [{ pointer: at + issue.pointer, detail: issue.detail }] : []
  );
}

/** `unexpected character in line 3, column 7`, as editors count. */
export function jsonPlaceText(text: string, position: number): string {
  if (position >= text.length) return "it ends too early";
  const lines = text.slice(0, position).split("\n");
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return `unexpected character in line ${lines.length}, column ${column}`;
}
