/**
 * `deno task bench` prints the table of issue 10's targets; with names, only what has them:
 * rows of the table, other benchmarks, or `profile`.
 */

import type { Result } from "./fixtures.ts";
import { printProfile } from "./profile/profile.ts";
import { printTargets, TARGETS } from "./targets/targets.ts";

/**
 * What is measured beside the targets. These look into the inside of Daybook, so they are
 * loaded when they are asked for: the table runs on every kernel.
 */
const OTHERS: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  correlation: async () => await (await import("./correlation.ts")).correlation(),
  append: async () => [await (await import("./append.ts")).append()],
  replay: async () => [await (await import("./replay.ts")).replay()],
  explain: async () => await (await import("./explain.ts")).explainJob(),
  verify: async () => [await (await import("./verify.ts")).verify()],
  "first-paint": async () => await (await import("./first_paint.ts")).firstPaint(),
};

function print({ name, figure, ratio, target }: Result): void {
  console.log(`${name}\n  ${figure}`);
  if (ratio === undefined) return;
  const verdict = target === undefined ? "" : ` (target: at least ${target})`;
  console.log(`  ratio ${ratio.toFixed(2)}${verdict}`);
}

const known = [...Object.keys(TARGETS), ...Object.keys(OTHERS), "profile"];
const unknown = Deno.args.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(", ")}: there are ${known.join(", ")}`);
  Deno.exit(64);
}
const rows = Object.keys(TARGETS).filter((name) =>
  Deno.args.length === 0 || Deno.args.includes(name)
);
if (rows.length > 0) await printTargets(rows);
for (const name of Deno.args) {
  if (name === "profile") await printProfile();
  for (const result of await OTHERS[name]?.() ?? []) print(result);
}
