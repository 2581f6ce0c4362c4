/**
 * `limits`, `change-limits`, `restore-limits`: how many jobs of a type may run; and `what-if` with
 * other limits.
 */

import { counted } from "../../core/counted.ts";
import { limitsText, type PlaceLimits } from "../../core/place_limits.ts";
import { limitsWhatIfText } from "../../explain/other_explanation_texts.ts";
import type { Citation } from "../../explain/explanation.ts";
import type { LimitsWhatIf } from "../../explain/limits_what_if.ts";
import { SERVER_OPTIONS } from "../client.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  type CommandOption,
  EXIT_OK,
  EXIT_USAGE,
  UsageError,
} from "../command.ts";
import { plainPage, plainText } from "../plain_text.ts";
import {
  FORM_OPTIONS,
  outputForm,
  printJson,
  printLines,
  TEXT_FORM_OPTIONS,
} from "../presentation.ts";
import {
  expectShape,
  jobPath,
  type LimitedTypeResource,
  limitedTypeResource,
  limitsAnswer,
  limitsWhatIfAnswer,
} from "../resources.ts";
import { paintedExplanation } from "../render/marks.ts";
import { createClient, type Surroundings } from "../surroundings.ts";

const COUNT_MAX = 1_000_000;
const DAY_MS = 24 * 3_600_000;
const KEYS_SHOWN = 5;

const LIMIT_OPTIONS: readonly CommandOption[] = [
  { name: "max-running", value: "number", help: "running jobs, of all keys together" },
  { name: "per-key", value: "number", help: "running jobs of one key" },
  { name: "rate-count", value: "number", help: "jobs that may start within --rate-ms" },
  { name: "rate-ms", value: "number", help: "the period of --rate-count, in milliseconds" },
];

export function limitCommands(surroundings: Surroundings): readonly Command[] {
  return [
    {
      name: "limits",
      summary: "list the limits of job types, with their use",
      positionals: "",
      arity: [0, 0],
      options: [...FORM_OPTIONS, ...SERVER_OPTIONS],
      notes: ["For each type, the keys with the most jobs are shown."],
      examples: ["deno task daybook limits"],
      run: (input) => list(input, surroundings),
    },
    {
      name: "change-limits",
      summary: "replace the limits of the code",
      positionals: "<type>",
      arity: [1, 1],
      options: [
        ...LIMIT_OPTIONS,
        { name: "reason", value: "text", help: "the reason, recorded with the change" },
        ...FORM_OPTIONS,
        ...SERVER_OPTIONS,
      ],
      notes: [
        "All limits of the type are replaced; a limit that is left out is lifted. The change " +
        "survives restarts, until restore-limits undoes it. Running jobs are not affected.",
      ],
      examples: [
        "deno task daybook change-limits mail.send --max-running 2 --reason ticket-7",
      ],
      run: (input) => change(input, surroundings),
    },
    {
      name: "restore-limits",
      summary: "restore the limits of the code",
      positionals: "<type>",
      arity: [1, 1],
      options: [...FORM_OPTIONS, ...SERVER_OPTIONS],
      notes: [],
      examples: ["deno task daybook restore-limits mail.send"],
      run: (input) => restore(input, surroundings),
    },
    {
      name: "what-if",
      summary: "show how other limits of its type would affect a job; nothing is recorded",
      positionals: "<jobId>",
      arity: [1, 1],
      options: [...LIMIT_OPTIONS, ...TEXT_FORM_OPTIONS, ...SERVER_OPTIONS],
      notes: [
        "For a queued job: whether it would start now, or what would hold it then. For another " +
        "job: how much less it would have waited. A limit that is left out stays in force.",
      ],
      examples: ["deno task daybook what-if order-42 --max-running 6"],
      run: (input) => whatIf(input, surroundings),
    },
  ];
}

async function list(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const client = createClient(input, surroundings);
  const { limits } = expectShape(limitsAnswer, await client.get("/limits"), client);
  for (const one of limits) print(one, form, input);
  if (limits.length === 0 && form === "text") input.terminal.out("no type of job has limits");
  return EXIT_OK;
}

async function change(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const client = createClient(input, surroundings);
  const answer = await client.put(limitsPath(input), limitsBody(input));
  print(expectShape(limitedTypeResource, answer, client), form, input);
  return EXIT_OK;
}

async function restore(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const client = createClient(input, surroundings);
  const answer = await client.delete(limitsPath(input));
  print(expectShape(limitedTypeResource, answer, client), form, input);
  return EXIT_OK;
}

async function whatIf(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const [jobId = ""] = input.positionals;
  const form = outputForm(input, "text");
  const client = createClient(input, surroundings);
  const limits = parseLimits(input);
  if (Object.keys(limits).length === 0) {
    throw new UsageError("name a limit, such as --max-running 6");
  }
  const answer = await client.post(`${jobPath(jobId)}/what-if?limit=1`, { limits });
  const { limits: outcome } = expectShape(limitsWhatIfAnswer, answer, client);
  const text = () => limitsWhatIfText(outcome as unknown as LimitsWhatIf<Citation>);
  if (form === "json") printJson(input, outcome);
  else printLines(input, paintedExplanation(plainPage(text()), input.terminal.style));
  return EXIT_OK;
}

function limitsPath({ positionals: [type = ""] }: CommandInput): string {
  return `/limits/${encodeURIComponent(type)}`;
}

/** @throws {UsageError} */
function limitsBody(input: CommandInput): object {
  const reason = input.text("reason");
  if (reason === undefined || reason === "") {
    throw new UsageError("change-limits needs a --reason, which explanations show");
  }
  return { ...parseLimits(input), reason };
}

/** @throws {CommandError} */
function parseLimits(input: CommandInput): PlaceLimits {
  const maxRunning = input.whole("max-running", 1, COUNT_MAX);
  const perKey = input.whole("per-key", 1, COUNT_MAX);
  const count = input.whole("rate-count", 1, 10_000);
  const perMs = input.whole("rate-ms", 1, DAY_MS);
  if ((count === undefined) !== (perMs === undefined)) {
    throw new CommandError("--rate-count and --rate-ms go together", EXIT_USAGE);
  }
  return {
    ...(maxRunning === undefined ? {} : { maxRunning }),
    ...(perKey === undefined ? {} : { perKey }),
    ...(count === undefined || perMs === undefined ? {} : { rate: { count, perMs } }),
  };
}

function print(one: LimitedTypeResource, form: "text" | "json", input: CommandInput): void {
  if (form === "json") printJson(input, one);
  else for (const line of limitLines(one, input)) input.terminal.out(line);
}

function limitLines(one: LimitedTypeResource, { terminal: { style } }: CommandInput) {
  const { type, limits, change, held, waiting, keys, moreKeys, rates, moreRates } = one;
  const shown = keys.slice(0, KEYS_SHOWN).map(({ key, held, waiting }) =>
    `  ${key === null ? "without a key" : `key ${plainText(key)}`}: ${held} running, ` +
    `${waiting} waiting`
  );
  const more = keys.length - shown.length + moreKeys;
  const shownRates = rates.slice(0, KEYS_SHOWN).map(({ key, began, nextAt }) =>
    `  rate${key === null ? "" : ` of key ${plainText(key)}`}: ${began} of ${limits.rate?.count} ` +
    `started${nextAt === undefined ? "" : `, the next may start at ${nextAt}`}`
  );
  const moreOfRate = rates.length - shownRates.length + moreRates;
  const who = change?.actor === undefined ? "" : ` by ${plainText(change.actor)}`;
  return [
    `${style("bold", plainText(type))}  ${limitsText(limits)}; ${held} running, ` +
    `${counted(waiting, "job")} waiting`,
    ...change === undefined ? [] : [`  changed ${change.since}${who}: ${plainText(change.reason)}`],
    ...shown,
    ...more > 0 ? [`  and ${counted(more, "other key")}`] : [],
    ...shownRates,
    ...moreOfRate > 0 ? [`  and ${counted(moreOfRate, "other key")} of the rate`] : [],
  ];
}
