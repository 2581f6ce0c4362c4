/** What a server logs: lines, warnings of a start, and the files of the log of jobs. */

import assert from "node:assert/strict";
import { type JobId, jobId, type TaskId, taskId } from "../../src/core/ids.ts";
import { JobLogFiles, ServerLog } from "../../src/server/logs.ts";
import type { EventDraft } from "../../src/core/event.ts";
import { cutShortWarnings } from "../../src/server/banner.ts";
import { inFolder } from "../support/temporary_folder.ts";

function printed(write: (log: ServerLog) => void): readonly string[] {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  write(new ServerLog({ format: "text", now: () => 0, out: print, err: print }));
  return lines;
}

Deno.test("server log: text that code logs can neither control a terminal nor look like another line", () => {
  const about = { jobId: jobId("job_1"), taskId: taskId("send"), attempt: 1, type: "a", time: "" };
  const line = {
    ...about,
    message: "to \u001b[31mada\u009b\r\njob_2 pay 1: refunded\n\tas asked\u202e",
    data: { name: "\u009b2J" },
  };

  assert.deepEqual(printed((log) => log.write(line)), [
    "job_1 send 1: to \\u001b[31mada\\u009b\n  job_2 pay 1: refunded\n  \tas asked\\u202e " +
    '{"name":"\\u009b2J"}',
  ]);
});

Deno.test("server log: a warning that quotes an error cannot control a terminal", () => {
  assert.deepEqual(printed((log) => log.warn("uncaught: Error: \u001b[2J\u0007\n    at a.ts:1")), [
    "daybook: uncaught: Error: \\u001b[2J\\u0007\n    at a.ts:1",
  ]);
});

function draft(jobId: string, taskId: string): EventDraft {
  return {
    stratum: "framework",
    eventType: "job.TaskInterrupted",
    jobId: jobId as JobId,
    taskId: taskId as TaskId,
    attributes: {},
  } as unknown as EventDraft;
}

Deno.test("cutShortWarnings: jobs are named with the tasks that ran; without any there is no warning", () => {
  assert.deepEqual(cutShortWarnings([]), []);
  assert.deepEqual(
    cutShortWarnings([draft("a", "main"), draft("a", "page-2"), draft("b", "main")]),
    [
      "2 jobs were cut short when the last process ended without an orderly stop: a (page-2), b; see deno task daybook explain a",
    ],
  );
});

Deno.test("cutShortWarnings: of many jobs the first are named, and the rest are counted", () => {
  const drafts = Array.from({ length: 9 }, (_, index) => draft(`j${index}`, "work"));
  assert.deepEqual(cutShortWarnings(drafts), [
    "9 jobs were cut short when the last process ended without an orderly stop: " +
    "j0 (work), j1 (work), j2 (work), j3 (work), j4 (work), and 4 more; see deno task daybook explain j0",
  ]);
});

// The files of job logs.

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

Deno.test("job log files: a link in their place is not followed, and a pipe blocks nothing", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/logs`);
    await Deno.writeTextFile(`${folder}/other`, "of another program\n");
    await Deno.symlink(`${folder}/other`, `${folder}/logs/newer.ndjson`);
    const { success } = await new Deno.Command("mkfifo", { args: [`${folder}/logs/older.ndjson`] })
      .output();
    assert.ok(success);
    const warnings: string[] = [];
    const files = new JobLogFiles({
      folder: `${folder}/logs`,
      warn: (message) => warnings.push(message),
    });
    files.write(lineOf("job_1", "x"));
    assert.deepEqual(await files.read("job_1" as JobId, 9), { lines: [], hasMore: false });
    await files.close();
    assert.match(warnings.join(), /^cannot write the task logs: .*newer\.ndjson is not a file$/);
    assert.equal(await Deno.readTextFile(`${folder}/other`), "of another program\n");
  });
});
