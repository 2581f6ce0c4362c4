/** Columns of a CSV file: their types, and rows read as typed objects. */

import type { JsonObject } from "../../core/json.ts";

export const COLUMN_TYPES = ["string", "number", "integer", "boolean"] as const;

export type ColumnType = typeof COLUMN_TYPES[number];
/** `null` stands for an empty field of a column that is not text. */
export type CellValue = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** A row whose field is empty is rejected. */
  readonly isRequired: boolean;
}

export type RowRead =
  | { readonly row: Readonly<Record<string, CellValue>> & JsonObject }
  | { readonly reason: string };

type CellRead = { readonly value: CellValue } | { readonly reason: string };

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const WHOLE = /^[+-]?\d+$/;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([["true", true], ["false", false]]);
const SHOWN_LENGTH_MAX = 60;
const REASON_LENGTH_MAX = 300;

/** A row as an object, or every reason why it is rejected. */
export function readRow(columns: readonly Column[], fields: readonly string[]): RowRead {
  if (fields.length !== columns.length) {
    return { reason: `has ${fields.length} fields, and the header ${columns.length}` };
  }
  const cells = columns.map((column, index) => readCell(column, fields[index] ?? ""));
  const reasons = cells.flatMap((cell) => "reason" in cell ? [cell.reason] : []);
  if (reasons.length > 0) return { reason: cut(reasons.join("; "), REASON_LENGTH_MAX) };
  // `fromEntries` creates own properties only, even for a column named `__proto__`.
  return {
    row: Object.fromEntries(cells.map((cell, index) => [
      columns[index]?.name ?? "",
      "value" in cell ? cell.value : null,
    ])),
  };
}

function readCell({ name, type, isRequired }: Column, text: string): CellRead {
  if (text === "") {
    if (isRequired) return { reason: `${name} is required and empty` };
    return { value: type === "string" ? "" : null };
  }
  const value = parseCell(type, text);
  if (value === undefined) {
    return { reason: `${name} is not ${RULES[type]}: ${JSON.stringify(cut(text))}` };
  }
  return { value };
}

const RULES: Readonly<Record<ColumnType, string>> = {
  string: "a text",
  number: "a number that can be kept exactly",
  integer: "a whole number from -(2^53 - 1) to 2^53 - 1",
  boolean: "true or false",
};

function parseCell(type: ColumnType, text: string): CellValue | undefined {
  if (type === "string") return text;
  if (type === "boolean") return BOOLEANS.get(text.toLowerCase());
  return parseNumber(type === "integer" ? WHOLE : DECIMAL, text);
}

/** Whole numbers beyond 2^53 would silently change, so they are rejected. */
function parseNumber(pattern: RegExp, text: string): number | undefined {
  if (!pattern.test(text)) return undefined;
  const value = Number(text);
  if (WHOLE.test(text) && !Number.isSafeInteger(value)) return undefined;
  return Number.isFinite(value) ? value : undefined;
}

function cut(text: string, length = SHOWN_LENGTH_MAX): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
