/** Runs the commands of the README, and checks every line of output that it shows. */

import assert from "node:assert/strict";
import { inCheckout } from "../support/process/checkout.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { blocksOf } from "../support/process/manual_pages.ts";
import { PageWalk } from "../support/process/page_walk.ts";
import { hasTools } from "../support/process/tools.ts";

const README = new URL("../../README.md", import.meta.url);
const LINES_MAX = 275;

Deno.test("README: it is short", async () => {
  const lines = (await Deno.readTextFile(README)).trimEnd().split("\n");
  assert.ok(lines.length <= LINES_MAX, `${lines.length} lines`);
});

Deno.test({
  name: "README: its commands do what it says",
  // The commands need curl and jq, which CI installs.
  ignore: !hasTools("curl", "jq"),
  fn: async () => {
    const text = await Deno.readTextFile(README);
    const page = { file: "README.md", text, blocks: blocksOf(text) };
    assert.ok(page.blocks.length >= 15);
    await inCheckout((checkout) => new PageWalk(page, checkout).run());
  },
});

Deno.test("README: its module of definitions works as written", async () => {
  const folder = await Deno.makeTempDir();
  const blocks = blocksOf(await Deno.readTextFile(README));
  const module = blocks.find(({ language }) => language === "ts")?.text;
  assert.ok(module);
  const path = `${folder}/my_jobs.ts`;
  const source = new URL("../../src", import.meta.url).pathname;
  await Deno.writeTextFile(path, module.replace("./src/mod.ts", `${source}/mod.ts`));
  const journal = `${folder}/journal`;
  const daybook = await DaybookProcess.start({
    journal,
    definitions: path,
  });
  try {
    const input = { userId: "7", email: "ada@example.com" };
    const jobId = "welcome-7";
    const submitted = await daybook.post("/jobs", { type: "user.welcome", jobId, input });
    assert.equal(submitted.status, 202, await submitted.text());
    const attributes = { userId: "7" };
    const confirmed = { eventType: "user.EmailConfirmed", eventId: "c-7", attributes };
    await (await daybook.post("/events", confirmed)).body?.cancel();
    const response = await fetch(`${daybook.url}/jobs/${jobId}`, {
      headers: { prefer: "wait=60" },
    });
    const job = await response.json();

    assert.equal(job.state, "Done");
    assert.deepEqual(job.output, { letterId: `letter-${jobId}`, confirmedBy: "c-7" });
  } finally {
    await daybook.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
