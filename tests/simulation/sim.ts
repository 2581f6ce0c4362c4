/** `deno task sim`: plays seeds until one finds a violation, or all have been played. */

import { parseArgs } from "node:util";
import { failureText, knownSeeds, type Level, LEVELS, playSeed, Tally } from "./simulation.ts";

const HELP = `deno task sim [--seed <n>] [--runs <k>] [--level journal|engine|shared] [--verbose]

Plays the real engine and journal on a simulated machine, whose disk fails and which loses power,
and checks that nothing acknowledged is lost. At the level shared, two or three machines share a
journal in a simulated PostgreSQL: processes die, stand still and are cut off; answers are lost; the
database crashes and fails over. Without --seed, the seeds that once found something
are played first.

  --seed <n>      the first seed; by default one from the clock, which is printed
  --runs <k>      how many seeds, one after the other; 200 for each level by default
  --level <name>  journal: the journal alone; engine: jobs and all; shared: several engines that share
                  a journal; all by default
  --verbose       the trace of every seed, not only of one that fails
  --help          this text

exit codes: 0 no violation, 1 a violation, 64 usage`;

const SEED_MAX = 2 ** 31 - 1;
const DEFAULT_RUNS = 200;
const PROGRESS_EVERY_MS = 5_000;
const EXIT_VIOLATION = 1;
const EXIT_USAGE = 64;

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly levels: readonly Level[];
  readonly verbose: boolean;
  /** Whether seeds with former violations are played first. */
  readonly withKnown: boolean;
}

function optionsOf(args: string[]): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      level: { type: "string" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    seed: values.seed === undefined ? newSeed() : wholeNumber("--seed", values.seed),
    runs: values.runs === undefined ? DEFAULT_RUNS : wholeNumber("--runs", values.runs),
    levels: values.level === undefined ? LEVELS : [levelOf(values.level)],
    verbose: values.verbose,
    withKnown: values.seed === undefined,
  };
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= SEED_MAX) return number;
  throw new RangeError(`${name} must be a whole number up to ${SEED_MAX}: ${text}`);
}

function levelOf(text: string): Level {
  const level = LEVELS.find((each) => each === text);
  if (level === undefined) throw new RangeError(`--level must be one of ${LEVELS.join(", ")}`);
  return level;
}

function newSeed(): number {
  return Date.now() % SEED_MAX;
}

/** The seeds to play, former ones first. */
function* seedsOf({ seed, runs, levels, withKnown }: Options) {
  for (const level of levels) {
    for (const known of withKnown ? knownSeeds() : []) {
      if (known.level === level) yield { level, seed: known.seed };
    }
    for (let index = 0; index < runs; index++) yield { level, seed: seed + index };
  }
}

async function simulate(options: Options): Promise<number> {
  console.log(`seeds from ${options.seed}, ${options.runs} for each of ${options.levels}`);
  const tally = new Tally();
  let told = performance.now();
  for (const { level, seed } of seedsOf(options)) {
    const verdict = await playSeed(level, seed, options.verbose);
    tally.add(verdict);
    if (options.verbose) console.log(`${level} seed ${seed}\n${verdict.trace.join("\n")}`);
    if (verdict.violations.length > 0) {
      console.log(`${await failureText(verdict)}\n${tally}`);
      return EXIT_VIOLATION;
    }
    if (performance.now() - told < PROGRESS_EVERY_MS) continue;
    told = performance.now();
    console.log(`${level}: ${tally}`);
  }
  console.log(`${tally}`);
  return 0;
}

async function main(): Promise<number> {
  try {
    const options = optionsOf(Deno.args);
    if (options !== "help") return await simulate(options);
    console.log(HELP);
    return 0;
  } catch (error) {
    console.error(`sim: ${error instanceof Error ? error.message : error}; see --help`);
    return EXIT_USAGE;
  }
}

if (import.meta.main) Deno.exit(await main());
