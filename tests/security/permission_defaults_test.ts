/** Security defaults of the processes: what the tasks of `deno.json` may do. */

import assert from "node:assert/strict";
import { DaybookProcess, runToEnd } from "../support/process/daybook_process.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
  await Deno.readTextFile(`${ROOT}deno.json`),
);

/** Tasks for developers, which run only this project's tests. */
const FOR_DEVELOPERS = /\bdeno (?:test|task|fmt|lint|check|bench)\b|\b(?:tests|bench)\//;

/** What is wrong with the permissions of a command. */
function flawOf(command: string): string | undefined {
  const flags = command.split(" ").filter((word) => word.startsWith("-"));
  const wide = flags.find((flag) =>
    // It reads the free disk space, and lowers the priority of threads.
    /^(?:-A|--allow-all|--allow-(?:run|ffi|sys(?!=statfs(?:,setPriority)?$)|import|hrtime)\b.*)$/
      .test(flag)
  );
  if (wide !== undefined) return `${wide} is never needed`;
  const unscoped = flags.find((flag) => /^--allow-\w+$/.test(flag));
  if (unscoped !== undefined) return `${unscoped} names nothing`;
  const open = flags.find((flag) => /^--allow-env=(?:.*,)?\*(?:,|$)/.test(flag));
  if (open !== undefined) return `${open} is all of the environment`;
  if (!flags.includes("--no-prompt")) return "it may ask for more";
  return undefined;
}

for (const [name, { command }] of Object.entries(tasks)) {
  if (FOR_DEVELOPERS.test(command)) continue;
  Deno.test(`default, permissions: task ${name} is scoped, without run and ffi`, () => {
    assert.equal(flawOf(command), undefined);
  });
}

Deno.test("default, permissions: the server may only use its journal and one address, read the free disk space, and lower the priority of threads", () => {
  const flags = (tasks["start"]?.command ?? "").split(" ").filter((word) => word.startsWith("--"));
  assert.deepEqual(flags, [
    "--quiet",
    "--no-prompt",
    "--v8-flags=--max-semi-space-size=16,--no-minor-gc-task,--heap-growing-percent=25,--initial-old-space-size=28,--no-allocation-site-pretenuring,--no-memory-reducer",
    "--allow-net=127.0.0.1",
    "--allow-read=journal",
    "--allow-write=journal",
    "--allow-env=DAYBOOK_*,PG*,INIT_CWD",
    "--allow-sys=statfs,setPriority",
  ]);
});

Deno.test("default, permissions: one that is too wide is found", () => {
  const start = "deno run --no-prompt --allow-read=journal main.ts";
  assert.equal(flawOf(start), undefined);
  for (
    const flag of [
      "-A",
      "--allow-all",
      "--allow-run",
      "--allow-run=git",
      "--allow-ffi",
      "--allow-sys",
    ]
  ) {
    assert.match(flawOf(`${start} ${flag}`) ?? "", /never needed/);
  }
  for (const flag of ["--allow-net", "--allow-read", "--allow-env"]) {
    assert.match(flawOf(`${start} ${flag}`) ?? "", /names nothing/);
  }
  assert.match(flawOf(`${start} --allow-env=*`) ?? "", /all of the environment/);
  assert.match(flawOf("deno run main.ts") ?? "", /may ask/);
});

Deno.test("default, loopback: another address is bound only with a token", () =>
  inFolder(async (journal) => {
    const args = ["--hostname=0.0.0.0"];
    const permissions = ["--allow-net=0.0.0.0"];
    const refused = await runToEnd({ journal, args, permissions });
    const token = "correct-horse-battery-staple";
    const env = { DAYBOOK_TOKEN: token };
    const daybook = await DaybookProcess.start({ journal, args, permissions, env });
    const { port } = new URL(daybook.url);
    const headers = { authorization: `Bearer ${token}` };
    const statuses = await Promise.all([{}, headers].map(async (headers) => {
      const response = await fetch(`http://127.0.0.1:${port}/jobs`, { headers });
      await response.body?.cancel();
      return response.status;
    }));
    await daybook.stop();

    assert.equal(refused.code, 64);
    assert.match(
      refused.output,
      /reachable from other machines: set DAYBOOK_TOKEN or --token-file/,
    );
    assert.deepEqual(statuses, [401, 200]);
    assert.match(daybook.output.join("\n"), /token set/);
    assert.ok(!daybook.output.join("\n").includes(token));
  }));

Deno.test("default, tokens: neither the log nor the journal has one, even after refused requests", () =>
  inFolder(async (journal) => {
    const token = "correct-horse-battery-staple";
    const daybook = await DaybookProcess.start({ journal, env: { DAYBOOK_TOKEN: token } });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const bodies = ["{", '{"plan":{"expected":[]}}', `{"type":"${"x".repeat(300)}"}`];
    for (const body of bodies) {
      const response = await fetch(`${daybook.url}/jobs`, { method: "POST", headers, body });
      assert.ok(!(await response.text()).includes(token));
    }
    await daybook.stop();
    const parts = [daybook.output.join("\n")];
    for (const folder of [`${journal}/segments`, `${journal}/snapshots`]) {
      for await (const { name } of Deno.readDir(folder)) {
        parts.push(await Deno.readTextFile(`${folder}/${name}`));
      }
    }
    parts.push(await Deno.readTextFile(`${journal}/LOCK`));
    assert.ok(parts.length >= 3 && !parts.join("\n").includes(token));
  }));
