/**
 * All benchmarks: `deno task bench`, or some, by a part of their name. A speed is a ratio
 * to a baseline that is run in turn with it, since machines are shared and noisy.
 */

import { append } from "./append.ts";
import { correlation } from "./correlation.ts";
import { explainJob } from "./explain.ts";
import { firstPaint } from "./first_paint.ts";
import type { Result } from "./fixtures.ts";
import { postJobs } from "./post_jobs.ts";
import { replay } from "./replay.ts";
import { threeTaskJobs } from "./three_tasks.ts";
import { verify } from "./verify.ts";

const BENCHMARKS: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  // First, so that the memory that it measures is its own.
  "three-tasks": threeTaskJobs,
  correlation,
  append: async () => [await append()],
  replay: async () => [await replay()],
  explain: explainJob,
  "post-jobs": postJobs,
  verify: async () => [await verify()],
  "first-paint": firstPaint,
};

const wanted = Deno.args;
console.log(`${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}\n`);
for (const [name, run] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  for (const result of await run()) print(result);
}

function print({ name, figure, ratio, target }: Result): void {
  console.log(`${name}\n  ${figure}`);
  if (ratio === undefined) return;
  const verdict = target === undefined ? "" : ` (target: at least ${target})`;
  console.log(`  ratio ${ratio.toFixed(2)}${verdict}`);
}
