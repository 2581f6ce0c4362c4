/** `journal permute`: proves, or disproves, that the order of facts does not matter. */

import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { JobId } from "../../core/ids.ts";
import { ALL_ORDERS_MAX, type Below } from "../../core/order_search.ts";
import { type PermutationVerdict, permuteFacts } from "../../core/permutation.ts";
import { detailOf, verdictText } from "../../core/permutation_text.ts";
import type { Command, CommandInput } from "../command.ts";
import { EXIT_NEGATIVE, EXIT_OK } from "../command.ts";
import { plainText } from "../plain_text.ts";
import type { Terminal } from "../terminal.ts";
import { idOf } from "./export.ts";
import { type JobHistory, readJobHistory } from "./job_history.ts";
import { JOURNAL_OPTION } from "./folder.ts";
import type { JournalTools } from "./tools.ts";

const DEFAULT_TRIES = "1000";
/** Always the same, so that a second run proves the same. */
const DEFAULT_SEED = "42";
const TRIES_MAX = 1_000_000;
const SEED_MAX = 2 ** 31 - 1;

export function permuteCommand(tools: JournalTools): Command {
  return {
    name: "permute",
    summary: "show whether a job's outcome depends on the order of what came from outside",
    positionals: "<jobId>",
    arity: [1, 1],
    options: [
      JOURNAL_OPTION,
      { name: "tries", value: "n", default: DEFAULT_TRIES, help: "random orders" },
      { name: "seed", value: "n", default: DEFAULT_SEED, help: "of the random orders" },
    ],
    examples: [
      "deno task journal permute job_01J0   # exit code 1 when the order matters",
      "deno task journal permute job_01J0 --tries 100000 --seed 7   # looks further",
    ],
    notes: [
      "Events from outside that reached the job after its start are put in other orders among each " +
      "other, delayed past its other entries, and delivered again. job.JobStarted, the controls " +
      "and what the job's own tasks recorded keep their order, and no event moves before the " +
      "start: there it would count for nothing, by the rules. Those that came before it stay.",
      `Tried are each pair of neighbours, each event at the very end and twice, all orders of up to ` +
      `${ALL_ORDERS_MAX} events, and random ones. Outcomes are the same when state, failure, the ` +
      "event that failed the job and the matches of each expectation are. When an order ends " +
      "otherwise, it is reduced to two entries whose exchange alone changes the outcome.",
      "exit codes: 0 the order does not matter, 1 it does or there is no such job, 64 usage, " +
      "74 cannot read, 78 the journal is damaged",
    ],
    run: (input) => run(input, tools),
  };
}

async function run(input: CommandInput, { fileSystem }: JournalTools): Promise<number> {
  const jobId = idOf<JobId>(input.positionals[0] ?? "");
  const tries = input.whole("tries", 0, TRIES_MAX) ?? 0;
  const seed = input.whole("seed", 0, SEED_MAX) ?? 0;
  const history = await readJobHistory(input, fileSystem, { jobId, with: [], evidence: false });
  const verdict = judged(input.terminal, history, tries, seededBelow(seed));
  report(input.terminal, jobId, { tries, seed }, verdict);
  return verdict.verdict === "agreed" ? EXIT_OK : EXIT_NEGATIVE;
}

function seededBelow(seed: number): Below {
  const generator = xoroshiro128plus(seed);
  return (limit) => uniformInt(generator, 0, limit - 1);
}

function judged(
  terminal: Terminal,
  { job, entries }: JobHistory,
  tries: number,
  below: Below,
): PermutationVerdict {
  const trial = permuteFacts(job.jobId, entries, { tries, below });
  for (;;) {
    const { done, value } = trial.next();
    if (done) {
      terminal.progressEnd();
      return value;
    }
    terminal.progress("orders", value.done, value.total);
  }
}

function report(
  terminal: Terminal,
  jobId: JobId,
  randomness: { readonly tries: number; readonly seed: number },
  verdict: PermutationVerdict,
): void {
  const text = verdictText(verdict);
  if (!terminal.isInteractive) {
    return terminal.out(JSON.stringify({ jobId, ...randomness, ...verdict, text }));
  }
  terminal.out(terminal.style(verdict.verdict === "agreed" ? "green" : "red", plainText(text)));
  for (const line of detailOf(verdict)) terminal.out(`  ${plainText(line)}`);
  terminal.out(
    terminal.style("dim", `  seed ${randomness.seed}, ${randomness.tries} random orders`),
  );
}
