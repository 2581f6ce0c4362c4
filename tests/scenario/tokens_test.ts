/** Tokens in a real file of a real process: scopes, and rotation without a restart. */

import assert from "node:assert/strict";
import { DaybookProcess, runToEnd } from "../support/process/daybook_process.ts";
import { runTask } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { bearer } from "../support/http/http_app.ts";

const READER = "reader-token-0123456789abcdef";
const SHOP = "shop-token-0123456789abcdef";
const ROTATED = "rotated-token-0123456789abcdef";
const PLAN = { plan: { expected: [] } };

async function statusOf(pending: Promise<Response>): Promise<number> {
  const response = await pending;
  await response.body?.cancel();
  return response.status;
}

Deno.test("tokens: a file gives several, each with its scopes; they rotate while the server runs", () =>
  inFolder(async (folder) => {
    const [journal, file] = [`${folder}/journal`, `${folder}/tokens`];
    await Deno.writeTextFile(file, `# rotate monthly\n${READER} read page\n${SHOP} submit shop\n`);
    const daybook = await DaybookProcess.start({
      journal,
      args: [`--token-file=${file}`],
      permissions: [`--allow-read=${folder}`],
    });
    const read = (token: string) =>
      statusOf(fetch(`${daybook.url}/jobs`, { headers: bearer(token) }));
    const submit = (token: string) => statusOf(daybook.post("/jobs", PLAN, bearer(token)));
    const stream = await fetch(`${daybook.url}/stream`, { headers: bearer(READER) });
    const before = [
      await read(READER),
      await submit(READER),
      await read(SHOP),
      await submit(SHOP),
      await submit(ROTATED),
    ];

    await Deno.writeTextFile(file, `${ROTATED} submit,read shop\n`);
    // The file is checked once a second.
    await until("the token is refused", async () => await read(READER) === 401);
    const after = [await submit(SHOP), await submit(ROTATED)];
    // The entries of that job were the next that the stream could have brought.
    const streamed = await stream.text();
    await Deno.writeTextFile(file, "");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const kept = await read(ROTATED);
    await daybook.stop();

    assert.deepEqual(before, [200, 403, 403, 202, 401]);
    assert.deepEqual(after, [401, 202]);
    assert.equal(kept, 200);
    assert.doesNotMatch(streamed, /"job.JobCreated".*"job.JobCreated"/s);
    const output = daybook.output.join("\n");
    assert.match(output, /token-file +2 tokens set {2}\(flag\)/);
    assert.match(output, /the token file .* was reloaded: 1 tokens are valid/);
    assert.match(output, /Cannot use the token file .*: it has no token; .* stay valid/);
    for (const token of [READER, SHOP, ROTATED]) assert.ok(!output.includes(token));
  }));

Deno.test("tokens: a file that cannot be used is refused with 64, and its lines are not printed", () =>
  inFolder(async (folder) => {
    const file = `${folder}/tokens`;
    await Deno.writeTextFile(file, `${SHOP} submit\nread ${READER}\n`);
    const { code, output } = await runToEnd({
      journal: `${folder}/journal`,
      args: [`--token-file=${file}`],
      permissions: [`--allow-read=${folder}`],
    });

    assert.equal(code, 64);
    assert.match(output, /--token-file .*: line 2: the second word must name scopes/);
    for (const token of [READER, SHOP]) assert.ok(!output.includes(token));
  }));

Deno.test("tokens: a command sends the first of a file, and reports a missing scope", () =>
  inFolder(async (folder) => {
    const file = `${folder}/tokens`;
    await Deno.writeTextFile(file, `${READER} read\n${SHOP} submit\n`);
    const daybook = await DaybookProcess.start({
      journal: `${folder}/journal`,
      args: [`--token-file=${file}`],
      permissions: [`--allow-read=${folder}`],
    });
    const options = { permissions: [`--allow-read=${folder}`] };
    const flags = ["--url", daybook.url, "--token-file", file];
    const jobs = await runTask("daybook", ["jobs", ...flags], options);
    const event = await runTask("daybook", ["event", "a.B", ...flags], options);
    await daybook.stop();

    assert.equal(jobs.code, 0, jobs.errors);
    assert.equal(event.code, 65);
    assert.match(event.errors, /needs the scope submit, and its token has read \(403\)/);
  }));
