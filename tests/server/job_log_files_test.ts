/** The files of job logs. */

import assert from "node:assert/strict";
import type { JobId, TaskId } from "../../src/core/ids.ts";
import { JobLogFiles } from "../../src/server/job_log_files.ts";
import { inFolder } from "../support/temporary_folder.ts";

function lineOf(jobId: string, message: string) {
  const about = { jobId: jobId as JobId, taskId: "talk" as TaskId, attempt: 1 };
  return { ...about, time: "2026-11-28T00:00:00.000Z", message };
}

Deno.test("job log files: they are bounded, the oldest lines are dropped, and a restart finds the rest", async () => {
  await inFolder(async (folder) => {
    const warn = (message: string) => assert.fail(message);
    const options = { folder: `${folder}/logs`, warn, fileBytesMax: 2_000 };
    const files = new JobLogFiles(options);
    for (let number = 0; number < 100; number++) {
      files.write(lineOf(number % 2 === 0 ? "job_1" : "job_10", `line ${number}`));
      if (number % 10 === 9) await files.close();
    }
    const again = new JobLogFiles(options);
    const { lines, hasMore } = await again.read("job_1" as JobId, 3);
    const all = await again.read("job_1" as JobId, 1_000);
    let bytes = 0;
    for await (const { name } of Deno.readDir(`${folder}/logs`)) {
      bytes += (await Deno.stat(`${folder}/logs/${name}`)).size;
    }

    assert.deepEqual(lines.map(({ message }) => message), ["line 94", "line 96", "line 98"]);
    assert.equal(hasMore, true);
    assert.ok(all.lines.length < 50 && !all.hasMore, `${all.lines.length}`);
    assert.ok(bytes < 7_000, `${bytes}`);
    assert.deepEqual(await again.read("job_2" as JobId, 9), { lines: [], hasMore: false });
  });
});

Deno.test("job log files: a folder that cannot be written is reported once, and blocks nothing", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/logs`, "");
    const warnings: string[] = [];
    const files = new JobLogFiles({
      folder: `${folder}/logs`,
      warn: (message) => warnings.push(message),
    });
    for (let number = 0; number < 3; number++) {
      files.write(lineOf("job_1", "x"));
      await files.close();
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /cannot write the task logs/);
  });
});
