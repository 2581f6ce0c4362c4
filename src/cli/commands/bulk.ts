/** `bulk`: one action on all jobs that match a filter. */

import { BULK_CONTROLS, type BulkControl, CONTROLS } from "../../core/controls.ts";
import { counted } from "../../core/counted.ts";
import { type CommandInput, EXIT_OK, EXIT_REFUSED, UsageError } from "../command.ts";
import { FILTER_NOTE, FILTER_OPTIONS, parseFilter } from "../filters.ts";
import { plainText } from "../plain_text.ts";
import { jobTable } from "../render/job_table.ts";
import { bulkAnswer, bulkPreview } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";

export const BULK_COMMAND: ServerCommand = {
  name: "bulk",
  summary: `${BULK_CONTROLS.slice(0, -1).join(", ")} or ${
    BULK_CONTROLS.at(-1)
  } all jobs that match`,
  positionals: `<${BULK_CONTROLS.join("|")}>`,
  options: [
    ...FILTER_OPTIONS,
    { name: "all", help: "all jobs, if no filter is given" },
    { name: "dry-run", help: "only count the jobs, and show the newest" },
    { name: "yes", short: "y", help: "confirm a cancel, which cannot be undone" },
    { name: "again", help: "also retry jobs that were already retried" },
    { name: "reason", value: "text", help: "the reason, recorded with each job" },
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
  run: bulk,
};

async function bulk(call: ServerCall): Promise<number> {
  const { input } = call;
  const action = actionIn(input);
  const filter = parseFilter(call);
  if (Object.keys(filter).length === 0 && !input.isSet("all")) {
    throw new UsageError("bulk needs a filter, or --all");
  }
  const again = input.isSet("again") || undefined;
  const body = { action, filter, again, reason: input.text("reason") };
  if (input.isSet("dry-run")) return await preview(action, body, call);
  if (CONTROLS[action].confirm && !input.isSet("yes")) {
    throw new UsageError(`${action} cannot be undone: check with --dry-run, then give --yes`);
  }
  return await all(action, body, call);
}

function actionIn({ positionals: [name = ""] }: CommandInput): BulkControl {
  const action = BULK_CONTROLS.find((known) => known === name);
  if (action !== undefined) return action;
  throw new UsageError(`bulk takes one of ${BULK_CONTROLS.join(", ")}, not ${plainText(name)}`);
}

async function preview(action: BulkControl, body: object, call: ServerCall): Promise<number> {
  const answer = await call.client.send(bulkPreview, "POST", "/jobs/bulk", {
    ...body,
    dryRun: true,
  });
  const { jobs, sample, retried, byHand, searched } = answer;
  const more = searched === undefined ? "" : " or more";
  call.print(answer, () => [
    ...jobTable(sample, call.page),
    `${action} would apply to ${jobs}${more} ${jobs === 1 ? "job" : "jobs"}`,
    ...retried > 0 ? [`${counted(retried, "job")} already retried; --again includes them`] : [],
    ...byHand > 0 ? [`${counted(byHand, "job")} skipped: to be fixed by hand first`] : [],
  ]);
  return EXIT_OK;
}

/** Sends one request after the other, until no jobs are left. */
async function all(action: BulkControl, body: object, call: ServerCall): Promise<number> {
  const { input, terminal } = call;
  let [done, refused, place] = [0, 0, {}];
  for (;;) {
    const answer = await call.client.send(bulkAnswer, "POST", "/jobs/bulk", { ...body, ...place });
    done += answer.done.length;
    refused += answer.refused.reduce((sum, { jobIds }) => sum + jobIds.length, 0);
    call.print(answer, () => answer.done.map((job) => doneText(action, job)));
    for (const { reason, jobIds } of answer.refused) {
      input.warn(`skipped, ${plainText(reason)}: ${jobIds.join(" ")}`);
    }
    if (answer.stopped !== undefined) {
      input.warn(`${answer.stopped.detail}; ${counted(answer.left.jobs, "job")} left`);
    }
    if (answer.next === null || answer.stopped !== undefined) {
      const what = `${CONTROLS[action].done} ${counted(done, "job")}`;
      if (call.form === "text") terminal.out(what);
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
