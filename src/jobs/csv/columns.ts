/** Columns of a CSV file: their types, rows read as typed objects, and statistics. */

import type { JsonObject } from "../../core/json.ts";
import { shortText } from "../../core/shown_value.ts";

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
  if (reasons.length > 0) return { reason: shortText(reasons.join("; "), REASON_LENGTH_MAX) };
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
    return {
      reason: `${name} is not ${RULES[type]}: ${JSON.stringify(shortText(text, SHOWN_LENGTH_MAX))}`,
    };
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

// Each chunk is counted separately and the counts are merged, so that the summary reads no chunk
// again.

/** Stands for more than 100 different values, or for texts too long to be categories. */
type Many = "many";

export type ColumnCount =
  | { readonly empty: number; readonly min?: number; readonly max?: number }
  | { readonly empty: number; readonly values: readonly string[] | Many };

export type ColumnSummary =
  & { readonly type: ColumnType; readonly empty: number }
  & (
    | { readonly min?: number; readonly max?: number }
    | { readonly distinct: number | Many }
  );

export const DISTINCT_MAX = 100;
const VALUE_LENGTH_MAX = 100;

/** Statistics of no rows. */
export function emptyCount(column: Column): ColumnCount {
  return countValues(column, []);
}

export function countValues({ type }: Column, values: readonly CellValue[]): ColumnCount {
  const present = values.filter((value) => value !== null && value !== "");
  const empty = values.length - present.length;
  if (type === "number" || type === "integer") {
    return { empty, ...minAndMax(present.filter((value) => typeof value === "number")) };
  }
  return { empty, values: distinct(present.map(String)) };
}

export function mergeCounts(left: ColumnCount, right: ColumnCount): ColumnCount {
  const empty = left.empty + right.empty;
  if ("values" in left && "values" in right) {
    const isMany = left.values === "many" || right.values === "many";
    return { empty, values: isMany ? "many" : distinct([...left.values, ...right.values]) };
  }
  const bounds = [left, right].flatMap((count) =>
    "min" in count && "max" in count ? [count.min, count.max] : []
  );
  return { empty, ...minAndMax(bounds.filter((bound) => bound !== undefined)) };
}

export function summarize({ type }: Column, count: ColumnCount): ColumnSummary {
  if (!("values" in count)) return { type, ...count };
  const { empty, values } = count;
  return { type, empty, distinct: values === "many" ? values : values.length };
}

function minAndMax(numbers: readonly number[]) {
  return numbers.length === 0 ? {} : {
    min: numbers.reduce((left, right) => Math.min(left, right)),
    max: numbers.reduce((left, right) => Math.max(left, right)),
  };
}

function distinct(values: readonly string[]): readonly string[] | Many {
  const different = new Set(values);
  const isMany = different.size > DISTINCT_MAX ||
    values.some((value) => value.length > VALUE_LENGTH_MAX);
  return isMany ? "many" : [...different];
}
