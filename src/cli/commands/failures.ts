/** `failures`: failures that were not retried, by kind, the most frequent first. */

import { messageText } from "../../core/error_text.ts";
import { counted } from "../../core/counted.ts";
import { distanceText } from "../../core/duration.ts";
import { SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK } from "../command.ts";
import {
  FILTER_NOTE,
  FILTER_OPTIONS,
  filterQuery,
  limitOption,
  parseFilter,
} from "../job_filter.ts";
import { plainText } from "../plain_text.ts";
import { FORM_OPTIONS, outputForm, printJson, printLines } from "../presentation.ts";
import { expectShape, type FailureKindResource, failuresAnswer } from "../resources.ts";
import { createClient, type Surroundings } from "../surroundings.ts";

const LIMIT_MAX = 200;

export function failuresCommand(surroundings: Surroundings): Command {
  return {
    name: "failures",
    summary: "list failures that were not retried, by kind",
    positionals: "",
    arity: [0, 0],
    options: [
      ...FILTER_OPTIONS,
      limitOption(50, "the most kinds to list"),
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      "The most frequent come first. Failures are of one kind if they have the same type, task, " +
      "error and words in the message; numbers, ids, times, paths and text in quotation marks " +
      "are ignored.",
      FILTER_NOTE,
    ],
    examples: [
      "deno task daybook failures",
      "deno task daybook failures --type payment.collect --since 2h",
    ],
    run: (input) => list(input, surroundings),
  };
}

async function list(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const query = filterQuery(parseFilter(input, surroundings));
  query.set("limit", String(input.whole("limit", 1, LIMIT_MAX)));
  const client = createClient(input, surroundings);
  const answer = expectShape(failuresAnswer, await client.get(`/failures?${query}`), client);
  for (const kind of answer.failures) {
    if (form === "json") printJson(input, kind);
    else printLines(input, failureLines(kind, input, surroundings));
  }
  if (form === "json") return EXIT_OK;
  if (answer.failures.length === 0) input.terminal.out("no failures left to retry");
  if (answer.more > 0) input.terminal.out(`${answer.more} rarer kinds are not shown: --limit`);
  if (answer.searched !== undefined) {
    const { jobs, backTo } = answer.searched;
    input.terminal.out(`examined ${counted(jobs, "job")}, back to ${backTo}`);
  }
  return EXIT_OK;
}

function failureLines(
  { fingerprint, type, taskId, error, open, jobs, newest }: FailureKindResource,
  { terminal: { style } }: CommandInput,
  { clock }: Surroundings,
): readonly string[] {
  const where = `${type ?? "plan"}${taskId === null ? "" : `, task ${taskId}`}`;
  const many = open === jobs ? counted(open, "job") : `${open} of ${counted(jobs, "job")}`;
  const age = distanceText(clock.now() - Date.parse(newest.createdAt));
  return [
    `${style("bold", fingerprint)}  ${many}, the newest ${age} ago: ${plainText(where)}`,
    `  ${style("red", plainText(error.name))}: ${plainText(messageText(error))}`,
  ];
}
