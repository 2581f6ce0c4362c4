/**
 * How long the loops run that look for losses. `DAYBOOK_TEST_EFFORT` says: `quick`, as in
 * `deno task test`; nothing, as in `deno task test:all` and CI; or `soak`, which takes hours.
 */

const EFFORT = Deno.env.get("DAYBOOK_TEST_EFFORT");

/** Then what takes seconds, and checks of coverage, are left out. */
export const IS_QUICK = EFFORT === "quick";

/** Then what takes minutes, and proves nothing else than a short form of it, is done as well. */
export const IS_SOAK = EFFORT === "soak";

/** How often a loop runs, by effort. */
export function rounds(short: number, soak: number, quick: number = short): number {
  if (IS_QUICK) return quick;
  return IS_SOAK ? soak : short;
}

/** So many cases of a law, or of what they must hold at least; in the quick form a tenth. */
export function cases(ordinary: number): number {
  return IS_QUICK ? Math.ceil(ordinary / 10) : ordinary;
}
