/** Options of a submission that the types exclude, as plain JavaScript may give them. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, openDaybook } from "../../src/mod.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { refusalOf } from "./refusal_of.ts";

const job = defineJob({
  type: "demo.job",
  version: 1,
  input: v.object({}),
  run: () => Promise.resolve(),
});

const KNOWN = "known are jobId, idempotencyKey, priority, labels, startAt, start";
const NO_OBJECT = "its options must be an object, as {priority: 5}";

/** What is given as the options, and what the message says after the type. */
const WRONG: readonly (readonly [unknown, string])[] = [
  [5, NO_OBJECT],
  [null, NO_OBJECT],
  ["high", NO_OBJECT],
  [["high"], NO_OBJECT],
  [[], NO_OBJECT],
  [() => {}, NO_OBJECT],
  [{ jobID: "a" }, `jobID is not an option; ${KNOWN}`],
  [{ type: "other" }, `type is not an option; ${KNOWN}`],
  [{ input: { amount: 1 } }, `input is not an option; ${KNOWN}`],
  [{ plan: { expected: [] } }, `plan is not an option; ${KNOWN}`],
  [{ jobId: 5 }, "jobId is 5; it must be 1 to 128 characters of A-Z a-z 0-9 . _ : ~ -"],
  [{ idempotencyKey: 7 }, "idempotencyKey is 7; it must be 1 to 255 visible ASCII characters"],
  [
    { idempotencyKey: null },
    "idempotencyKey is null; it must be 1 to 255 visible ASCII characters",
  ],
  [{ priority: "1" }, 'priority is "1"; it must be a number'],
  [{ priority: null }, "priority is null; it must be a number"],
  [{ priority: 1.5 }, "priority is 1.5; it must be a whole number from -1000 to 1000"],
  [{ labels: ["a"] }, 'labels is ["a"]; it must be an object'],
  [{ labels: { a: 1 } }, 'labels is {"a":1}; /labels/a must be a string'],
  [{ startAt: 5 }, "startAt is 5; it must be a string"],
  [
    { startAt: "tomorrow" },
    'startAt is "tomorrow"; it must be an RFC 3339 time such as 2026-01-31T12:00:00Z',
  ],
  [{ start: "no" }, 'start is "no"; it must be true or false'],
  [
    { start: null, priority: "1" },
    'priority is "1"; it must be a number, the first of 2 errors',
  ],
];

Deno.test("submit: an option that the types exclude is refused; the message names it, what was given and what is allowed", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions: [job] });
    for (const [options, text] of WRONG) {
      const error = await refusalOf(daybook.submit(job, {}, options as object));
      assert.equal(error.kind, "invalid-request");
      assert.equal(error.message, `Cannot submit a job of type demo.job: ${text}`);
      assert.equal(error.issues.length, text.endsWith("2 errors") ? 2 : 1);
    }
    const taken = await daybook.submit(job, {}, { jobId: "a" });
    assert.equal(taken.jobId, "a");
  });
});

Deno.test("submitAll: one of many that is no job, or has such an option, is refused alone", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions: [job] });
    const jobs = [null, 5, { input: {}, prio: 1 }, { input: {}, priority: "1" }, { input: {} }];
    const receipts = await daybook.submitAll(job, jobs as { input: object }[]);
    assert.deepEqual(receipts.map(({ reason }) => reason?.replace(/^.*demo.job: /, "")), [
      "it must be an object, as {input}",
      "it must be an object, as {input}",
      `prio is not an option; ${KNOWN.replace("are", "are input,")}`,
      'priority is "1"; it must be a number',
      undefined,
    ]);
    assert.deepEqual(receipts.map(({ errors }) => errors?.[0]?.pointer), [
      "/0",
      "/1",
      "/2",
      "/3/priority",
      undefined,
    ]);
  });
});

Deno.test("submit, submitAll: what is no definition, or no list of jobs, is refused by name", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions: [job] });
    const definition = {
      name: "TypeError",
      message: "Cannot submit a job: its definition must be what defineJob returned",
    };
    for (const wrong of [undefined, null, "demo.job", {}]) {
      await assert.rejects(daybook.submit(wrong as unknown as typeof job, {}), definition);
      await assert.rejects(daybook.submitAll(wrong as unknown as typeof job, []), definition);
    }
    await assert.rejects(daybook.submitAll(job, { input: {} } as unknown as []), {
      name: "TypeError",
      message: "Cannot submit jobs of type demo.job: they must be a list, as [{input}]",
    });
  });
});
