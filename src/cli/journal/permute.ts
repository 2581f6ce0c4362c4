/** `journal permute`: proves, or disproves, that the order of facts does not matter. */

import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { JobId } from "../../core/ids.ts";
import type { Below } from "../../core/order_candidates.ts";
import { MISSED_MAX, type PermutationVerdict, permuteFacts } from "../../core/permutation.ts";
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
      {
        name: "tries",
        value: "n",
        default: DEFAULT_TRIES,
        help: "random orders, when not all are tried",
      },
      { name: "seed", value: "n", default: DEFAULT_SEED, help: "of the random orders" },
    ],
    examples: [
      "deno task journal permute order-42",
      "deno task journal permute order-42 --tries 100000 --seed 7",
      "deno task journal permute order-42 | jq -r .text",
    ],
    notes: [
      "Events from outside that reached the job after its start are put in other orders among each " +
      "other and among its other entries, and are delivered again. Those that its plan takes and " +
      "that came when it was over might have come earlier, and are put in as well: the first " +
      `${MISSED_MAX} of them.`,
      "job.JobStarted, the controls and what the job's own code recorded keep their order. No " +
      "event moves before the start: there it would count for nothing, by the rules. Each of those " +
      "that came before it is tried behind it, where it might have come. An event that counted never comes behind what the job's code " +
      "began after it (a task, a wait of run, the end of run, a compensation): that may have begun " +
      "only because of the event. The code itself is not called.",
      "All orders are tried when they are few, as those of 8 events are; else the simple ones and " +
      "--tries random ones. The order matters when an order ends in another state, or in another " +
      "kind of failure. Then it is reduced to two entries whose exchange alone changes that. When " +
      "only counts differ, or which event failed the job, that is told, and matters less.",
      "exit codes: 0 the order does not matter to state and kind of failure, 1 it does or there is " +
      "no such job, 64 usage, 74 cannot read, 78 the journal is damaged",
    ],
    run: (input) => run(input, tools),
  };
}

async function run(input: CommandInput, { fileSystem }: JournalTools): Promise<number> {
  const jobId = idOf<JobId>(input.positionals[0] ?? "");
  const tries = input.whole("tries", 0, TRIES_MAX) ?? 0;
  const seed = input.whole("seed", 0, SEED_MAX) ?? 0;
  const history = await readJobHistory(input, fileSystem, {
    jobId,
    with: [],
    evidence: false,
    pastEvents: true,
  });
  const verdict = judged(input.terminal, history, tries, seededBelow(seed));
  report(input.terminal, jobId, seed, verdict);
  return isNegative(verdict) ? EXIT_NEGATIVE : EXIT_OK;
}

function isNegative({ verdict }: PermutationVerdict): boolean {
  return verdict === "pair" || verdict === "repetition";
}

function seededBelow(seed: number): Below {
  const generator = xoroshiro128plus(seed);
  return (limit) => uniformInt(generator, 0, limit - 1);
}

function judged(
  terminal: Terminal,
  { job: { jobId }, entries, pastEvents }: JobHistory,
  tries: number,
  below: Below,
): PermutationVerdict {
  const trial = permuteFacts({ jobId, entries, pastEvents }, { tries, below });
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
  seed: number,
  verdict: PermutationVerdict,
): void {
  const text = verdictText(verdict);
  const { randomOrders } = verdict;
  if (!terminal.isInteractive) {
    const seeded = randomOrders > 0 ? { seed } : {};
    return terminal.out(JSON.stringify({ jobId, ...seeded, ...verdict, text }));
  }
  terminal.out(terminal.style(isNegative(verdict) ? "red" : "green", plainText(text)));
  for (const line of detailOf(verdict)) terminal.out(`  ${plainText(line)}`);
  if (randomOrders > 0) {
    const orders = randomOrders.toLocaleString("en-US");
    terminal.out(terminal.style("dim", `  ${orders} of the orders are random, with seed ${seed}`));
  }
}
