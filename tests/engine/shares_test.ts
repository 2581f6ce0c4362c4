/** `limits` of a definition: places by type and key, turns of keys, and the effect of a kill. */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { JobFold } from "../../src/core/job_fold.ts";
import type { JobId } from "../../src/core/ids.ts";
import { notePause } from "../../src/core/pauses.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { InForce } from "../../src/engine/writer/in_force.ts";
import { Places } from "../../src/engine/writer/places.ts";
import {
  defineJob,
  type JobContext,
  type JobLimits,
  NonRetryableError,
  RetryLater,
} from "../../src/mod.ts";
import { wholeAttributes, writtenAttributes } from "../../src/journal/format/line_codec.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { rounds } from "../support/effort.ts";
import { Harness } from "../support/engine/engine_harness.ts";

interface Input {
  readonly tenant: string;
}

/** Jobs with one task, which the test ends. */
class Work {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  definition(
    limits: JobLimits<Input>,
    more: Partial<AnyJobDefinition> = {},
  ): AnyJobDefinition {
    return {
      ...defineJob({
        type: "mail.send",
        version: 1,
        input: v.object({ tenant: v.string() }),
        limits,
        run: (ctx) => ctx.task("send", () => this.doing(ctx.jobId)),
      }),
      ...more,
    };
  }

  doing(jobId: string): Promise<string> {
    this.begun.push(jobId);
    return new Promise((resolve) => this.#ends.set(jobId, () => resolve("sent")));
  }

  end(jobId: string): void {
    const end = this.#ends.get(jobId);
    assert.ok(end, `${jobId} is not under way`);
    this.#ends.delete(jobId);
    end();
  }
}

const byTenant = ({ tenant }: Input) => tenant;

async function submit(harness: Harness, id: string, tenant: string, priority = 0): Promise<void> {
  await harness.create({ type: "mail.send", input: { tenant }, jobId: id as JobId, priority });
}

async function end(harness: Harness, work: Work, id: string): Promise<void> {
  work.end(id);
  await harness.clock.settle();
}

Deno.test("shares: at most maxRunning jobs of a type run, and the next starts when one ends", async () => {
  const work = new Work();
  const harness = await Harness.start({ definitions: [work.definition({ maxRunning: 2 })] });
  for (const id of ["a", "b", "c", "d"]) await submit(harness, id, "x");
  assert.deepEqual(work.begun, ["a", "b"]);
  await end(harness, work, "b");
  assert.deepEqual(work.begun, ["a", "b", "c"]);
  harness.assertSound();
});

Deno.test("shares: a suspended job keeps its place while its attempt runs, and is named as its holder", async () => {
  const work = new Work();
  const harness = await Harness.start({ definitions: [work.definition({ maxRunning: 1 })] });
  for (const id of ["a", "b"]) await submit(harness, id, "x");
  await harness.control("a" as JobId, "suspend");
  const { summary } = await (await harness.engine.explanations()).explainer.explain("b" as JobId) ??
    assert.fail();
  assert.match(summary, /job a holds the only place of type mail.send .* in task send since/);
  await end(harness, work, "a");
  assert.deepEqual(work.begun, ["a", "b"]);
  harness.assertSound();
});

Deno.test("shares: a job of another key overtakes jobs whose key has no place left", async () => {
  const work = new Work();
  const limits = { key: byTenant, perKey: 1 };
  const harness = await Harness.start({ definitions: [work.definition(limits)] });
  for (const id of ["x1", "x2", "x3"]) await submit(harness, id, "x");
  await submit(harness, "y1", "y");
  assert.deepEqual(work.begun, ["x1", "y1"]);
  assert.equal(harness.job("x2" as JobId).key, "x");
  harness.assertSound();
});

Deno.test("shares: keys of one priority take turns, lower priority goes first, and a key's own jobs keep their order", async () => {
  const work = new Work();
  const limits = { key: byTenant };
  const harness = await Harness.start({ definitions: [work.definition(limits)], maxRunning: 1 });
  for (const id of ["x1", "x2", "x3", "x4"]) await submit(harness, id, "x");
  for (const id of ["y1", "y2"]) await submit(harness, id, "y");
  await submit(harness, "z1", "z");
  await submit(harness, "urgent", "x", -1);
  for (let ended = 0; ended < 8; ended++) await end(harness, work, work.begun.at(-1) ?? "");
  assert.deepEqual(work.begun, ["x1", "urgent", "x2", "y1", "z1", "x3", "y2", "x4"]);
  harness.assertSound();
});

Deno.test("shares: jobs without a key take turns with keys, and are first in, first out", async () => {
  const work = new Work();
  const plain = { ...work.definition({ maxRunning: 9 }), type: "plain.do", limits: undefined };
  const { limits: _, ...unlimited } = plain;
  const definitions = [work.definition({ key: byTenant }), unlimited as AnyJobDefinition];
  const harness = await Harness.start({ definitions, maxRunning: 1 });
  for (const id of ["x1", "x2", "x3"]) await submit(harness, id, "x");
  for (const id of ["p1", "p2"]) {
    await harness.create({ type: "plain.do", input: { tenant: "x" }, jobId: id as JobId });
  }
  for (let ended = 0; ended < 5; ended++) await end(harness, work, work.begun.at(-1) ?? "");
  assert.deepEqual(work.begun.slice(0, 1), ["x1"]);
  assert.deepEqual(work.begun.filter((id) => id.startsWith("p")), ["p1", "p2"]);
  assert.ok(work.begun.indexOf("p1") <= 2, work.begun.join());
  harness.assertSound();
});

Deno.test("shares: a job that waits for an event has no place, and needs one again to continue", async () => {
  const begun: string[] = [];
  const work = new Work();
  const definition = defineJob({
    type: "mail.send",
    version: 1,
    input: v.object({ tenant: v.string() }),
    limits: { key: byTenant, perKey: 1 },
    expects: () => ({ paid: { eventType: "shop.Paid" } }),
    async run(ctx) {
      await ctx.task("before", () => void begun.push(`${ctx.jobId} before`));
      await ctx.expect("paid");
      await ctx.task("after", () => work.doing(ctx.jobId));
    },
  });
  const harness = await Harness.start({ definitions: [definition as AnyJobDefinition] });
  await submit(harness, "a", "x");
  await submit(harness, "b", "x");
  assert.deepEqual(begun, ["a before", "b before"]);
  await harness.event("shop.Paid", {});
  assert.deepEqual(work.begun, ["a"]);
  assert.equal(harness.condition("b" as JobId), "queued");
  await end(harness, work, "a");
  assert.deepEqual(work.begun, ["a", "b"]);
  harness.assertSound();
});

Deno.test("shares: a job that backs off leaves its place to others, and waits for one when it is due", async () => {
  const work = new Work();
  const definition = defineJob({
    type: "mail.send",
    version: 1,
    input: v.object({ tenant: v.string() }),
    limits: { maxRunning: 1 },
    run: (ctx) =>
      ctx.task("send", (task) => {
        if (ctx.jobId === "a" && task.attempt === 1) throw new RetryLater(1_000);
        return work.doing(ctx.jobId);
      }),
  });
  const harness = await Harness.start({ definitions: [definition as AnyJobDefinition] });
  await submit(harness, "a", "x");
  assert.equal(harness.condition("a" as JobId), "backingOff");
  await submit(harness, "b", "x");
  assert.deepEqual(work.begun, ["b"]);
  await harness.clock.advance(5_000);
  assert.deepEqual(work.begun, ["b"]);
  await end(harness, work, "b");
  assert.deepEqual(work.begun, ["b", "a"]);
  harness.assertSound();
});

Deno.test("shares: a suspended job keeps its place only until its attempt has ended", async () => {
  const work = new Work();
  const run: AnyJobDefinition["run"] = async (ctx) => {
    await ctx.task("send", () => work.doing(ctx.jobId));
    await ctx.task("file", () => work.doing(`${ctx.jobId} again`));
  };
  const definitions = [work.definition({ maxRunning: 1 }, { run })];
  const harness = await Harness.start({ definitions });
  await submit(harness, "a", "x");
  await submit(harness, "b", "x");
  await harness.control("a" as JobId, "suspend");
  assert.deepEqual(work.begun, ["a"]);
  await end(harness, work, "a");
  assert.deepEqual(work.begun, ["a", "b"]);
  await harness.control("a" as JobId, "resume");
  await end(harness, work, "b");
  assert.deepEqual(work.begun, ["a", "b", "b again"]);
  await end(harness, work, "b again");
  assert.deepEqual(work.begun, ["a", "b", "b again", "a again"]);
  harness.assertSound();
});

Deno.test("shares: a cancelled job releases its place, and so does a failed one", async () => {
  const work = new Work();
  const harness = await Harness.start({ definitions: [work.definition({ maxRunning: 1 })] });
  for (const id of ["a", "b"]) await submit(harness, id, "x");
  await harness.control("a" as JobId, "cancel");
  await end(harness, work, "a");
  assert.deepEqual(work.begun, ["a", "b"]);
  harness.assertSound();
});

Deno.test("shares: after a kill a running job still has its place, and no job of its key overtakes it", async () => {
  const work = new Work();
  const definitions = [work.definition({ key: byTenant, perKey: 1 })];
  const first = await Harness.start({ definitions, maxRunning: 4 });
  await submit(first, "late", "x", 5);
  await submit(first, "urgent", "x", 0);
  assert.deepEqual(work.begun, ["late"]);
  work.begun.length = 0;
  for (const crash of ["crash", "crashWithoutSnapshot"] as const) {
    const second = await first[crash]();
    assert.deepEqual(work.begun, ["late"], crash);
    assert.equal(second.condition("urgent" as JobId), "queued");
    await end(second, work, "late");
    assert.deepEqual(work.begun, ["late", "urgent"]);
    work.begun.length = 0;
    second.assertSound();
  }
});

Deno.test("shares: no more jobs start within a period than the rate allows, even across a kill", async () => {
  const work = new Work();
  const definitions = [work.definition({ rate: { count: 2, perMs: 60_000 } })];
  const first = await Harness.start({ definitions });
  for (const id of ["a", "b", "c", "d", "e"]) await submit(first, id, "x");
  for (const id of ["a", "b"]) await end(first, work, id);
  assert.deepEqual(work.begun, ["a", "b"]);
  await first.clock.advance(30_000);

  for (const crash of ["crash", "crashWithoutSnapshot"] as const) {
    const second = await first[crash]();
    assert.deepEqual(work.begun, ["a", "b"], crash);
    second.assertSound();
  }
  const last = await first.crash();
  await last.clock.advance(29_999);
  assert.deepEqual(work.begun, ["a", "b"]);
  await last.clock.advance(1);
  assert.deepEqual(work.begun.slice(2, 4), ["c", "d"]);
  last.assertSound();
});

Deno.test("shares: a rate with a key counts each key separately, and a used up one does not delay others", async () => {
  const work = new Work();
  const limits = { rate: { count: 1, perMs: 1_000, key: byTenant } };
  const harness = await Harness.start({ definitions: [work.definition(limits)] });
  for (const id of ["x1", "x2", "x3"]) await submit(harness, id, "x");
  await submit(harness, "y1", "y");
  assert.deepEqual(work.begun, ["x1", "y1"]);
  await harness.clock.advance(1_000);
  assert.deepEqual(work.begun, ["x1", "y1", "x2"]);
  harness.assertSound();
});

Deno.test("shares: a key has its places once, even if its only waiting job needs something else after a change of limits", async () => {
  const work = new Work();
  const limits = { key: byTenant, perKey: 1, rate: { count: 1, perMs: 3_600_000 } };
  const harness = await Harness.start({ definitions: [work.definition(limits)] });
  await submit(harness, "x1", "x");
  await submit(harness, "y1", "y");
  await harness.engine.limits.change("mail.send", { perKey: 1 }, "no rate today");
  await harness.clock.settle();
  assert.deepEqual(work.begun, ["x1", "y1"]);
  await submit(harness, "y2", "y");
  assert.deepEqual(work.begun, ["x1", "y1"]);
  await end(harness, work, "y1");
  assert.deepEqual(work.begun, ["x1", "y1", "y2"]);
  harness.assertSound();
});

Deno.test("shares: keys still take turns when a change of limits lets several start", async () => {
  const work = new Work();
  const limits = { key: byTenant, perKey: 1, maxRunning: 3 };
  const harness = await Harness.start({ definitions: [work.definition(limits)] });
  for (const [id, tenant] of [["x1", "x"], ["y1", "y"], ["y2", "y"], ["x2", "x"]] as const) {
    await submit(harness, id, tenant);
  }
  assert.deepEqual(work.begun, ["x1", "y1"]);
  await harness.engine.limits.change("mail.send", { maxRunning: 3 }, "a new contract");
  await harness.clock.settle();
  assert.deepEqual(work.begun, ["x1", "y1", "y2"]);
  harness.assertSound();
});

Deno.test("shares: a job counts once for a rate, however often it continues", async () => {
  const work = new Work();
  const definition = work.definition({ rate: { count: 1, perMs: 60_000 } });
  const first = await Harness.start({ definitions: [definition] });
  await submit(first, "a", "x");
  work.begun.length = 0;
  const second = await first.crash();
  assert.deepEqual(work.begun, ["a"]);
  await second.clock.advance(60_000);
  await submit(second, "b", "x");
  assert.deepEqual(work.begun, ["a", "b"]);
  second.assertSound();
});

Deno.test("shares: if key throws, or returns no valid key, the job is refused with the reason", async () => {
  const refused = async (key: (input: Input) => string, more = {}) => {
    const definition = new Work().definition({ key }, more);
    const harness = await Harness.start({ definitions: [definition] });
    const outcome = await harness.engine.create({
      type: "mail.send",
      input: { tenant: "top-secret" },
    });
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    return outcome.problem.issues.map(({ detail }) => detail).join();
  };
  const begin = "mail.send cannot make a key from the input: ";
  const rule = "limits.key must return a text of 1 to 200 characters, without control characters";
  const thrower = () => {
    throw new RangeError("no tenant of that name");
  };
  assert.equal(await refused(thrower), `${begin}no tenant of that name`);
  assert.equal(await refused(() => ""), `${begin}${rule}, but returned an empty text`);
  assert.equal(
    await refused(() => "x".repeat(201)),
    `${begin}${rule}, but returned a text of 201 characters`,
  );
  const wrong = (value: unknown) => (() => value) as () => string;
  assert.equal(await refused(wrong(7)), `${begin}${rule}, but returned a value of type number`);
  assert.equal(
    await refused(wrong(Promise.resolve("x"))),
    `${begin}${rule}, but returned a promise`,
  );
  assert.match(await refused(byTenant, { secrets: ["tenant"] }), /limits\.key returned a secret/);
});

Deno.test("shares: a job with a key is read back from its line unchanged, byte for byte", async () => {
  const work = new Work();
  const startsOn = { eventType: "mail.Asked", input: () => ({ tenant: "x" }) };
  const limits = { key: byTenant, perKey: 1, rate: { count: 9, perMs: 1, key: byTenant } };
  const definition = work.definition(limits, {
    startsOn,
    run: () => Promise.reject(new Error("no")),
  });
  const harness = await Harness.start({ definitions: [definition] });
  await submit(harness, "a", "x");
  await harness.event("mail.Asked");
  assert.ok((await harness.engine.retry("a" as JobId, {})).ok);
  const created = (await harness.engine.entries(0, 1_000))
    .filter(({ eventType }) => eventType === "job.JobCreated");
  assert.equal(created.length, 3);
  for (const entry of created) {
    const written = JSON.parse(JSON.stringify(writtenAttributes(entry)));
    const read = wholeAttributes(entry.eventType, entry.taskId, written);
    assert.equal(JSON.stringify(read), JSON.stringify(entry.attributes));
  }
});

Deno.test("shares: empty or invalid limits are refused with the reason", async () => {
  const flaw = async (limits: unknown) => {
    const definitions = [new Work().definition({}, { limits } as Partial<AnyJobDefinition>)];
    return await Harness.start({ definitions }).then(() => "", (error) => error.message);
  };
  await Promise.all([
    [{}, /limits must not be empty: it may have maxRunning, key, perKey, rate/],
    [{ perkey: 2 }, /limits has no member perkey: it may have maxRunning, key, perKey, rate/],
    [
      { maxRunning: 0 },
      /maxRunning must be a whole number from 1 to 1000000; to hold all jobs, pause/,
    ],
    [{ maxRunning: 1.5 }, /Cannot register mail\.send: limits\.maxRunning must be a whole number/],
    [{ perKey: 2 }, /limits\.perKey needs limits\.key, a function of the input/],
    [{ key: "tenant" }, /limits\.key must be a function of the input/],
    [{ rate: 3 }, /limits\.rate must be \{count, perMs\}/],
    [
      { rate: { count: 0, perMs: 1 } },
      /limits\.rate\.count must be a whole number from 1 to 10000/,
    ],
    [
      { rate: { count: 1, perMs: 0.5 } },
      /limits\.rate\.perMs must be a whole number of milliseconds/,
    ],
    [
      { rate: { count: 1, per: 1 } },
      /limits\.rate has no member per: it may have count, perMs, key/,
    ],
    [7, /limits must be an object/],
  ].map(async ([limits, wanted]) => assert.match(await flaw(limits), wanted as RegExp)));
});

/** The same, with pauses of everything that begin and end in between. */
function withPauses(
  entries: readonly JobEventLogEntry[],
  indexes: readonly number[],
): readonly JobEventLogEntry[] {
  let isPaused = false;
  return entries.flatMap((entry, index) => {
    // The first creates the job.
    if (index === 0 || !indexes.includes(index)) return [entry];
    isPaused = !isPaused;
    const eventType = isPaused ? "job.PauseBegan" : "job.PauseEnded";
    const attributes = { pauseId: "pause", reason: "a test" };
    const { logId, receivedAt } = entry;
    const pause = { logId, receivedAt, stratum: "framework", eventType, attributes };
    return [pause as unknown as JobEventLogEntry, entry];
  });
}

/** Jobs that fail once their work is done, and whose compensation the test ends. */
function failing(work: Work): AnyJobDefinition {
  return {
    ...work.definition({ maxRunning: 1 }),
    async run(ctx: JobContext<string>) {
      const undo = { compensate: () => {} };
      await ctx.task("first", () => 1, undo);
      await ctx.task("second", () => 1, { compensate: () => work.doing(ctx.jobId) });
      await ctx.task("no", () => {
        throw new NonRetryableError("no");
      });
    },
  };
}

Deno.test("shares: a compensating job releases its place while a pause holds it, and needs one again to continue", async () => {
  const work = new Work();
  const harness = await Harness.start({ definitions: [failing(work)] });
  const [a, b] = ["a", "b"] as JobId[];
  for (const jobId of [a, b] as JobId[]) {
    const labels = { of: jobId };
    await harness.create({ type: "mail.send", input: { tenant: "x" }, jobId, labels });
  }
  assert.deepEqual(work.begun, ["a"]);
  const begun = await harness.engine.pauses.begin({ label: "of:a", reason: "the bank is down" });
  assert.deepEqual(work.begun, ["a"], "what runs has its place");
  await end(harness, work, "a");
  assert.deepEqual(work.begun, ["a", "b"]);

  const later = await harness.crash();
  assert.deepEqual(work.begun, ["a", "b", "b"]);
  await later.engine.pauses.end(begun?.pause.pauseId ?? "");
  await later.clock.settle();
  assert.equal(later.job(a as JobId).state, "Compensating", "its place is taken");
  await end(later, work, "b");
  assert.deepEqual([later.job(a as JobId).state, later.job(b as JobId).state], [
    "Failed",
    "Failed",
  ]);
  later.assertSound();
});

Deno.test("shares: a job that a crash cut short has no place while a pause holds it", async () => {
  const work = new Work();
  const harness = await Harness.start({ definitions: [work.definition({ maxRunning: 1 })] });
  for (const id of ["a", "b"]) {
    const labels = { of: id };
    const input = { tenant: "x" };
    await harness.create({ type: "mail.send", input, jobId: id as JobId, labels });
  }
  const begun = await harness.engine.pauses.begin({ label: "of:a", reason: "the bank is down" });
  const later = await harness.crash();
  assert.deepEqual(work.begun, ["a", "b"]);
  await later.engine.pauses.end(begun?.pause.pauseId ?? "");
  await later.clock.settle();
  assert.deepEqual(work.begun, ["a", "b"]);
  await end(later, work, "b");
  assert.deepEqual(work.begun, ["a", "b", "a"]);
  await end(later, work, "a");
  later.assertSound();
});

Deno.test("shares: a job that waited for a place before a pause waits for it after the pause", async () => {
  const work = new Work();
  const harness = await Harness.start({ definitions: [work.definition({ maxRunning: 1 })] });
  for (const id of ["a", "b"]) await submit(harness, id, "x");
  const later = await harness.crash();
  await later.engine.pauses.begin({ reason: "the bank is down" });
  const [pause] = later.engine.pauses.all();
  await later.engine.pauses.end(pause?.pauseId ?? "");
  await later.clock.settle();
  assert.equal(work.begun.length, 2, `one at a time: ${work.begun}`);
  later.assertSound();
});

Deno.test("shares: if limits are lowered when a place becomes free, no job takes it", async () => {
  const work = new Work();
  const harness = await Harness.start({ definitions: [work.definition({ maxRunning: 2 })] });
  for (const id of ["a", "b", "c"]) await submit(harness, id, "x");
  const changed = harness.engine.limits.change("mail.send", { maxRunning: 1 }, "the bank is slow");
  work.end("a");
  await changed;
  await harness.clock.settle();
  assert.deepEqual(work.begun, ["a", "b"]);
  await end(harness, work, "b");
  assert.deepEqual(work.begun, ["a", "b", "c"]);
  harness.assertSound();
});

Deno.test("shares: recorded places are the same from all entries and from a snapshot and the rest, and duplicates change nothing", () => {
  const placesOf = (
    entries: readonly JobEventLogEntry[],
    pauses = new InForce(notePause, ({ pauseId }) => pauseId),
    from = new Places(pauses),
    fold = new JobFold(),
  ) => {
    for (const entry of entries) {
      if (pauses.see(entry)) from.pausesChanged();
      if (entry.jobId !== undefined) from.see(fold.apply(entry));
    }
    return { places: from, pauses, fold };
  };
  fc.assert(
    fc.property(stories, fc.nat(), fc.array(fc.nat(30)), (story, at, pausedAt) => {
      const entries = withPauses(story.entries, pausedAt);
      const whole = placesOf(entries).places.all;
      const cut = 1 + at % entries.length;
      const half = placesOf(entries.slice(0, cut));
      const job = JSON.parse(JSON.stringify(half.fold.job));
      const pauses = new InForce(notePause, ({ pauseId }) => pauseId);
      pauses.restore(JSON.parse(JSON.stringify(half.pauses.all)));
      const restored = new Places(pauses);
      restored.restore(JSON.parse(JSON.stringify(half.places.all)), () => job);
      const rest = placesOf(entries.slice(cut), pauses, restored, new JobFold(job));
      assert.deepEqual(rest.places.all, whole);
      const twice = entries.flatMap((entry) => [entry, entry]);
      assert.deepEqual(placesOf(twice).places.all, whole);
    }),
    { numRuns: rounds(300, 10_000, 100) },
  );
});
