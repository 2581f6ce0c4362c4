/** The index of a journal is compared with one built from its lines. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import * as v from "valibot";
import { scratchIndexIn } from "../../src/index/scratch_index.ts";
import { DenoFileSystem } from "../../src/journal/deno_file_system.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { defineJob, openDaybook } from "../../src/mod.ts";
import { audit } from "../../src/verify/audit.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS } from "../support/until.ts";

const greet = defineJob({
  type: "test.greet",
  version: 1,
  input: v.object({ name: v.string() }),
  expects: () => ({ heard: { eventType: "test.Heard" } }),
  async run(ctx, { name }) {
    const text = await ctx.task("write", () => `hello ${name}`);
    await ctx.expect("heard");
    return text;
  },
});

/** Five jobs, of which the last is unfinished, and an index with the others. */
async function journalIn(folder: string): Promise<string> {
  const journal = `${folder}/journal`;
  await using daybook = await openDaybook({ journal, definitions: [greet] });
  for (let nth = 0; nth < 5; nth++) {
    const job = await daybook.submit(greet, { name: `${nth}` }, { jobId: `job-${nth}` });
    if (nth === 4) break;
    await daybook.deliver({ eventType: "test.Heard", eventId: `heard-${nth}`, jobId: job.jobId });
    await daybook.wait(job, { timeoutMs: PATIENCE_MS });
  }
  return journal;
}

async function notesOf(journal: string): Promise<readonly string[]> {
  const { notes, problemCount } = await audit({
    fileSystem: new DenoFileSystem(),
    layout: journalLayout(journal),
    progress: () => {},
    scratch: () => scratchIndexIn(journalLayout(journal)),
  });
  assert.equal(problemCount, 0);
  return notes.filter((note) => note.startsWith("index: "));
}

const TAMPERINGS: Readonly<Record<string, readonly [(index: DatabaseSync) => void, RegExp]>> = {
  "a state that says something else": [(index) => {
    const { last, job } = index.prepare("SELECT last, job FROM states LIMIT 1").get() ?? {};
    const other = String(job).replace("hello", "hallo");
    index.prepare("UPDATE states SET job = ?, crc = ? WHERE last = ?")
      .run(other, crc32(other), last as number);
  }, /job job-0 differs from the lines/],
  "a row that says something else": [
    (index) => index.exec("UPDATE jobs SET priority = 7 WHERE job_id = 'job-1'"),
    /job job-1 differs from the lines/,
  ],
  "a job that is missing": [
    (index) => index.exec("DELETE FROM jobs WHERE job_id = 'job-2'"),
    /job job-2 is missing/,
  ],
  "a job that has not ended": [(index) => {
    index.exec(
      "UPDATE jobs SET first = (SELECT max(first) + 1 FROM jobs), job_id = 'job-9' " +
        "WHERE job_id = 'job-3'",
    );
  }, /job job-9 is in the index, but has not ended/],
  "an event id that is missing": [
    (index) => index.exec("DELETE FROM young_ids WHERE logId = (SELECT min(logId) FROM young_ids)"),
    /the event id of logId \d+ is missing/,
  ],
  "an event id that no entry has": [
    (index) => index.exec("INSERT INTO event_ids VALUES (12345, 3)"),
    /an event id is indexed under logId 3, which has another/,
  ],
};

Deno.test("index audit: an index agrees with the lines, and no file is left behind", async () => {
  await inFolder(async (folder) => {
    const journal = await journalIn(folder);
    assert.deepEqual(await notesOf(journal), []);
    for (const { name } of Deno.readDirSync(journal)) assert.doesNotMatch(name, /^verifying-/);
  });
});

for (const [what, [tamper, note]] of Object.entries(TAMPERINGS)) {
  Deno.test(`index audit: it notes ${what}`, async () => {
    await inFolder(async (folder) => {
      const journal = await journalIn(folder);
      const index = new DatabaseSync(`${journal}/index/jobs.sqlite`);
      tamper(index);
      index.close();
      const notes = await notesOf(journal);
      assert.match(notes.join("\n"), note);
      assert.match(notes.at(-1) ?? "", /delete the folder index\/, and the next start rebuilds it/);
    });
  });
}

Deno.test("index audit: an unreadable one is noted, and the journal is still verified", async () => {
  await inFolder(async (folder) => {
    const journal = await journalIn(folder);
    await Deno.writeTextFile(`${journal}/index/jobs.sqlite`, "no database at all, ".repeat(100));
    assert.match((await notesOf(journal)).join("\n"), /index: not compared: /);
  });
});
