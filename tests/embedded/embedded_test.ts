import assert from "node:assert/strict";
import { Hono } from "hono";
import * as v from "valibot";
import {
  defineJob,
  type DeliveredEvent,
  type Job,
  JournalLockedError,
  type JsonObject,
  NonRetryableError,
  openDaybook,
} from "../../src/mod.ts";
import type { jobAnswer } from "../../src/documents/answers/job.ts";
import { systemAnswer } from "../../src/documents/answers/system.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS } from "../support/until.ts";
import { refusalOf } from "./refusal_of.ts";

const welcome = defineJob({
  type: "user.welcome",
  version: 1,
  input: v.strictObject({ userId: v.string(), copies: v.optional(v.number(), 1) }),
  expects: ({ userId }) => ({
    confirmed: { eventType: "user.EmailConfirmed", correlation: { equals: { userId } } },
  }),
  async run(ctx, { userId, copies }) {
    const letter = await ctx.task("send", () => ({ letterId: `letter-${userId}`, copies }));
    const [confirmation] = await ctx.expect("confirmed");
    return { ...letter, confirmedBy: confirmation.eventId };
  },
});

const refuse = defineJob({
  type: "always.refuse",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    ctx.task("refuse", (): number => {
      throw new NonRetryableError("no");
    }),
});

const definitions = [welcome, refuse];
const END = { timeoutMs: PATIENCE_MS };

function confirmed(eventId = "c-7") {
  return { eventType: "user.EmailConfirmed", eventId, attributes: { userId: "7" } };
}

Deno.test("openDaybook: a job is submitted, moved by an event, and has a typed output", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const submitted = await daybook.submit(welcome, { userId: "7" }, { labels: { from: "test" } });
    const receipt = await daybook.deliver(confirmed());
    const job = await daybook.wait(submitted, END);

    assert.equal(submitted.state, "Running");
    assert.deepEqual(receipt.jobs.map(({ expectation }) => expectation), ["confirmed"]);
    assert.equal(receipt.disposition, "matched");
    assert.equal(job.state, "Done");
    const letterId: string | undefined = job.output?.letterId;
    assert.equal(letterId, "letter-7");
    assert.deepEqual(job.output, { letterId: "letter-7", copies: 1, confirmedBy: "c-7" });
    assert.deepEqual(job.labels, { from: "test" });
    assert.deepEqual(job.tasks.map(({ taskId }) => taskId), ["main", "send"]);
    assert.equal((await daybook.deliver(confirmed())).disposition, "duplicate");
    assert.match(await daybook.explain(job.jobId), /has been Done/);
  });
});

Deno.test("explain: `at` gives the same text as GET /jobs/:id/explain?at=", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const { jobId, lastLogId: begun } = await daybook.submit(welcome, { userId: "7" });
    await daybook.deliver(confirmed());
    await daybook.wait(jobId, END);
    const overHttp = async (at: string | number) => {
      const url = `http://localhost/jobs/${jobId}/explain?at=${at}&format=text`;
      return await (await daybook.fetch(new Request(url))).text();
    };
    const lasting = (text: string) =>
      text.replaceAll(/\s+/g, " ").replaceAll(/ \([^()]* ago\)/g, "");

    for (const at of [begun, "c-7"]) {
      const text = await daybook.explain(jobId, { at });
      assert.match(text, /^As of entry \d+, received at/);
      assert.equal(lasting(text), lasting(await overHttp(at)));
    }
    const nowhere = daybook.explain(jobId, { at: "none" });
    assert.equal((await refusalOf(nowhere)).kind, "unknown-point");
    const invalid = await refusalOf(daybook.explain(jobId, { at: "../etc" }));
    assert.deepEqual([invalid.kind, invalid.issues[0]?.pointer], ["invalid-request", "/at"]);
  });
});

Deno.test("openDaybook: a failure names its step, and a waiting job can be cancelled", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const refused = await daybook.wait(await daybook.submit(refuse, {}), END);
    const { jobId } = await daybook.submit(welcome, { userId: "7" });
    const cancelled = await daybook.control(jobId, "cancel", { reason: "not wanted" });

    assert.equal(refused.failure?.kind, "poison");
    assert.equal(refused.failure?.taskId, "refuse");
    assert.equal(refused.output, null);
    assert.equal(cancelled.condition, "cancelled");
    assert.equal(daybook.job(jobId)?.failure?.error.message, "not wanted");
    assert.equal(daybook.job("nobody"), undefined);
  });
});

Deno.test("openDaybook: what JSON would lose or change is refused, with its path", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const event = (attributes: object) =>
      daybook.deliver({ eventType: "user.Seen", attributes: attributes as JsonObject });
    const copies = (value: unknown) =>
      daybook.submit(welcome, { userId: "7", copies: value as number });

    const messages = await Promise.all(
      [event({ amount: 0 / 0 }), event({ of: new Map() }), copies(1n), copies(() => 1)]
        .map(async (call) => (await refusalOf(call)).message),
    );

    assert.deepEqual(messages, [
      "Cannot record the event: attributes.amount is NaN, which JSON does not have",
      "Cannot record the event: attributes.of is a Map, which JSON would lose; use " +
      "Object.fromEntries(map) or [...map]",
      "Cannot record the job: input.copies is a bigint, which JSON does not have; use a string",
      "Cannot record the job: input.copies is a function, which JSON would lose",
    ]);
    assert.equal((await event({ text: "x".repeat(2_000_000) })).disposition, "recorded");
  });
});

Deno.test("openDaybook: a journal that is no path is refused", async () => {
  const journal = undefined as unknown as string;

  await assert.rejects(openDaybook({ journal, definitions }), /must be a path, but is undefined/);
});

Deno.test("openDaybook: a folder inside another journal is refused, also by another name", () =>
  inFolder(async (folder) => {
    const outer = `${folder}/outer`;
    await (await openDaybook({ journal: outer, definitions: [] })).close();
    await Deno.mkdir(`${outer}/inner`);
    await Deno.symlink(`${outer}/inner`, `${folder}/link`);
    for (const journal of [`${outer}/inner`, `${outer}/segments/new`, `${folder}/link`]) {
      await assert.rejects(
        openDaybook({ journal, definitions: [] }),
        /^TypeError: Cannot use .* it is inside .*outer, the folder of another journal/,
      );
    }
  }));

Deno.test("openDaybook: definitions that are no list are refused", async () => {
  const alone = welcome as unknown as readonly typeof welcome[];

  await assert.rejects(
    openDaybook({ journal: "none", definitions: alone }),
    /^TypeError: Cannot open Daybook: definitions must be a list/,
  );
});

Deno.test("openDaybook: an option that there is not, such as a setting, is refused", async () => {
  const options = { journal: "none", definitions, maxRunning: 4 };

  await assert.rejects(
    openDaybook(options),
    /^TypeError: Cannot open Daybook: maxRunning is not an option; settings, such as max-running,/,
  );
});

Deno.test("calls about a job: a job in place of its id, and an unknown control, are named", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const job = await daybook.submit(welcome, { userId: "7" });
    const id = job as unknown as string;
    const told = /^TypeError: Cannot find the job: its id must be a text, such as job\.jobId$/;

    assert.throws(() => daybook.job(id), told);
    await assert.rejects(daybook.explain(id), told);
    await assert.rejects(daybook.control(id, "cancel"), told);
    await assert.rejects(
      daybook.control(job.jobId, "stop" as "cancel"),
      /^TypeError: Cannot stop a job: the controls are start, wake, /,
    );
  });
});

Deno.test("wait: a time that is no number is refused", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const { jobId } = await daybook.submit(welcome, { userId: "7" });

    const wait = (timeoutMs: unknown) => daybook.wait(jobId, { timeoutMs: timeoutMs as number });
    const message = /^TypeError: Cannot wait: timeoutMs must be a number of milliseconds, not /;
    for (const given of [0 / 0, undefined, "5"]) await assert.rejects(wait(given), message);
    await assert.rejects(daybook.wait(jobId, undefined as unknown as { timeoutMs: 1 }), message);
  });
});

Deno.test("deliver, wait, defineJob: without what they need they say what it is", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const nothing = undefined as unknown;

    await assert.rejects(daybook.deliver(nothing as DeliveredEvent), {
      message: "Cannot take the request: the body must be an object",
    });
    await assert.rejects(daybook.wait(nothing as string, { timeoutMs: 1 }), {
      message: "Cannot find the job: its id must be a text, such as job.jobId",
    });
    assert.throws(() => defineJob(nothing as typeof welcome), {
      message: "Cannot define a job: run is missing; it must be a function",
    });
  });
});

Deno.test("close: reads are answered until the last running task has ended, then the server is closed", async () => {
  await inFolder(async (folder) => {
    const [began, ends] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const long = defineJob({
      type: "takes.long",
      version: 1,
      input: v.object({}),
      run: (ctx) =>
        ctx.task("work", () => {
          began.resolve();
          return ends.promise;
        }),
    });
    const daybook = await openDaybook({ journal: `${folder}/journal`, definitions: [long] });
    const { jobId } = await daybook.submit(long, {});
    await began.promise;
    let isServed = true;
    const closed = daybook.close(() => Promise.resolve(isServed = false));
    const get = (path: string) => daybook.fetch(new Request(`http://localhost${path}`));
    const [ready, job] = [await get("/readyz"), await get(`/jobs/${jobId}`)];
    const { next } = await (await get(`/jobs/${jobId}/explain`)).json();

    assert.deepEqual([ready.status, (await ready.json()).type], [503, "/problems/draining"]);
    assert.equal((await job.json()).condition, "executing");
    assert.match(
      next[0].statement,
      /^Task work continues until it ends or the drain time is over; if/,
    );
    assert.ok(isServed);
    let isWaiting = true;
    const waited = daybook.wait(jobId, { timeoutMs: PATIENCE_MS }).then(() => isWaiting = false);
    await get("/readyz");
    assert.ok(isWaiting);
    ends.resolve("done");
    await waited;
    await closed;
    assert.ok(!isServed);
  });
});

Deno.test("close: the journal is closed also if the server cannot be", async () => {
  await inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const daybook = await openDaybook({ journal, definitions });
    const failure = new Error("the server was closed already");
    await assert.rejects(daybook.close(() => Promise.reject(failure)), failure);

    await (await openDaybook({ journal, definitions })).close();
  });
});

Deno.test("openDaybook: what calls return is the caller's own, and changing it changes no job", async () => {
  const sort = defineJob({
    type: "lines.sort",
    version: 1,
    input: v.object({ lines: v.array(v.string()) }),
    limits: { maxRunning: 2 },
    run: (ctx, { lines }) => ctx.task("count", () => ({ lines, count: lines.length })),
  });
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions: [sort] });
    const job = await daybook.submit(sort, { lines: ["b", "a"] }, { labels: { from: "test" } });
    const pause = await daybook.pause({ type: "lines.sort", reason: "audit" });
    const { jobId, lastLogId } = job;
    const recorded = async () =>
      JSON.stringify([await daybook.wait(jobId, END), daybook.pauses(), daybook.limits()]);
    const before = await recorded();

    const ended = await daybook.wait(job, END);
    const supposed = await daybook.whatIf(jobId, { without: [lastLogId] });
    const read = [daybook.job(jobId), daybook.pauses(), daybook.limits()];
    for (const own of [job, ended, supposed, pause, ...read]) spoil(own);

    assert.equal(await recorded(), before);
  });
});

/** Replaces every scalar that can be replaced. */
Deno.test("control: dryRun, which only the HTTP API has, does not retry the job", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const { jobId } = await daybook.wait(await daybook.submit(refuse, {}), END);
    const refusal = await refusalOf(daybook.control(jobId, "retry", { dryRun: true } as object));
    assert.deepEqual(refusal.issues.map(({ pointer }) => pointer), ["/dryRun"]);
  });
});

function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === "object" && member !== null) spoil(member);
    else Reflect.set(value, name, "spoilt");
  }
}

Deno.test("openDaybook: a refused request records nothing, and says why", async () => {
  await inFolder(async (folder) => {
    const daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const userId = "7";
    await daybook.submit(welcome, { userId }, { jobId: "w-7", idempotencyKey: "first" });

    // @ts-expect-error A number is not a user id, and the compiler says so too.
    const invalid = await refusalOf(daybook.submit(welcome, { userId: 7 }));
    assert.equal(invalid.kind, "invalid-request");
    assert.deepEqual(invalid.issues, [{ pointer: "/input/userId", detail: "must be a string" }]);
    const again = daybook.submit(welcome, { userId }, { jobId: "w-7" });
    assert.equal((await refusalOf(again)).kind, "job-exists");
    const reused = daybook.submit(welcome, { userId: "8" }, { idempotencyKey: "first" });
    assert.equal((await refusalOf(reused)).kind, "idempotency-key-reused");
    const key = daybook.submit(welcome, { userId }, { idempotencyKey: "white space" });
    assert.deepEqual((await refusalOf(key)).issues.map(({ pointer }) => pointer), [
      "/idempotencyKey",
    ]);
    const late = daybook.submit(welcome, { userId }, { startAt: "2999-01-01T00:00:00Z" });
    assert.match((await refusalOf(late)).message, /at most 15 min/);
    const other = defineJob({ ...refuse, type: "not.loaded" });
    assert.equal((await refusalOf(daybook.submit(other, {}))).kind, "unknown-type");
    const reserved = daybook.deliver({ eventType: "job.JobStarted" });
    assert.match((await refusalOf(reserved)).message, /reserved/);
    assert.equal((await refusalOf(daybook.control("nobody", "cancel"))).kind, "unknown-job");
    assert.equal((await refusalOf(daybook.wait("../etc", END))).kind, "unknown-job");
    assert.equal((await refusalOf(daybook.explain("nobody"))).kind, "unknown-job");
    await daybook.control("w-7", "cancel");
    assert.equal((await refusalOf(daybook.control("w-7", "cancel"))).kind, "not-in-this-state");
    assert.match(
      (await refusalOf(daybook.control("w-7", "cancel", { reason: "x".repeat(2_000) }))).message,
      /1000/,
    );

    const { jobs } = await (await daybook.fetch(new Request("http://localhost/jobs"))).json();
    assert.deepEqual(jobs.map(({ jobId }: { jobId: string }) => jobId), ["w-7"]);
    await daybook.close();
    assert.equal((await refusalOf(daybook.submit(refuse, {}))).kind, "draining");
  });
});

Deno.test("openDaybook: many jobs at once, each with a receipt; a failed one is retried", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const jobs = [
      { input: { userId: "7" }, jobId: "w-7" },
      { input: { userId: "7" }, jobId: "w-7" },
      { input: { userId: "8" }, idempotencyKey: "eight" },
      { input: { userId: "8" }, idempotencyKey: "eight" },
    ];
    const receipts = await daybook.submitAll(welcome, jobs);
    assert.deepEqual(receipts.map(({ disposition }) => disposition), [
      ...["created", "rejected", "created", "duplicate"],
    ]);
    const { reason = "", ...rejected } = receipts[1] ?? {};
    assert.match(reason, /it exists/);
    assert.deepEqual(rejected, {
      ...{ jobId: "w-7", disposition: "rejected", kind: "job-exists" },
      errors: [{ pointer: "/1/jobId", detail: "is the id of another job" }],
    });
    assert.equal(receipts[3]?.jobId, receipts[2]?.jobId);
    const [again] = await daybook.submitAll(welcome, jobs.slice(3));
    assert.deepEqual([again?.disposition, again?.jobId], ["duplicate", receipts[2]?.jobId]);

    const { jobId } = await daybook.wait(await daybook.submit(refuse, {}), END);
    assert.equal((await daybook.control(jobId, "retry")).retryOf, jobId);
  });
});

Deno.test("submitAll: a job that is not JSON, or whose key is invalid, is rejected alone", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const receipts = await daybook.submitAll(welcome, [
      { input: { userId: "7", copies: NaN }, jobId: "w-7" },
      { input: { userId: "8" }, idempotencyKey: "with a space" },
      { input: { userId: "9" } },
    ]);
    assert.deepEqual(receipts.map(({ jobId, kind }) => [jobId, kind]).slice(0, 2), [
      ["w-7", "invalid-request"],
      [null, "invalid-request"],
    ]);
    assert.match(receipts[0]?.reason ?? "", /input\.copies/);
    assert.match(receipts[1]?.reason ?? "", /visible ASCII characters/);
    assert.equal(receipts[2]?.disposition, "created");
  });
});

Deno.test("openDaybook: a key means the same job in process and over HTTP", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const idempotencyKey = "nightly-2026-11-26";
    const first = await daybook.submit(welcome, { userId: "7" }, { idempotencyKey });
    const request = new Request("http://localhost/jobs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
      body: JSON.stringify({ type: "user.welcome", input: { userId: "7" } }),
    });
    const response = await daybook.fetch(request);

    assert.equal(response.headers.get("idempotency-replayed"), "true");
    assert.equal((await response.json()).jobId, first.jobId);
    const second = await daybook.submit(welcome, { userId: "7" }, { idempotencyKey });
    assert.equal(second.jobId, first.jobId);
  });
});

Deno.test("openDaybook: unfinished jobs continue when the journal is opened again", async () => {
  await inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const before = await openDaybook({ journal, definitions });
    await before.submit(welcome, { userId: "7" }, { jobId: "w-7" });
    await before.close();
    await before.close();
    const warnings: string[] = [];
    const without = await openDaybook({
      journal,
      definitions: [refuse],
      warn: (message) => warnings.push(message),
    });
    await without.close();
    assert.deepEqual(warnings, [
      "1 job of type user.welcome is parked (noDefinition): no definition of type user.welcome is loaded; " +
      "see deno task daybook explain w-7",
    ]);

    await using after = await openDaybook({ journal, definitions });
    await after.deliver(confirmed());
    const { state, tasks } = await after.wait("w-7", END);
    assert.equal(state, "Done");
    assert.equal(tasks.find(({ taskId }) => taskId === "send")?.attempts, 1);
  });
});

Deno.test("openDaybook: a journal has one process, and a wait ends at close", async () => {
  await inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const daybook = await openDaybook({ journal, definitions });
    await assert.rejects(openDaybook({ journal, definitions }), JournalLockedError);
    const waiting = daybook.wait(await daybook.submit(welcome, { userId: "7" }), END);
    await daybook.close();
    assert.equal((await waiting).state, "Running");
  });
});

Deno.test("openDaybook: settings of the server's own process are refused; the others are those of the flags", async () => {
  await inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const open = (settings: Record<string, string>) =>
      openDaybook({ journal, definitions, settings });
    await assert.rejects(open({ port: "8000" }), /Cannot open Daybook: only its own server/);
    await assert.rejects(open({ "max-runing": "4" }), /max-runing/);
    await assert.rejects(open({ "max-running": "none" }), /--max-running "none" must be/);
    await using _ = await open({ "max-running": "4", "segment-bytes": "8MiB" });
  });
});

Deno.test("openDaybook: unfinished jobs may take a sixteenth of what the heap may become", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: `${folder}/journal`, definitions });
    const { process, limits } = v.parse(
      systemAnswer,
      await (await daybook.fetch(new Request("http://localhost/system"))).json(),
    );
    const held = limits.find(({ name }) => name === "jobsBytesMax");
    assert.equal(held?.max, Math.floor((process?.heap.max ?? NaN) / 16));
  });
});

Deno.test("fetch: mounted in an app it answers under a prefix, for the allowed hosts", async () => {
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({
      journal: `${folder}/journal`,
      definitions,
      settings: { "allowed-hosts": "shop.example" },
    });
    await daybook.submit(welcome, { userId: "7" }, { jobId: "w-7" });
    const app = new Hono();
    app.mount("/daybook", daybook.fetch);
    const found = await app.request("https://shop.example/daybook/jobs/w-7");
    const job = await found.json();

    assert.equal(job.jobId, "w-7");
    // The prefix belongs to the app: links and Location do not include it.
    assert.equal(job.links.explain, "/jobs/w-7/explain");
    assert.equal((await app.request("https://evil.example/daybook/jobs/w-7")).status, 421);
  });
});

type Answer = Omit<v.InferOutput<typeof jobAnswer>, "links">;

/** Fails to compile unless two types agree in member names and choices. */
type Said<Of extends Answer | Job> = [
  keyof Of,
  Of["state"],
  Of["condition"],
  keyof NonNullable<Of["parked"]>,
  NonNullable<Of["parked"]>["reason"],
  keyof NonNullable<Of["sealed"]>,
  keyof Of["expected"][number],
  keyof Of["tasks"][number],
  keyof NonNullable<Of["failure"]>,
  NonNullable<Of["failure"]>["kind"],
  keyof NonNullable<Of["failure"]>["error"],
];

/** Job: it has the members of the API's answer, or this does not compile. */
true satisfies [Said<Job>, Said<Answer>] extends [Said<Answer>, Said<Job>] ? true : never;
