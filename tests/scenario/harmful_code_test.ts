/** Code of jobs that would harm its process, in the real process. */

import assert from "node:assert/strict";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import type { FrameworkAttributes } from "../../src/core/framework_events.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const definitions = new URL("./harmful_definitions.ts", import.meta.url).pathname;

interface Ended {
  readonly jobId: string;
  readonly state: string;
  readonly failure: { readonly error: { readonly message: string } } | null;
}

async function run(daybook: DaybookProcess, type: string, input: object = {}): Promise<Ended> {
  return await (await daybook.post("/jobs", { type, input }, { prefer: "wait=60" })).json();
}

/** The process can be stopped in order, and its journal is intact. */
async function assertUnharmed(daybook: DaybookProcess, journal: string): Promise<void> {
  assert.equal(await daybook.stop(), 0);
  const verify = ["verify", "--no-server", "--journal", journal];
  const { code, err } = await journalCommand(new DenoFileSystem(), verify);
  assert.equal(code, 0, err.join("\n"));
}

interface Recovered {
  readonly attributes: FrameworkAttributes["journal.Recovered"];
}

const CASES = [
  ["exiting.task", "deno", "in task leave of job j-1, attempt 1", 0],
  ["exiting.task", "later", "in task leave of job j-1, attempt 1", 78],
  ["exiting.run", "node", "outside of tasks", 0],
  ["exiting.schema", "named", "outside of tasks", 64],
] as const;

for (const [type, how, where, code] of CASES) {
  Deno.test(`exit: ${type}, ${how}: the log and the next start name the code, and the exit code asks for a restart`, () =>
    inFolder(async (journal) => {
      const daybook = await DaybookProcess.start({ journal, definitions });
      // Nothing is recovered while nothing is on record.
      await run(daybook, "careless", { text: "{}" });
      const answer = await daybook.post("/jobs", { type, jobId: "j-1", input: { how } })
        .catch(() => undefined);
      await answer?.body?.cancel().catch(() => {});

      assert.equal(await daybook.exitCode(), 75);
      const said =
        `daybook: code ${where} called Deno.exit or process.exit, with exit code ${code}`;
      assert.ok(daybook.output.some((line) => line.startsWith(said)), daybook.output.join("\n"));

      const next = await DaybookProcess.start({ journal, definitions, args: ["--hold"] });
      const recovered = await next.get("/events?eventType=journal.Recovered");
      const { ended } = (recovered as { entries: readonly Recovered[] }).entries[0]?.attributes ??
        {};
      const attempt = { jobId: "j-1", taskId: "leave", attempt: 1 };
      const isOfTask = type === "exiting.task";
      assert.deepEqual(ended, { reason: "exited", exitCode: code, ...isOfTask && { attempt } });
      if (type !== "exiting.schema") {
        const whose = isOfTask ? "task leave of job j-1" : "code outside of tasks";
        const why = JSON.stringify(await next.get("/jobs/j-1/explain"));
        assert.ok(why.includes(`${whose} ended the process with exit code ${code}`), why);
      }
      await assertUnharmed(next, journal);
    }));
}

Deno.test("uncaught: an error thrown in a timer fails its attempt, is logged with the step, and ends nothing else", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal, definitions });
    const ended: Record<string, Ended> = {};
    for (const type of ["plain", "proxy", "message", "lines", "rejects"]) {
      ended[type] = await run(daybook, `uncaught.${type}`);
    }
    await assertUnharmed(daybook, journal);

    const messages = Object.values(ended).map(({ failure }) => failure?.error.message);
    const unread = ["(something that cannot be read)", "(its message cannot be read)"];
    const lines = "declined\njob_2 pay 1: paid";
    assert.deepEqual(messages, ["in a timer", ...unread, lines, undefined]);
    assert.equal(ended["rejects"]?.state, "Done");
    const text = daybook.output.join("\n");
    for (const type of ["plain", "proxy", "message"]) {
      const { jobId } = ended[type] as Ended;
      const told = `daybook: uncaught error in task later of job ${jobId}, attempt 1: `;
      assert.ok(text.includes(told), text);
    }
    assert.match(
      text,
      /declined\n {2}job_2 pay 1: paid\n/,
      "no line looks like one of another job",
    );
    const { jobId } = ended["rejects"] as Ended;
    assert.ok(
      text.includes(`unhandled rejection in task forget of job ${jobId}, attempt 1: `),
      text,
    );
  }));

Deno.test("uncaught: a listener for uncaught errors that throws itself does not end the process", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal, definitions });
    await run(daybook, "uncaught.listens");
    await uncaught(daybook, 1);
    assert.equal((await run(daybook, "careless", { text: "{}" })).state, "Done");
    assert.match(
      daybook.text,
      /uncaught error in task listen of job \S+, attempt 1: Error: reported/,
    );
    await assertUnharmed(daybook, journal);
  }));

interface Uncaught {
  readonly logId: number;
  readonly attributes: FrameworkAttributes["journal.ErrorUncaught"];
}

/** Resolves with the uncaught errors on record once they are so many. */
async function uncaught(daybook: DaybookProcess, count: number): Promise<readonly Uncaught[]> {
  let entries: readonly Uncaught[] = [];
  await until(() => `${count} errors of ${JSON.stringify(entries)}`, async () => {
    const answer = await daybook.get("/events?eventType=journal.ErrorUncaught&limit=500");
    ({ entries } = answer as { entries: readonly Uncaught[] });
    return entries.length >= count;
  });
  return entries;
}

for (const type of ["uncaught.forgets", "uncaught.forgets.isolated"]) {
  Deno.test(`${type}: a promise that a step did not await is on record with the attempt, without secrets, and the explanation cites it`, () =>
    inFolder(async (journal) => {
      const daybook = await DaybookProcess.start({ journal, definitions });
      const card = "4111-1111-1111";
      const { jobId, state } = await run(daybook, type, { card, by: "task", ms: 40 });
      const [found] = await uncaught(daybook, 1);
      const prose = await fetch(`${daybook.url}/jobs/${jobId}/explain?format=text`);
      const text = await prose.text();

      assert.equal(state, "Done");
      const { error, attempt, open } = found?.attributes ?? {};
      assert.deepEqual([attempt, open], [{ jobId, taskId: "charge", attempt: 1 }, undefined]);
      assert.deepEqual([error?.name, error?.message], ["RangeError", "declined [secret]"]);
      assert.match(
        text.replaceAll(/\s+/g, " "),
        new RegExp(
          "Task charge completed, but \\d+ ms later a promise that it had not awaited was rejected: " +
            `RangeError: declined \\[secret\\], thrown at harmful_definitions.ts:\\d+ \\[${found?.logId},`,
        ),
      );
      assert.ok(!daybook.output.join("\n").includes(card), "the log has no secret either");
      await assertUnharmed(daybook, journal);
    }));

  Deno.test(`${type}: a promise that run did not await is on record with what was open, and not as the job's`, () =>
    inFolder(async (journal) => {
      const daybook = await DaybookProcess.start({ journal, definitions });
      const input = { card: "4111-1111-1111", by: "run", ms: 20, takesMs: 300 };
      const { jobId } = await run(daybook, type, input);
      const [found] = await uncaught(daybook, 1);
      const { summary, because } = await daybook.get(`/jobs/${jobId}/explain`) as {
        summary: string;
        because: readonly { statement: string; cites: readonly { logId: number }[] }[];
      };

      const { attempt, open = [] } = found?.attributes ?? {};
      assert.equal(attempt, undefined);
      assert.deepEqual(open[0], { jobId, taskId: "main" });
      assert.ok(!summary.includes("RangeError"), summary);
      const told = because.find(({ cites }) => cites.some(({ logId }) => logId === found?.logId));
      assert.match(told?.statement ?? "", /Which code threw it is not known: that of this job, or/);
      await assertUnharmed(daybook, journal);
    }));
}

Deno.test("uncaught: an error in a listener of the signal of an attempt is on record as that of the attempt", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal, definitions });
    const { jobId, failure } = await run(daybook, "uncaught.listener");
    const [found] = await uncaught(daybook, 1);

    assert.match(failure?.error.message ?? "", /^took longer than 50 ms/);
    assert.equal(found?.attributes.error.message, "cannot clean up");
    assert.deepEqual(found?.attributes.attempt, { jobId, taskId: "limited", attempt: 1 });
    await assertUnharmed(daybook, journal);
  }));

Deno.test("uncaught: a secret of a job that has ended is not on record when nobody knows whose the error is", () =>
  inFolder(async (folder) => {
    const [journal, after] = [`${folder}/journal`, `${folder}/ended`];
    const permissions = [`--allow-read=${folder}`];
    const daybook = await DaybookProcess.start({ journal, definitions, permissions });
    const card = "4111-1111-1111";
    await run(daybook, "uncaught.forgets", { card, by: "run", ms: 5, after });
    await Deno.writeTextFile(after, "");
    const [found] = await uncaught(daybook, 1);

    const { error } = found?.attributes ?? {};
    assert.match(error?.message ?? "", /left out: it may hold a secret/);
    assert.match(error?.stack ?? "", /^ {4}at charge \(.*harmful_definitions\.ts:\d+:\d+\)$/m);
    assert.ok(!JSON.stringify(found).includes(card));
    await daybook.stop();
  }));

Deno.test("uncaught: jobs that throw thousands of errors put at most three of each on record, and a limited number in all", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal, definitions });
    for (let job = 0; job < 25; job++) await run(daybook, "uncaught.floods", { count: 100 });
    for (let job = 0; job < 2; job++) {
      await run(daybook, "uncaught.floods.isolated", { count: 500 });
    }
    const found = await uncaught(daybook, 3);

    const ofJob = Map.groupBy(found, ({ attributes }) => attributes.attempt?.jobId);
    for (const errors of ofJob.values()) assert.ok(errors.length <= 3);
    assert.ok(found.length <= 60 && JSON.stringify(found).length < 100_000, `${found.length}`);
    assert.ok((found[3]?.attributes.more ?? 0) >= 97, "the others are counted");
    await assertUnharmed(daybook, journal);
  }));

const CHANGES: Readonly<Record<string, string>> = {
  '{"constructor":{"prototype":{"causedBy":"x"}}}': "Cannot add property causedBy",
  '{"constructor":{"prototype":{"hasOwnProperty":"x"}}}': "Cannot change hasOwnProperty",
  '{"constructor":{"keys":"x"}}': "Cannot assign to read only property 'keys'",
  '{"constructor":{"constructor":{"prototype":{"x":1}}}}': "Cannot add property x",
  '{"list":{"constructor":{"prototype":{"x":1}}}}': "Cannot add property x",
  '{"list":{"constructor":{"from":"x"}}}': "Cannot assign to read only property 'from'",
};

for (const type of ["careless", "careless.isolated"]) {
  Deno.test(`${type}: a job that would change all objects by its input fails, and changes nothing`, () =>
    inFolder(async (journal) => {
      const daybook = await DaybookProcess.start({ journal, definitions });
      for (const [text, message] of Object.entries(CHANGES)) {
        const { failure } = await run(daybook, type, { text });
        assert.ok(failure?.error.message.startsWith(message), JSON.stringify(failure));
      }
      // An object may have its own.
      const text = '{"toString":"mine","constructor":"mine"}';
      assert.equal((await run(daybook, type, { text })).state, "Done");
      await assertUnharmed(daybook, journal);
    }));
}

/** What every entry and every job needs. */
const USED = [
  ...["Date", "JSON", "Map", "Promise", "Set", "Date.now", "Date.parse"],
  ...["JSON.parse", "JSON.stringify", "Promise.resolve", "Promise.withResolvers"],
  ...["performance.now", "TextEncoder.prototype.encode", "TextEncoder.prototype.encodeInto"],
];
/** Code may replace these, as a library for tests does. */
const TIMERS = ["queueMicrotask", "setTimeout", "clearTimeout"];

Deno.test("changing: a job that would replace what the server uses fails; one that replaces timers stops no other", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal, definitions });
    const change = (path: string) => run(daybook, "changing", { path });
    for (const path of USED) {
      const { failure } = await change(path);
      const message = `Cannot assign to read only property '${path.split(".").at(-1)}'`;
      assert.ok(failure?.error.message.startsWith(message), `${path} ${JSON.stringify(failure)}`);
    }
    for (const path of TIMERS) assert.equal((await change(path)).state, "Done", path);
    assert.equal((await change("mine")).state, "Done");
    // More than there are threads: each is ended some time after its time limit.
    const hung = Array.from({ length: 6 }, () => run(daybook, "hanging.isolated"));
    for (const { state } of await Promise.all(hung)) assert.equal(state, "Failed");
    assert.equal((await run(daybook, "careless.isolated", { text: "{}" })).state, "Done");
    await assertUnharmed(daybook, journal);
  }));
