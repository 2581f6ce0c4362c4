/**
 * Statistics of the columns of an import. Each chunk is counted separately and the counts are
 * merged, so that the summary reads no chunk again.
 */

import type { CellValue, Column, ColumnType } from "./columns.ts";

/** Stands for more than 100 different values, or for texts too long to be categories. */
type Many = "many";

/** Statistics of one column in some rows. */
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

/** Statistics of the values of one column. */
export function countValues({ type }: Column, values: readonly CellValue[]): ColumnCount {
  const present = values.filter((value) => value !== null && value !== "");
  const empty = values.length - present.length;
  if (type === "number" || type === "integer") {
    return { empty, ...minAndMax(present.filter((value) => typeof value === "number")) };
  }
  return { empty, values: distinct(present.map(String)) };
}

/** Merges the statistics of two sets of rows. */
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
