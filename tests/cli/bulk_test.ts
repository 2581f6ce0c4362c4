/** `bulk`, `failures` and `submit --jobs`, against the real routes. */

import assert from "node:assert/strict";
import { runCli } from "./daybook_cli.ts";
import { createAndRun, createPlan, startApp } from "../support/http/http_app.ts";

Deno.test("bulk: --dry-run only counts; without it each job is acted on and printed, with exit code 0", async () => {
  const app = await startApp();
  for (const jobId of ["p-1", "p-2"]) await createPlan(app, { jobId, labels: { shop: "berlin" } });
  await createPlan(app, { jobId: "other" });
  const args = ["bulk", "suspend", "--label", "shop:berlin", "--reason", "lunch"];
  const dry = await runCli(app, [...args, "--dry-run"]);
  assert.equal(dry.code, 0);
  assert.equal(dry.terminal.output.at(-1), "suspend would apply to 2 jobs");
  const { code, terminal } = await runCli(app, args);
  assert.equal(code, 0);
  assert.deepEqual(terminal.output.toSorted(), [
    "Suspended 2 jobs",
    "suspended p-1",
    "suspended p-2",
  ]);
  assert.equal((await (await app.get("/jobs/other")).json()).condition, "waiting");
});

Deno.test("bulk: it acts on the jobs that jobs lists with the same filter, as several types with a comma", async () => {
  const app = await startApp();
  await app.post("/jobs", { type: "test.greet", input: { name: "Ann" }, start: false });
  await app.post("/jobs", { type: "test.stuck", start: false });
  const filter = ["--type", "test.greet,test.stuck"];
  const listed = await runCli(app, ["jobs", ...filter, "--json"]);
  assert.equal(listed.terminal.output.length, 2);
  const { terminal } = await runCli(app, ["bulk", "cancel", ...filter, "--dry-run"]);
  assert.equal(terminal.output.at(-1), "cancel would apply to 2 jobs");
});

Deno.test("bulk: an empty filter is refused, and does not select every job", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "p-1", labels: { shop: "berlin" } });
  for (const empty of ["--search", "--fingerprint", "--type"]) {
    const args = ["bulk", "cancel", "--yes", "--label", "shop:berlin", empty, ""];
    assert.equal((await runCli(app, args)).code, 65, empty);
    assert.equal(
      (await runCli(app, ["jobs", "--label", "shop:berlin", empty, ""])).code,
      65,
      empty,
    );
  }
  assert.equal((await (await app.get("/jobs/p-1")).json()).condition, "waiting");
  assert.equal((await runCli(app, ["tail", "--type", ""])).code, 64);
});

Deno.test("bulk: a refused job is printed with the reason, with exit code 65", async () => {
  const app = await startApp();
  const jobId = "stuck";
  await app.post("/jobs", { type: "test.stuck", jobId });
  await app.clock.settle();
  await app.post(`/jobs/${jobId}/suspend`);
  const { code, terminal } = await runCli(app, ["bulk", "cancel", "--all", "--yes"]);
  assert.deepEqual([code, terminal.output], [65, ["Cancelled 0 jobs"]]);
  assert.deepEqual(terminal.errors, [
    `daybook: skipped, state is Compensating: ${jobId}`,
  ]);
});

Deno.test("bulk: it requires a filter, and cancelling requires --yes", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "p-1" });
  const usages: readonly (readonly [readonly string[], RegExp])[] = [
    [["bulk", "cancel"], /needs a filter, or --all/],
    [["bulk", "cancel", "--all"], /cannot be undone: check with --dry-run, then give --yes/],
    [["bulk", "delete", "--all"], /one of suspend, resume, retry, cancel, not delete/],
  ];
  for (const [args, message] of usages) {
    const { code, terminal } = await runCli(app, args);
    assert.equal(code, 64);
    assert.match(terminal.errors.join(), message);
  }
  assert.equal((await (await app.get("/jobs/p-1")).json()).condition, "waiting");
});

Deno.test("failures: each kind is listed with its count, and bulk retries all of one kind", async () => {
  const app = await startApp();
  for (let index = 0; index < 2; index++) await createAndRun(app, "test.doomed");
  const { terminal } = await runCli(app, ["failures"]);
  const [cause = "", ...kinds] = terminal.output;
  assert.match(
    cause,
    /^2 jobs of test\.doomed failed with NonRetryableError: the card is stolen/,
  );
  assert.match(
    kinds.join("\n"),
    /^([0-9a-f]{12}) {2}2 jobs, the newest 0 s ago: test\.doomed, task charge\n {2}NonRetryableError: the card is stolen$/,
  );
  const fingerprint = kinds.join().slice(0, 12);
  const retried = await runCli(app, ["bulk", "retry", "--fingerprint", fingerprint]);
  assert.equal(retried.terminal.output.at(-1), "Retried 2 jobs");
  assert.match(retried.terminal.output[0] ?? "", /^retried job_\w+ as job_\w+$/);
  const nothing = await runCli(await startApp(), ["failures"]);
  assert.deepEqual(nothing.terminal.output, ["no failures left to retry"]);
});

Deno.test("retry --dry-run: it says what a retry would reuse and run again, and records nothing", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const before = (await (await app.get("/journal")).json()).head;
  const { code, terminal } = await runCli(app, ["retry", jobId, "--dry-run"]);
  assert.equal(code, 0);
  assert.deepEqual(terminal.output.slice(-2), [
    "reuses the results of: mail",
    "calls run, and runs again: reserve, charge",
  ]);
  assert.deepEqual((await (await app.get("/journal")).json()).head, before);
});

Deno.test("submit --jobs: it takes lines or an array, sends them in slices, and names each refused job, with exit code 65", async () => {
  const app = await startApp();
  const jobs = Array.from({ length: 600 }, (_, index) => ({
    plan: { expected: [{ id: "x", eventType: "a.B" }] },
    jobId: `j-${index}`,
  }));
  const lines = [...jobs.map((job) => JSON.stringify(job)), '{"type":"nobody"}', "{"].join("\n");
  const { code, terminal } = await runCli(app, ["submit", "--jobs", "-"], {
    files: { "-": lines },
  });
  assert.equal(code, 65);
  assert.equal(terminal.output.at(-1), "submitted 600 jobs, 2 refused");
  assert.match(terminal.errors[0] ?? "", /^daybook: job 601: Cannot create a job of type "nobody"/);
  assert.match(terminal.errors[1] ?? "", /^daybook: job 602: Cannot read the JSON/);
  const files = { "jobs.json": JSON.stringify([{ ...jobs[0], jobId: "z" }]) };
  const array = await runCli(app, ["submit", "--jobs", "jobs.json"], { files });
  assert.deepEqual(array.terminal.output, ["z is Running", "submitted 1 job"]);
});

Deno.test("submit --jobs: with --key the same file can be sent again; options for a single job are refused", async () => {
  const app = await startApp();
  const files = { "-": '{"type":"test.greet","input":{"name":"Ann"}}\n' };
  const args = ["submit", "--jobs", "-", "--key", "import-7"];
  const first = await runCli(app, args, { files });
  const second = await runCli(app, args, { files });
  assert.deepEqual([first.code, second.code], [0, 0]);
  assert.match(second.terminal.output[0] ?? "", /was already submitted with this key$/);
  const wrong = await runCli(app, [...args, "--priority", "1"], { files });
  assert.deepEqual([wrong.code, wrong.terminal.output], [64, []]);
  assert.match(wrong.terminal.errors.join(), /--priority is for one job/);
});
