/**
 * `deno task bench` prints the table of targets; with names, it runs only those rows of the table
 * or other benchmarks.
 */

import { parseArgs } from "node:util";
import type { Result } from "./fixtures.ts";
import { printHops } from "./hops/hops.ts";
import { printComparison } from "./peer/comparison.ts";
import { printLayers } from "./layers/layers.ts";
import { printProfile } from "./profile/profile.ts";
import { printScale } from "./scale/scale.ts";
import { printTargets, TARGETS } from "./targets/targets.ts";

/**
 * Benchmarks without a row in the table. They use Daybook's internals, so they are loaded on
 * demand: the table also runs where these do not.
 */
const OTHERS: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  correlation: async () => await (await import("./correlation.ts")).correlation(),
  append: async () => [await (await import("./append.ts")).append()],
  replay: async () => await (await import("./replay.ts")).replay(),
  explain: async () => await (await import("./explain.ts")).explainJob(),
  verify: async () => [await (await import("./verify.ts")).verify()],
  limits: async () => await (await import("./limits.ts")).limits(),
  sleeps: async () => await (await import("./sleeps.ts")).sleeps(),
  "first-paint": async () => await (await import("./first_paint.ts")).firstPaint(),
};

const ROWS = Object.keys(TARGETS);
const KNOWN = [...ROWS, ...Object.keys(OTHERS), "profile", "layers", "hops", "scale", "values"];

const HELP = `deno task bench [NAME ...] [--peers] [--jobs N] [--picture FILE]

Without arguments, prints the table of targets, each beside its baseline.

NAME       rows of that table: ${ROWS.join(", ")};
           others: ${Object.keys(OTHERS).join(", ")};
           profile: the resources that one job uses;
           layers: what each layer of Daybook costs a job;
           hops: the files and functions that a submission, an event, a run and a start take;
           scale: many jobs through one process, and how its figures change with their number;
           values: how long explanations take among very many events
--peers    compares Daybook with other job systems, in one table
--jobs     for scale: the number of jobs, 1000000 by default
--events   for values: the number of events, 10000000 by default
--picture  for scale: the file for the picture, an SVG; scale.svg by default`;

function print({ name, figure, ratio, target }: Result): void {
  console.log(`${name}\n  ${figure}`);
  if (ratio === undefined) return;
  const verdict = target === undefined ? "" : ` (target: at least ${target})`;
  console.log(`  ratio ${ratio.toFixed(2)}${verdict}`);
}

/** @throws {TypeError} if an option is unknown. */
function readArguments(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      jobs: { type: "string", default: "1000000" },
      events: { type: "string", default: "10000000" },
      picture: { type: "string", default: "scale.svg" },
    },
  });
  const unknown = positionals.filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw new TypeError(`there is no ${unknown.join(", ")}`);
  const [jobs, events] = [Number(values.jobs), Number(values.events)];
  for (const [flag, number] of [["--jobs", jobs], ["--events", events]] as const) {
    if (!Number.isSafeInteger(number) || number < 1) {
      throw new TypeError(`${flag} must be a number`);
    }
  }
  return { ...values, jobs, events, names: positionals };
}

async function run({ names, peers, jobs, events, picture }: ReturnType<typeof readArguments>) {
  const isBare = names.length === 0 && !peers;
  const rows = ROWS.filter((name) => isBare || names.includes(name));
  if (rows.length > 0) await printTargets(rows);
  if (peers) await printComparison();
  for (const name of names) {
    if (name === "profile") await printProfile();
    if (name === "layers") await printLayers();
    if (name === "hops") await printHops();
    if (name === "scale") await printScale({ jobs, picture });
    if (name === "values") await (await import("./values.ts")).printValues(events);
    for (const result of await OTHERS[name]?.() ?? []) print(result);
  }
}

function readOrExit() {
  try {
    return readArguments(Deno.args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`Cannot run: ${error.message}\n\n${HELP}`);
    Deno.exit(64);
  }
}

const asked = readOrExit();
if (asked.help) console.log(HELP);
else await run(asked);
