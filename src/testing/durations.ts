/** Spans of time in milliseconds, to be read in tests. */

/**
 * So many seconds, in milliseconds.
 *
 * @example
 * ```ts
 * import { seconds } from "@daybook/daybook/testing";
 *
 * console.log(seconds(30)); // 30000
 * ```
 */
export function seconds(count: number): number {
  return count * 1_000;
}

/** So many minutes, in milliseconds. */
export function minutes(count: number): number {
  return seconds(60 * count);
}

/** So many hours, in milliseconds. */
export function hours(count: number): number {
  return minutes(60 * count);
}

/** So many days of 24 hours, in milliseconds. */
export function days(count: number): number {
  return hours(24 * count);
}
