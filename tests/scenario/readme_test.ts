/**
 * Runs the five-minute walk of the README, command by command, against the real process,
 * and checks every line that it promises.
 */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/daybook_process.ts";
import { hasTools } from "../support/tools.ts";

const README = new URL("../../README.md", import.meta.url);
const START = "deno task start";
const KILL = /^kill -9 \d+$/;

function walk(text: string): readonly string[] {
  const section = text.split("\n## ").find((part) => part.startsWith("Five minutes"));
  assert.ok(section, "the README has no section Five minutes");
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block?.trim() ?? "");
}

const SOURCE = new URL("../../src", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** A task of `deno.json` may use no other folder, so its program is run without the task. */
function withoutTasks(block: string): string {
  const deno = `${Deno.execPath()} run --quiet --allow-all --config=${CONFIG} ${SOURCE}/cli`;
  return block.replaceAll("deno task journal", `${deno}/journal.ts`);
}

async function run(block: string, url: string, journal: string, folder: string): Promise<string> {
  const script = withoutTasks(block)
    .replaceAll("localhost:8000", new URL(url).host)
    .replaceAll("journal/segments", `${journal}/segments`);
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    cwd: folder,
    env: { DAYBOOK_JOURNAL: journal },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

Deno.test({
  name: "README: the five-minute walk does what it says",
  // Without curl and jq nobody can take the walk; CI installs them.
  ignore: !hasTools("curl", "jq"),
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const journal = `${folder}/journal`;
    const blocks = walk(await Deno.readTextFile(README));
    assert.ok(blocks.length >= 10);
    let daybook = await DaybookProcess.start({ journal });
    try {
      for (const block of blocks) {
        if (block === START) daybook = await DaybookProcess.start({ journal });
        else if (KILL.test(block)) await daybook.kill();
        else assertShows(block, await run(block, daybook.url, journal, folder));
      }
      assert.equal(await daybook.stop(), 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function assertShows(block: string, output: string): void {
  for (const [, promised] of block.matchAll(/^# => (.*)$/gm)) {
    assert.ok(
      promised !== undefined && output.includes(promised),
      `after\n${block}\nthe README promises\n${promised}\nbut it printed\n${output}`,
    );
  }
}

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
  } finally {
    await daybook.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
