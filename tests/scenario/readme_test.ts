/**
 * Runs the five-minute walk of the README, command by command, against the real process,
 * and checks every line that it promises.
 */

import assert from "node:assert/strict";
import { inCheckout } from "../support/checkout.ts";
import { DaybookProcess } from "../support/daybook_process.ts";
import { blocksOf, type Page } from "../support/manual_pages.ts";
import { PageWalk } from "../support/page_walk.ts";
import { hasTools } from "../support/tools.ts";

const README = new URL("../../README.md", import.meta.url);

/** The walk alone: what is around it is not in the order in which it could be typed. */
async function walk(): Promise<Page> {
  const text = await Deno.readTextFile(README);
  const section = text.split("\n## ").find((part) => part.startsWith("Five minutes"));
  assert.ok(section, "the README has no section Five minutes");
  const linesBefore = text.slice(0, text.indexOf(section)).split("\n").length - 1;
  const blocks = blocksOf(section).map((block) => ({ ...block, line: block.line + linesBefore }));
  return { file: "README.md", text: section, blocks };
}

Deno.test({
  name: "README: the five-minute walk does what it says",
  // Without curl and jq nobody can take the walk; CI installs them.
  ignore: !hasTools("curl", "jq"),
  fn: async () => {
    const page = await walk();
    assert.ok(page.blocks.length >= 10);
    await inCheckout(async (checkout) => {
      // The README begins with it, a section before.
      const start = { language: "sh", marks: [], text: "deno task start", line: 1 };
      await new PageWalk({ ...page, blocks: [start, ...page.blocks] }, checkout).run();
    });
  },
});

Deno.test("README: the module of definitions works as it is written", async () => {
  const folder = await Deno.makeTempDir();
  const [, module] = /```ts\n([\s\S]*?)```/.exec(await Deno.readTextFile(README)) ?? [];
  assert.ok(module);
  const path = `${folder}/my_jobs.ts`;
  const source = new URL("../../src", import.meta.url).pathname;
  await Deno.writeTextFile(path, module.replace("./src/mod.ts", `${source}/mod.ts`));
  const journal = `${folder}/journal`;
  const daybook = await DaybookProcess.start({
    journal,
    args: [`--definitions=${path}`],
    permissions: [`--allow-read=${path},${source}`],
  });
  try {
    const attributes = { userId: "7", email: "ada@example.com" };
    const started = await daybook.post("/events", { eventType: "user.SignedUp", attributes });
    const { receipts: [receipt] } = await started.json();
    const { jobId } = receipt.jobs[0];
    const confirmed = { eventType: "user.EmailConfirmed", eventId: "c-7", attributes };
    await (await daybook.post("/events", confirmed)).body?.cancel();
    const response = await fetch(`${daybook.url}/jobs/${jobId}`, { headers: { prefer: "wait=5" } });
    const job = await response.json();

    assert.equal(job.state, "Done");
    assert.deepEqual(job.output, { letterId: `letter-${jobId}`, confirmedBy: "c-7" });

    const partly = { eventType: "user.SignedUp", attributes: { userId: "8" } };
    const { receipts: [refused] } = await (await daybook.post("/events", partly)).json();
    assert.match(refused.jobs[0].reason, /\/email: is required$/);
  } finally {
    await daybook.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
