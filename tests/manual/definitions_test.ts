/** Every definition on a page of the manual, and each that ships, run with the test kit. */

import assert from "node:assert/strict";
import { requiredMatches } from "../../src/core/job_plan.ts";
import { shippedDefinitions } from "../../src/jobs/shipped.ts";
import type { AnyJobDefinition, Job, JobDefinition } from "../../src/mod.ts";
import { days, eventFor, type TestDaybook, testDaybook } from "../../src/testing/mod.ts";
import { blocksOf, pageNames, readPage } from "../support/process/manual_pages.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

/** Inputs for each type. */
const INPUTS: Readonly<Record<string, unknown>> = {
  "album.make": { pictures: ["sea", "dunes"] },
  "bike.assemble": { bikeId: "7", parts: 2 },
  "csv.import": { csv: "article,amount\nscrew,12\nnut,7\n", chunkRows: 1 },
  "file.parse": { kind: "good" },
  "invoice.followUp": { invoiceId: "7" },
  "invoice.remind": { invoiceId: "7" },
  "invoice.send": { invoiceId: "7" },
  "mail.send": { to: "ada@example.com", text: "Good day" },
  "order.announce": { orderId: "42" },
  "order.fulfil": { orderId: "flaky-42", amount: 1_999 },
  "price.quote": { article: "lamp", pieces: 3 },
  "report.nightly": {},
  "shop.clean-up": { olderThanDays: 30 },
  "shop.invoice": { orderId: "42" },
  "shop.pay": { orderId: "42", card: { number: "4111-1111-1111" } },
  "site.deploy": { repository: "shop", commit: "1a2b" },
  "trip.book": { tripId: "7", seats: 2 },
  "user.greet": { userId: "7" },
  "user.welcome": { userId: "7", email: "ada@example.com" },
  "webhook.deliver": { url: "https://hooks.example.com/", event: "order.shipped", payload: {} },
};

interface Found {
  readonly where: string;
  readonly definition: AnyJobDefinition;
}

/** The definitions on all pages, as modules of a folder. */
async function onPages(folder: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  const readme = { name: "README.md", text: await Deno.readTextFile(`${ROOT}README.md`) };
  const manual = (await pageNames()).map(async (name) => ({
    name,
    text: (await readPage(name)).text,
  }));
  for (const { name, text } of [readme, ...await Promise.all(manual)]) {
    for (const { language, text: code, line } of blocksOf(text)) {
      if (language !== "ts" || !/^export const .* = defineJob\(/m.test(code)) continue;
      const path = `${folder}/${name}_${line}.ts`;
      const daybook = `"${ROOT}src/mod.ts"`;
      const module = code.replace('"./src/mod.ts"', daybook)
        .replace('"@daybook/daybook"', daybook).replace('"valibot"', '"npm:valibot@^1.5.0"');
      await Deno.writeTextFile(path, module);
      const definitions = Object.values<AnyJobDefinition>(await import(`file://${path}`));
      for (const definition of definitions) found.push({ where: `${name}:${line}`, definition });
    }
  }
  return found;
}

/** Runs a job to its end: expected events come, and time passes. */
async function run(definition: AnyJobDefinition, crashAfter?: string): Promise<[Job, TestDaybook]> {
  const daybook = await testDaybook([definition], { warn: assert.fail });
  if (crashAfter !== undefined) daybook.crashAfter(crashAfter);
  const typed = definition as JobDefinition;
  const job = await daybook.submit(typed, INPUTS[definition.type], { jobId: "job-1" });
  for (const { id, multiplicity } of job.expected.filter(({ id }) => id !== "main")) {
    for (let count = 1; count <= requiredMatches(multiplicity); count++) {
      await daybook.deliver({ ...eventFor(typed, job, id), eventId: `${id}-${count}` });
    }
  }
  return [await daybook.wait(job, { timeoutMs: days(30) }), daybook];
}

/** Runs it, and again with a crash after each of its steps: all runs end the same. */
async function endsTheSame({ where, definition }: Found): Promise<void> {
  const { type, version } = definition;
  const [{ state, output, tasks }, daybook] = await run(definition);
  assert.equal(state, "Done", `${where}: ${await daybook.explain("job-1")}`);
  for (const { taskId } of tasks.filter(({ taskId }) => taskId !== "main")) {
    const [killed] = await run(definition, taskId);
    assert.deepEqual(killed.output, output, `${where}: ${type} ${version} killed after ${taskId}`);
  }
}

Deno.test("manual: every definition ends, and the same when it is killed after any of its steps", async () => {
  await inFolder(async (folder) => {
    // Definitions that are not tried need more than an input, or are wrong on purpose.
    const tried = (await onPages(folder)).filter(({ definition: { type } }) => type in INPUTS);
    assert.ok(tried.length >= 18, `${tried.length}`);
    for (const one of tried) await endsTheSame(one);
  });
});

Deno.test("jobs that ship: each ends, and the same when it is killed after any of its steps", async () => {
  const definitions = shippedDefinitions({
    webhook: {
      allowedHosts: ["hooks.example.com"],
      fetch: () => Promise.resolve(new Response()),
      now: () => 0,
    },
  });
  const tried = definitions.filter(({ type }) => type in INPUTS);
  assert.ok(tried.length >= 3);
  for (const definition of tried) await endsTheSame({ where: "src/jobs", definition });
});
