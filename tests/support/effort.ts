/**
 * How long the loops go on that look for what may be lost: short with every commit, long
 * in `deno task soak`.
 */

const IS_LONG = Deno.env.get("DAYBOOK_TEST_EFFORT") === "soak";

/** How often a loop runs: `short` in `deno task test`, `long` in `deno task soak`. */
export function rounds(short: number, long: number): number {
  return IS_LONG ? long : short;
}
