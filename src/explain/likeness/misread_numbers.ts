/** Texts with a number of which code may read the beginning only: `1.299,00` as 1.299. */

import type { JsonScalar } from "../../core/json.ts";

/** `1.299,00` or `1 200`. */
const OF_THOUSANDS = /^[-+]?\d{1,3}(?:[.' ]\d{3})+(?:,\d+)?$|^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/;

/** `2,5` or `1 200`, which code fails to read as a number. */
export function isAlmostNumber(value: JsonScalar): boolean {
  return typeof value === "string" && /^\s*[-+]?\d[\d.,' ]*$/.test(value) &&
    Number.isNaN(Number(value));
}

/** What `parseFloat` makes of a text with divided thousands; `undefined` for any other value. */
export function misreadNumber(value: JsonScalar): number | undefined {
  return isAlmostNumber(value) && OF_THOUSANDS.test(`${value}`)
    ? Number.parseFloat(`${value}`)
    : undefined;
}
