/**
 * `limits`, `change-limits`, `restore-limits`: how many jobs of a type may run; and `what-if` with
 * other limits.
 */

import { EXIT } from "../../core/exit_codes.ts";
import { present } from "../../core/json.ts";
import { counted } from "../../core/counted.ts";
import { limitsText, type LimitValues } from "../../core/place_limits.ts";
import { PLACES_MAX, RATE_COUNT_MAX, RATE_MS_MAX } from "../../engine/definition_limits.ts";
import { limitsWhatIfText } from "../../explain/explanation_text.ts";
import type { Citation } from "../../explain/statements/explanation.ts";
import type { LimitsWhatIf } from "../../explain/replay/limits_what_if.ts";
import { CommandError, type CommandInput, type CommandOption, UsageError } from "../command.ts";
import { plainPage, plainText, type Terminal } from "../terminal.ts";
import { paintedExplanation } from "../render/marks.ts";
import {
  jobPath,
  type LimitedTypeResource,
  limitedTypeResource,
  limitsAnswer,
  limitsWhatIfAnswer,
} from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";

const KEYS_SHOWN = 5;

const LIMIT_OPTIONS: readonly CommandOption[] = [
  { name: "max-running", value: "number", help: "running jobs, of all keys together" },
  { name: "per-key", value: "number", help: "running jobs of one key" },
  { name: "rate-count", value: "number", help: "jobs that may start within --rate-ms" },
  { name: "rate-ms", value: "number", help: "the period of --rate-count, in milliseconds" },
];

export const LIMIT_COMMANDS: readonly ServerCommand[] = [
  {
    name: "limits",
    summary: "list the limits of job types, with their use",
    options: [],
    notes: ["For each type, the keys with the most jobs are shown."],
    examples: ["deno task daybook limits"],
    run: list,
  },
  {
    name: "change-limits",
    summary: "replace the limits of the code",
    positionals: "<type>",
    options: [
      ...LIMIT_OPTIONS,
      { name: "reason", value: "text", help: "the reason, recorded with the change" },
    ],
    notes: [
      "All limits of the type are replaced; a limit that is left out is lifted. The change " +
      "survives restarts, until restore-limits undoes it. Running jobs are not affected.",
    ],
    examples: ["deno task daybook change-limits mail.send --max-running 2 --reason ticket-7"],
    run: change,
  },
  {
    name: "restore-limits",
    summary: "restore the limits of the code",
    positionals: "<type>",
    options: [],
    examples: ["deno task daybook restore-limits mail.send"],
    run: restore,
  },
  {
    name: "what-if",
    summary: "show how other limits of its type would affect a job; nothing is recorded",
    positionals: "<jobId>",
    options: LIMIT_OPTIONS,
    piped: "text",
    notes: [
      "For a queued job: whether it would start now, or what would hold it then. For another " +
      "job: how much less it would have waited. A limit that is left out stays in force.",
    ],
    examples: ["deno task daybook what-if order-42 --max-running 6"],
    run: whatIf,
  },
];

async function list(call: ServerCall): Promise<void> {
  const { limits } = await call.client.get(limitsAnswer, "/limits");
  for (const one of limits) print(one, call);
  if (limits.length === 0 && call.form === "text") call.terminal.out("no type of job has limits");
}

async function change(call: ServerCall): Promise<void> {
  const { input } = call;
  print(
    await call.client.send(limitedTypeResource, "PUT", limitsPath(input), limitsBody(input)),
    call,
  );
}

async function restore(call: ServerCall): Promise<void> {
  print(await call.client.send(limitedTypeResource, "DELETE", limitsPath(call.input)), call);
}

async function whatIf(call: ServerCall): Promise<void> {
  const { input, terminal } = call;
  const [jobId = ""] = input.positionals;
  const limits = parseLimits(input);
  if (Object.keys(limits).length === 0) {
    throw new UsageError("name a limit, such as --max-running 6");
  }
  const path = `${jobPath(jobId)}/what-if?limit=1`;
  const { limits: outcome } = await call.client.send(limitsWhatIfAnswer, "POST", path, { limits });
  const text = () => limitsWhatIfText(outcome as unknown as LimitsWhatIf<Citation>);
  call.print(outcome, () => paintedExplanation(plainPage(text()), terminal.style));
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
function parseLimits(input: CommandInput): LimitValues {
  const maxRunning = input.whole("max-running", 1, PLACES_MAX);
  const perKey = input.whole("per-key", 1, PLACES_MAX);
  const count = input.whole("rate-count", 1, RATE_COUNT_MAX);
  const perMs = input.whole("rate-ms", 1, RATE_MS_MAX);
  if ((count === undefined) !== (perMs === undefined)) {
    throw new CommandError("--rate-count and --rate-ms go together", EXIT.usage);
  }
  return {
    ...present({ maxRunning, perKey }),
    ...(count === undefined || perMs === undefined ? {} : { rate: { count, perMs } }),
  };
}

function print(one: LimitedTypeResource, call: ServerCall): void {
  call.print(one, () => limitLines(one, call.terminal));
}

function limitLines(one: LimitedTypeResource, { style }: Terminal) {
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
