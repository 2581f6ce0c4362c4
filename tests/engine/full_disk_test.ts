/**
 * A disk that is full for one batch, at each step of a run: nothing refused is shown, no outcome is
 * forgotten, and no handler runs twice.
 */

import assert from "node:assert/strict";
import type { CreateRequest } from "../../src/engine/requests.ts";
import { type JobId, jobId } from "../../src/core/ids.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import { broken, endsForgotten, refusalsDespiteLoss } from "../simulation/broken_kernel.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { incoming } from "../support/engine/incoming.ts";

/** Requests the jobs next-0 to next-2. */
function threeNext({ engine }: Harness) {
  const ids = ["next-0", "next-1", "next-2"].map(jobId);
  return ids.map((id) => engine.create({ type: "full.next", input: {}, jobId: id }));
}

/** A plan of one event. */
const EXPECTS = { expects: () => ({ paid: { eventType: "ec.Paid" } }) };

/** A run takes no more batches than this. */
const BATCHES = 24;

const full = () => new JournalFullError("no room");

/** The tasks whose outcomes are on record, each as often as it is recorded. */
async function completed(daybook: Harness, id: JobId): Promise<readonly string[]> {
  return (await daybook.story(id)).filter((name) => name.startsWith("TaskCompleted:")).toSorted();
}

const COMPLETED = ["left", "main", "reserve", "right", "ship"].map((id) => `TaskCompleted:${id}`);

/** What the handlers did. */
class Calls {
  readonly made: string[] = [];

  readonly note = (name: string) => {
    this.made.push(name);
    return name;
  };
}

function ordered({ note }: Calls) {
  return looseJob("full.order", async (ctx) => {
    await ctx.task("reserve", (task) => {
      task.progress(1, 2);
      task.emit("ec.Reserved", { orderId: "1" });
      return note("reserve");
    });
    await Promise.all([
      ctx.task("left", () => note("left")),
      ctx.task("right", async (task) => {
        if (task.attempt === 1) throw new Error(note("right fails"));
        return await Promise.resolve(note("right"));
      }),
    ]);
    const [event] = await ctx.expect("paid");
    return await ctx.task("ship", () => note(`ship ${event.attributes["orderId"]}`));
  }, EXPECTS);
}

function undone({ note }: Calls) {
  return looseJob("full.undone", async (ctx) => {
    await ctx.task("one", () => note("one"), { compensate: () => void note("undo one") });
    await ctx.task("two", () => note("two"), {
      compensate(_, task) {
        if (task.attempt === 1) throw new Error(note("undo two fails"));
        note("undo two");
      },
    });
    await ctx.task("three", () => {
      throw new NonRetryableError(note("three fails"));
    });
  }, EXPECTS);
}

const ONCE = { retry: { maxAttempts: 1 } };
const FAILS = looseJob("full.fails", (ctx) => ctx.task("fail", () => Promise.reject("no"), ONCE));

/** Plays a job to its end, with one batch lost after this many. */
async function playedWithLoss(type: "full.order" | "full.undone", lossAfter: number) {
  const calls = new Calls();
  const definitions = [type === "full.order" ? ordered(calls) : undone(calls)];
  const daybook = await Harness.start({ definitions });
  const id = jobId("job-1");
  const request: CreateRequest = { type, input: {}, jobId: id };
  daybook.journal.failNext(full(), lossAfter);
  const created = daybook.engine.create(request).then(() => true, () => false);
  if (!(await created)) await daybook.create(request);
  await daybook.clock.advance(60_000);
  if (type === "full.order") {
    await daybook.event("ec.Paid", { orderId: "7" }, { jobId: id, eventId: "paid-1" })
      .catch(() => daybook.event("ec.Paid", { orderId: "7" }, { jobId: id, eventId: "paid-1" }));
  }
  await daybook.clock.advance(60_000);
  await daybook.clock.advance(60_000);
  return { daybook, id, calls: calls.made };
}

Deno.test("full disk: at any step of a run, the job ends as if there had been room", async () => {
  const expected = ["left", "reserve", "right", "right fails", "ship 7"];
  for (let batch = 0; batch < BATCHES; batch++) {
    const { daybook, id, calls } = await playedWithLoss("full.order", batch);
    assert.deepEqual(calls.toSorted(), expected, `batch ${batch}: ${await daybook.story(id)}`);
    assert.equal(daybook.job(id).state, "Done", `batch ${batch}: ${await daybook.story(id)}`);
    assert.deepEqual(await completed(daybook, id), COMPLETED);
    const reserved = (await daybook.engine.entries(0, 1_000)).filter((entry) =>
      entry.eventType === "ec.Reserved"
    );
    assert.equal(reserved.length, 1, "what a task emits is there once, with its end");
    assert.equal(daybook.engine.activity.busyWorkers, 0);
    daybook.assertSound();
  }
});

Deno.test("full disk: at any step of a compensation, each task is undone once", async () => {
  const expected = ["one", "three fails", "two", "undo one", "undo two", "undo two fails"];
  for (let batch = 0; batch < BATCHES; batch++) {
    const { daybook, id, calls } = await playedWithLoss("full.undone", batch);
    assert.deepEqual(calls.toSorted(), expected, `batch ${batch}: ${await daybook.story(id)}`);
    const state = daybook.job(id);
    assert.ok(state.state === "Failed" && state.failure.error.message === "three fails");
    assert.equal(state.failure.recoveryRequired, false);
    daybook.assertSound();
  }
});

/**
 * Plays an order to its end; a command comes after this many groups, and a batch near it is lost.
 */
async function playedWithLostCommand(
  kind: "cancel" | "suspend",
  groups: number,
  lossAfter: number,
) {
  const calls = new Calls();
  const daybook = await Harness.start({ definitions: [ordered(calls)] });
  const id = jobId("job-1");
  let command: Promise<"lost" | "taken"> | undefined;
  let left = groups;
  const { journal } = daybook;
  const append = journal.append.bind(journal);
  journal.append = (...group) => {
    const appended = append(...group);
    if (left-- === 0) {
      queueMicrotask(() => {
        journal.failNext(full(), lossAfter);
        command = daybook.engine.control(id, { kind }).then(() => "taken", () => "lost");
      });
    }
    return appended;
  };
  await daybook.create({ type: "full.order", input: {}, jobId: id }).catch(() => {});
  if (daybook.engine.job(id) === undefined) return undefined;
  await daybook.clock.advance(60_000);
  const paid = () => daybook.event("ec.Paid", {}, { jobId: id, eventId: "paid-1" });
  await paid().catch(paid);
  await daybook.clock.advance(60_000);
  return { daybook, id, calls: calls.made, command: await command };
}

for (const kind of ["cancel", "suspend"] as const) {
  Deno.test(`full disk: a lost ${kind} leaves no trace, whenever it comes`, async () => {
    let lost = 0;
    for (let groups = 1; groups < BATCHES; groups++) {
      for (const lossAfter of [0, 1]) {
        const played = await playedWithLostCommand(kind, groups, lossAfter);
        if (played?.command !== "lost") continue;
        lost++;
        const { daybook, id, calls } = played;
        const told = `${groups} ${lossAfter}: ${await daybook.story(id)}`;
        assert.equal(daybook.job(id).state, "Done", told);
        assert.deepEqual(await completed(daybook, id), COMPLETED, told);
        assert.equal(calls.length, 5, told);
        assert.equal(daybook.engine.activity.busyWorkers, 0, told);
        daybook.assertSound();
      }
    }
    assert.ok(lost > 5, `${lost} were lost`);
  });
}

Deno.test("full disk: a lost suspend leaves the job in the queue", async () => {
  const calls = new Calls();
  const busy = Promise.withResolvers<void>();
  const blocks = looseJob("full.blocks", (ctx) => ctx.task("wait", () => busy.promise));
  const definitions = [ordered(calls), blocks];
  const daybook = await Harness.start({ definitions, maxRunning: 1 });
  await daybook.submit("full.blocks");
  const id = await daybook.submit("full.order");
  const { engine, journal } = daybook;
  journal.hold();
  journal.failNext(full(), 1);
  const paid = daybook.event("ec.Paid", { orderId: "7" }, { jobId: id });
  await daybook.clock.settle();
  // In the batch after that of the event.
  const suspended = engine.control(id, { kind: "suspend" });
  const isLost = assert.rejects(suspended, JournalFullError);
  journal.release();
  await Promise.all([paid, isLost]);
  busy.resolve();
  await daybook.clock.advance(60_000);
  assert.equal(daybook.job(id).state, "Done", `${await daybook.story(id)}`);
});

/**
 * From now on there is room only for vital entries, as with a reserve; the returned function makes
 * room.
 */
function withReserveAlone({ journal }: Harness): () => void {
  const { append } = journal;
  journal.append = (group, urgency = "ordinary", receivedAt) => {
    if (urgency === "ordinary") throw full();
    return append.call(journal, group, urgency, receivedAt);
  };
  return () => void (journal.append = append);
}

Deno.test("full disk: a job that backs off continues, although jobs that cannot start are before it", async () => {
  const calls = new Calls();
  const flaky = looseJob("full.flaky", (ctx) =>
    ctx.task("flaky", ({ attempt }) => {
      calls.note(`flaky ${attempt}`);
      if (attempt === 1) throw new Error("again");
    }, { retry: { maxAttempts: 3, initialMs: 5_000 } }));
  const next = looseJob("full.next", (ctx) => ctx.task("next", ({ jobId }) => calls.note(jobId)));
  const daybook = await Harness.start({ definitions: [flaky, next], maxRunning: 1 });
  const begun = await daybook.submit("full.flaky");
  const made = threeNext(daybook);
  // They are on their way, and their start finds no room.
  const makeRoom = withReserveAlone(daybook);
  await Promise.all(made);

  await daybook.clock.advance(120_000);
  assert.equal(daybook.job(begun).state, "Done");
  assert.deepEqual(calls.made, ["flaky 1", "flaky 2"]);
  assert.equal(daybook.condition(jobId("next-0")), "queued");
  assert.deepEqual([daybook.engine.activity.queued, daybook.engine.activity.busyWorkers], [3, 0]);

  makeRoom();
  await daybook.clock.advance(2_000);
  assert.deepEqual(calls.made.slice(2), ["next-0", "next-1", "next-2"]);
  daybook.assertSound();
});

Deno.test("full disk: a job that waits to start can be suspended and resumed, and starts in its turn", async () => {
  const calls = new Calls();
  const next = looseJob("full.next", (ctx) => ctx.task("next", ({ jobId }) => calls.note(jobId)));
  const daybook = await Harness.start({ definitions: [next], maxRunning: 1 });
  const made = threeNext(daybook);
  const makeRoom = withReserveAlone(daybook);
  await Promise.all(made);
  await daybook.clock.settle();
  makeRoom();
  for (const id of ["next-0", "next-1"]) await daybook.control(jobId(id), "suspend");
  await daybook.clock.advance(10_000);
  assert.deepEqual(calls.made, ["next-2"]);

  for (const id of ["next-0", "next-1"]) await daybook.control(jobId(id), "resume");
  await daybook.clock.advance(10_000);
  assert.deepEqual(calls.made, ["next-2", "next-0", "next-1"]);
});

/** A job whose task has ended; a full disk lost the outcome, which has not been retried yet. */
async function withLostEnd(fails: boolean) {
  const gate = Promise.withResolvers<void>();
  const definition = looseJob("full.kept", async (ctx) => {
    await ctx.task("slow", async () => {
      await gate.promise;
      if (fails) throw new NonRetryableError("no");
    });
    await ctx.expect("paid");
  }, EXPECTS);
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("full.kept");
  await daybook.clock.advance(10);
  daybook.journal.failNext(full());
  const endedAt = daybook.clock.now();
  gate.resolve();
  await daybook.clock.settle();
  await daybook.clock.advance(300);
  assert.ok(!(await daybook.story(id)).includes(fails ? "TaskFailed:slow" : "TaskCompleted:slow"));
  const end = async () =>
    (await daybook.entries(id)).find(({ eventType, taskId }) =>
      taskId === "slow" && (eventType === "job.TaskCompleted" || eventType === "job.TaskFailed")
    );
  return { daybook, id, endedAt, end };
}

Deno.test("full disk: a kept outcome has its original time", async () => {
  const { daybook, endedAt, end } = await withLostEnd(false);
  await daybook.clock.advance(10_000);
  assert.equal(Date.parse((await end())?.receivedAt ?? ""), endedAt);
});

Deno.test("full disk: a kept outcome is recorded before anything else of its job", async () => {
  const { daybook, id, endedAt, end } = await withLostEnd(false);
  const { logId = 0 } = await daybook.event("ec.Paid", {}, { jobId: id });
  const kept = await end();
  assert.ok(kept !== undefined && kept.logId < logId, `${await daybook.story(id)}`);
  assert.equal(Date.parse(kept.receivedAt), endedAt);
});

Deno.test("full disk: a command is decided with the kept outcomes of attempts", async () => {
  const { daybook, id } = await withLostEnd(true);
  const outcome = await daybook.engine.control(id, { kind: "cancel" });
  assert.ok(!outcome.ok, `${await daybook.story(id)}`);
  const state = daybook.job(id);
  assert.ok(state.state === "Failed" && state.failure.kind === "poison");
});

Deno.test("full disk: a refusal that depends on a lost entry is decided again", async () => {
  const calls = new Calls();
  const daybook = await Harness.start({ definitions: [ordered(calls)] });
  const request = { type: "full.order", input: {}, jobId: jobId("job-1") } as const;
  daybook.journal.failNext(full());
  const first = daybook.engine.create(request);
  const second = daybook.engine.create(request);
  await assert.rejects(first, JournalFullError);
  const outcome = await second;
  assert.ok(outcome.ok, "the job of the first request never came to be");

  const third = await daybook.engine.create(request);
  assert.deepEqual(third, { ok: false, problem: { kind: "jobExists", jobId: "job-1" } });
});

Deno.test("full disk: a result that was lost before run got it is given once it is on record again", async () => {
  const gate = Promise.withResolvers<string>();
  const results: unknown[] = [];
  const definition = looseJob("full.reading", async (ctx) => {
    const slow = ctx.task("slow", () => gate.promise).then((result) => void results.push(result));
    await ctx.expect("paid");
    await slow;
  }, EXPECTS);
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("full.reading");
  await daybook.clock.advance(10);
  // The result comes while run waits for the event to be read.
  const { engine, journal } = daybook;
  const readAt = journal.readAt.bind(journal);
  const reading = Promise.withResolvers<void>();
  journal.readAt = async (logIds) => {
    await reading.promise;
    return await readAt(logIds);
  };
  await daybook.event("ec.Paid", {}, { jobId: id });
  journal.failNext(full());
  gate.resolve("done");
  await daybook.clock.settle();
  assert.ok(engine.job(id)?.state === "Running");
  reading.resolve();
  await daybook.clock.settle();
  assert.deepEqual(results, []);
  await daybook.clock.advance(10_000);
  assert.deepEqual(results, ["done"]);
  assert.equal(daybook.job(id).state, "Done", `${await daybook.story(id)}`);
});

Deno.test("failed journal: a refusal that depends on an entry of unknown outcome is an error, then and later", async () => {
  const daybook = await Harness.start();
  const request = { plan: plan([expectation("paid", "ec.Paid")]), jobId: jobId("job-1") };
  daybook.journal.failNext(new Error("the disk is gone"));
  const [first, second] = [daybook.engine.create(request), daybook.engine.create(request)];
  await assert.rejects(first, JournalFailedError);
  await assert.rejects(second, JournalFailedError);
  await assert.rejects(daybook.engine.create(request), JournalFailedError);
});

Deno.test("full disk: the idempotency key of a lost request is free", async () => {
  const calls = new Calls();
  const daybook = await Harness.start({ definitions: [ordered(calls)] });
  const idempotency = { key: "k", digest: "d" };
  const request = { type: "full.order", input: {}, idempotency };
  daybook.journal.failNext(full());
  const first = daybook.engine.create(request);
  const second = daybook.engine.create(request);
  await assert.rejects(first, JournalFullError);
  const outcome = await second;
  assert.ok(outcome.ok && !outcome.value.replayed);
  const third = await daybook.engine.create(request);
  assert.ok(third.ok && third.value.replayed);
  assert.equal(third.value.job.jobId, outcome.value.job.jobId);
});

Deno.test("full disk: the duplicate of a lost event takes its place", async () => {
  const daybook = await Harness.start();
  const event = incoming("ec.Paid", {}, { eventId: "evt-1" });
  daybook.journal.failNext(full());
  const first = daybook.engine.deliver([event]);
  const second = daybook.engine.deliver([event]);
  await assert.rejects(first, JournalFullError);
  assert.equal((await second)[0]?.disposition, "recorded");
  assert.equal((await daybook.engine.deliver([event]))[0]?.disposition, "duplicate");
});

Deno.test("full disk: a duplicate of a durable event stays one, whatever waits behind it", async () => {
  const daybook = await Harness.start();
  const event = (id: string) =>
    incoming("ec.Paid", { text: "x".repeat(5_000_000) }, { eventId: id });
  // Each fills a separate batch, and only the second is lost.
  daybook.journal.failNext(full(), 1);
  const first = daybook.engine.deliver([event("evt-1")]);
  const lost = daybook.engine.deliver([event("evt-2")]);
  const again = daybook.engine.deliver([event("evt-1")]);
  assert.equal((await first)[0]?.disposition, "recorded");
  await assert.rejects(lost, JournalFullError);
  assert.equal((await again)[0]?.disposition, "duplicate");
});

Deno.test("full disk: a control that depends on a lost entry is decided again", async () => {
  const calls = new Calls();
  const daybook = await Harness.start({ definitions: [ordered(calls)] });
  const { jobId } = await daybook.create({ type: "full.order", input: {}, start: false });
  daybook.journal.failNext(full());
  const first = daybook.engine.control(jobId, { kind: "start" });
  // Refused because it is already started, which is then lost.
  const second = daybook.engine.control(jobId, { kind: "start" });
  await assert.rejects(first, JournalFullError);
  assert.ok((await second).ok);
});

Deno.test("full disk: a retry refused because of another one is decided again when that is lost", async () => {
  const daybook = await Harness.start({ definitions: [FAILS] });
  const id = await daybook.submit("full.fails");
  const request = { unlessRetriedAfter: daybook.engine.headLogId };
  daybook.journal.failNext(full());
  const first = daybook.engine.retry(id, request);
  const second = daybook.engine.retry(id, request);
  await assert.rejects(first, JournalFullError);
  const outcome = await second;
  assert.ok(outcome.ok, "the retry of the first request never came to be");

  const third = await daybook.engine.retry(id, request);
  assert.ok(!third.ok && third.problem.kind === "rejected");
  assert.match(third.problem.rejection.message, /it was already retried/);
});

Deno.test("retry: it waits until the failure that it retries is durable", async () => {
  const gate = Promise.withResolvers<void>();
  const failing = looseJob(
    "full.gated",
    (ctx) => ctx.task("wait", () => gate.promise, ONCE),
    EXPECTS,
  );
  const daybook = await Harness.start({ definitions: [failing] });
  const id = await daybook.submit("full.gated");
  daybook.journal.hold();
  gate.reject(new Error("no"));
  await daybook.clock.settle();
  let isAnswered = false;
  const retried = daybook.engine.retry(id, {}).finally(() => isAnswered = true);
  await daybook.clock.settle();
  assert.deepEqual([daybook.job(id).state, isAnswered], ["Running", false]);

  daybook.journal.release();
  assert.ok((await retried).ok);
  assert.equal(daybook.job(id).state, "Failed");
});

Deno.test("full disk: a receipt does not count a lost job that came after its event", async () => {
  const daybook = await Harness.start();
  const create = (name: string) => {
    const correlation = { equals: { orderId: name } };
    const waits = plan([expectation("paid", "ec.Paid", { correlation })]);
    return daybook.engine.create({ plan: waits, jobId: jobId(name) });
  };
  await create("first");
  daybook.journal.hold();
  const delivered = daybook.engine.deliver([incoming("ec.Paid", { amount: 1 })]);
  await daybook.clock.settle();
  daybook.journal.failNext(full(), 1);
  const lost = ["second", "third"].map((name) => assert.rejects(create(name), JournalFullError));
  await daybook.clock.settle();
  daybook.journal.release();

  const [receipt] = await delivered;
  assert.match(receipt?.reason ?? "", /^matched nothing: the nearest is .* of job first/);
  await Promise.all(lost);
});

Deno.test("full disk: a kernel that refuses for a lost reason is caught", async () => {
  const refusal = await broken(refusalsDespiteLoss, async () => {
    const daybook = await Harness.start({ definitions: [ordered(new Calls())] });
    const { jobId } = await daybook.create({ type: "full.order", input: {}, start: false });
    daybook.journal.failNext(full());
    const first = daybook.engine.control(jobId, { kind: "start" });
    const second = daybook.engine.control(jobId, { kind: "start" });
    await assert.rejects(first, JournalFullError);
    return await second;
  });
  assert.ok(!refusal.ok, "the refusal names a lost start");
});

Deno.test("full disk: a kernel that forgets the outcome of an attempt is caught", async () => {
  const forgotten = await broken(endsForgotten, async () => {
    let forgotten = 0;
    for (let batch = 0; batch < BATCHES; batch++) {
      const { daybook, id } = await playedWithLoss("full.order", batch);
      if ((await completed(daybook, id)).length < COMPLETED.length) forgotten++;
    }
    return forgotten;
  });
  assert.ok(forgotten > 0, `${forgotten} of ${BATCHES} runs`);
});
