/** Converts typed text to a value, a scalar or JSON, and back. */

import { Refusal } from "../../documents/refusal.ts";
import type { JsonValue } from "../../core/json.ts";
import { parseJson } from "../../documents/json_document.ts";
import type { Problem } from "../../http/problems/problem.ts";
import type { PointedIssue } from "../../documents/fields.ts";

// Blank text means no value. Text in double quotes is parsed as JSON, so that an empty text, spaces
// at the ends and line ends that a browser would change can be entered too.

/** The input for a text, in one line or in several. */
export function typedText(text: string, isLine: boolean): string {
  return needsQuotes(text, isLine) ? JSON.stringify(text) : text;
}

/** The text that an input means. */
export function textTyped(typed: string): string {
  return quoted(typed) ?? withPlainLineEnds(typed);
}

/** Browsers send line ends of forms as CRLF. */
export function withPlainLineEnds(typed: string): string {
  return typed.replaceAll("\r\n", "\n");
}

function needsQuotes(text: string, isLine: boolean): boolean {
  if (text.trim() === "" || /[\r\0]/.test(text) || !text.isWellFormed()) return true;
  return quoted(text) !== undefined || (isLine && text.includes("\n"));
}

function quoted(typed: string): string | undefined {
  const trimmed = typed.trim();
  if (trimmed.length < 2 || !trimmed.startsWith('"') || !trimmed.endsWith('"')) return undefined;
  try {
    return String(JSON.parse(trimmed));
  } catch {
    return undefined;
  }
}

export interface JsonTyped {
  /** `undefined` if the input is blank or not valid JSON. */
  readonly value?: JsonValue;
  readonly issues: readonly PointedIssue[];
}

/**
 * @param pointer The pointer of the value in the document.
 */
export function jsonTyped(text: string, pointer: string): JsonTyped {
  if (text.trim() === "") return { issues: [] };
  try {
    return { value: parseJson(text), issues: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { issues: typedIssues(error, text, pointer) };
  }
}

function typedIssues(
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

/** `unexpected character in line 3, column 7`, counted as in editors. */
export function jsonPlaceText(text: string, position: number): string {
  if (position >= text.length) return "it ends too early";
  const lines = text.slice(0, position).split("\n");
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return `unexpected character in line ${lines.length}, column ${column}`;
}
