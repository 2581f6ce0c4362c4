/**
 * How long the loops run that search for losses. `DAYBOOK_TEST_EFFORT` says: `quick`, as in `deno
 * task test`; nothing, as in `deno task test:all` and CI; or `soak`, which takes hours.
 */

const EFFORT = Deno.env.get("DAYBOOK_TEST_EFFORT");

/** Then tests that take seconds, and checks of coverage, are skipped. */
export const IS_QUICK = EFFORT === "quick";

/** Then long versions run too that take minutes and prove the same as a short form. */
export const IS_SOAK = EFFORT === "soak";

/** How often a loop runs, by effort. */
export function rounds(short: number, soak: number, quick: number = short): number {
  if (IS_QUICK) return quick;
  return IS_SOAK ? soak : short;
}

/** The number of cases of a law, or the minimum coverage: all in the soak, else a part of them. */
export function cases(all: number): number {
  if (IS_SOAK) return all;
  return Math.ceil(all / (IS_QUICK ? 10 : 2));
}
