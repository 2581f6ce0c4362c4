/** Durations in milliseconds, for readable tests. */

/**
 * Converts seconds to milliseconds.
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

/** Converts minutes to milliseconds. */
export function minutes(count: number): number {
  return seconds(60 * count);
}

/** Converts hours to milliseconds. */
export function hours(count: number): number {
  return minutes(60 * count);
}

/** Converts days of 24 hours to milliseconds. */
export function days(count: number): number {
  return hours(24 * count);
}
