/** `failures`: failures that were not retried, by kind, the most frequent first. */

import { messageText } from "../../core/error_text.ts";
import { counted } from "../../core/counted.ts";
import { distanceText } from "../../core/duration.ts";
import { EXIT_OK } from "../command.ts";
import { FILTER_NOTE, FILTER_OPTIONS, filterQuery, limitOption, parseFilter } from "../filters.ts";
import { plainText } from "../plain_text.ts";
import { type FailureKindResource, failuresAnswer } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";

const LIMIT_MAX = 200;

export const FAILURES_COMMAND: ServerCommand = {
  name: "failures",
  summary: "list failures that were not retried, by kind",
  options: [...FILTER_OPTIONS, limitOption(50, "the most kinds to list")],
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
  run: list,
};

async function list(call: ServerCall): Promise<number> {
  const { terminal } = call;
  const query = filterQuery(parseFilter(call));
  query.set("limit", String(call.input.whole("limit", 1, LIMIT_MAX)));
  const { summary, failures, more, searched } = await call.client.get(
    failuresAnswer,
    `/failures?${query}`,
  );
  if (call.form !== "json" && failures.length > 0) terminal.out(plainText(summary));
  for (const kind of failures) call.print(kind, () => failureLines(kind, call));
  if (call.form === "json") return EXIT_OK;
  if (failures.length === 0) terminal.out("no failures left to retry");
  if (more > 0) terminal.out(`${more} rarer kinds are not shown: --limit`);
  if (searched !== undefined) {
    terminal.out(`examined ${counted(searched.jobs, "job")}, back to ${searched.backTo}`);
  }
  return EXIT_OK;
}

function failureLines(
  { fingerprint, type, taskId, error, open, jobs, newest }: FailureKindResource,
  { terminal: { style }, surroundings: { clock } }: ServerCall,
): readonly string[] {
  const where = `${type ?? "plan"}${taskId === null ? "" : `, task ${taskId}`}`;
  const many = open === jobs ? counted(open, "job") : `${open} of ${counted(jobs, "job")}`;
  const age = distanceText(clock.now() - Date.parse(newest.createdAt));
  return [
    `${style("bold", fingerprint)}  ${many}, the newest ${age} ago: ${plainText(where)}`,
    `  ${style("red", plainText(error.name))}: ${plainText(messageText(error))}`,
  ];
}
