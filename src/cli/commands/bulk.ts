/** `bulk`: one action on all jobs that match a filter. */

import { BULK_CONTROLS, type BulkControl, CONTROLS } from "../../core/controls.ts";
import { counted } from "../../core/counted.ts";
import type { JsonObject } from "../../core/json.ts";
import { type Client, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK, EXIT_REFUSED, UsageError } from "../command.ts";
import { FILTER_NOTE, FILTER_OPTIONS, parseFilter } from "../job_filter.ts";
import { plainText } from "../plain_text.ts";
import { FORM_OPTIONS, outputForm, printJson, printLines, textColumns } from "../presentation.ts";
import { jobTable } from "../render/job_table.ts";
import { bulkAnswer, bulkPreview, expectShape } from "../resources.ts";
import { createClient, type Surroundings } from "../surroundings.ts";
import { reasonOption } from "./controls.ts";

export function bulkCommand(surroundings: Surroundings): Command {
  return {
    name: "bulk",
    summary: `${BULK_CONTROLS.slice(0, -1).join(", ")} or ${
      BULK_CONTROLS.at(-1)
    } all jobs that match`,
    positionals: `<${BULK_CONTROLS.join("|")}>`,
    arity: [1, 1],
    options: [
      ...FILTER_OPTIONS,
      { name: "all", help: "all jobs, if no filter is given" },
      { name: "dry-run", help: "only count the jobs, and show the newest" },
      { name: "yes", short: "y", help: "confirm a cancel, which cannot be undone" },
      { name: "again", help: "also retry jobs that were already retried" },
      { name: "reason", value: "text", help: "the reason, recorded with each job" },
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      ...BULK_CONTROLS.map((name) => `${name}: ${CONTROLS[name].effect}`),
      "Jobs created meanwhile are skipped, and each job is checked when its turn comes. The exit " +
      "code is 65 if some were refused, or if it stopped early: finished jobs stay finished, and " +
      "the same command continues with the rest.",
      FILTER_NOTE,
    ],
    examples: [
      "deno task daybook bulk retry --type payment.collect --since 2h --dry-run",
      "deno task daybook bulk retry --fingerprint 3f2a9c01d4e7 --reason 'the bank is back'",
      "deno task daybook bulk cancel --label shop:berlin --yes --reason 'the shop closes'",
    ],
    run: (input) => bulk(input, surroundings),
  };
}

async function bulk(input: CommandInput, surroundings: Surroundings): Promise<number> {
  outputForm(input);
  const action = actionIn(input);
  const filter = parseFilter(input, surroundings);
  if (Object.keys(filter).length === 0 && !input.isSet("all")) {
    throw new UsageError("bulk needs a filter, or --all");
  }
  const again = input.isSet("again") ? { again: true } : {};
  const body: JsonObject = { action, filter, ...again, ...reasonOption(input) };
  const client = createClient(input, surroundings);
  if (input.isSet("dry-run")) return await preview(body, input, client, surroundings);
  if (CONTROLS[action].confirm && !input.isSet("yes")) {
    throw new UsageError(`${action} cannot be undone: check with --dry-run, then give --yes`);
  }
  return await all(action, body, input, client);
}

function actionIn({ positionals: [name = ""] }: CommandInput): BulkControl {
  const action = BULK_CONTROLS.find((known) => known === name);
  if (action !== undefined) return action;
  throw new UsageError(`bulk takes one of ${BULK_CONTROLS.join(", ")}, not ${plainText(name)}`);
}

async function preview(
  body: JsonObject,
  input: CommandInput,
  client: Client,
  { clock }: Surroundings,
): Promise<number> {
  const answer = await client.post("/jobs/bulk", { ...body, dryRun: true });
  const { jobs, sample, retried, byHand, searched } = expectShape(bulkPreview, answer, client);
  if (outputForm(input) === "json") {
    printJson(input, answer);
    return EXIT_OK;
  }
  const { terminal } = input;
  const table = { paint: terminal.style, now: clock.now(), columns: textColumns(input) };
  if (sample.length > 0) printLines(input, jobTable(sample, table));
  const more = searched === undefined ? "" : " or more";
  terminal.out(`${body["action"]} would apply to ${jobs}${more} ${jobs === 1 ? "job" : "jobs"}`);
  if (retried > 0) {
    terminal.out(`${counted(retried, "job")} already retried; --again includes them`);
  }
  if (byHand > 0) {
    terminal.out(`${counted(byHand, "job")} skipped: to be fixed by hand first`);
  }
  return EXIT_OK;
}

/** Sends one request after the other, until no jobs are left. */
async function all(
  action: BulkControl,
  body: JsonObject,
  input: CommandInput,
  client: Client,
): Promise<number> {
  const { terminal } = input;
  let [done, refused, place]: [number, number, JsonObject] = [0, 0, {}];
  for (;;) {
    const text = await client.post("/jobs/bulk", { ...body, ...place });
    const answer = expectShape(bulkAnswer, text, client);
    done += answer.done.length;
    refused += answer.refused.reduce((sum, { jobIds }) => sum + jobIds.length, 0);
    if (outputForm(input) === "json") printJson(input, text);
    else printLines(input, answer.done.map((job) => doneText(action, job)));
    for (const { reason, jobIds } of answer.refused) {
      terminal.err(`daybook: skipped, ${plainText(reason)}: ${jobIds.join(" ")}`);
    }
    if (answer.stopped !== undefined) {
      terminal.err(`daybook: ${answer.stopped.detail}; ${counted(answer.left.jobs, "job")} left`);
    }
    if (answer.next === null || answer.stopped !== undefined) {
      const what = `${CONTROLS[action].done} ${counted(done, "job")}`;
      if (outputForm(input) === "text") terminal.out(what);
      return answer.stopped === undefined && refused === 0 ? EXIT_OK : EXIT_REFUSED;
    }
    place = { upTo: answer.upTo, before: answer.next };
  }
}

function doneText(
  action: BulkControl,
  { jobId, newJobId }: { readonly jobId: string; readonly newJobId?: string | undefined },
): string {
  const as = newJobId === undefined ? "" : ` as ${newJobId}`;
  return `${CONTROLS[action].done.toLowerCase()} ${jobId}${as}`;
}
