/** Secrets in an input: none in the journal, and all of them in the task. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobId, LogId } from "../../src/core/ids.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { DefinitionRegistry } from "../../src/engine/definition_registry.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { NO_SECRETS, SecretGuard } from "../../src/engine/secrets/secret_guard.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { CARD, paymentDefinition, type Payments } from "../support/http/payment_definition.ts";
import { MemoryKeys } from "../../src/testing/stand_ins.ts";

function payment(leak?: string, number = CARD) {
  const card = { number, holder: "A. Customer" };
  return { orderId: "42", card, ...(leak === undefined ? {} : { leak }) };
}

interface Shop {
  readonly harness: Harness;
  readonly payments: Payments;
}

async function openShop(...rest: [retention?: Parameters<typeof paymentDefinition>[1]]) {
  const payments: Payments = { charged: [], release: undefined };
  const definition = paymentDefinition(payments, ...rest);
  const harness = await Harness.start({ definitions: [definition as never] });
  return { harness, payments };
}

async function pay({ harness }: Shop, leak?: string): Promise<JobId> {
  return await harness.submit("test.pay", payment(leak));
}

/** Everything that the journal holds, its snapshot included. */
function journalText({ journal }: Harness): string {
  return JSON.stringify(journal.content);
}

/** Neither the journal nor the engine shows it. */
async function assertUnseen({ harness }: Shop, jobId: JobId): Promise<void> {
  const [replayed, explained] = [
    await (await harness.engine.explanations()).replays.replay(jobId),
    await (await harness.engine.explanations()).explainer.explain(jobId),
  ];
  const texts = [journalText(harness), harness.job(jobId), replayed, explained];
  for (const text of texts) assert.ok(!JSON.stringify(text).includes(CARD));
  assert.ok(!JSON.stringify(harness.defects).includes(CARD));
}

Deno.test("secrets: the task gets the clear value, and the journal holds a mark", async () => {
  const shop = await openShop();
  const jobId = await pay(shop);
  const job = shop.harness.job(jobId);

  assert.equal(job.state, "Running", "it waits for the confirmation in its plan");
  assert.deepEqual(shop.payments.charged, [CARD]);
  assert.deepEqual(job.input, payment(undefined, "[secret]"));
  assert.deepEqual(job.sealed?.secrets, ["card.number"]);
  await assertUnseen(shop, jobId);
  shop.harness.assertSound();
});

Deno.test("secrets: the check finds one that the definition does not mark", async () => {
  const payments: Payments = { charged: [], release: undefined };
  const definition = { ...paymentDefinition(payments), secrets: [] };
  const harness = await Harness.start({ definitions: [definition as never] });
  const jobId = await harness.submit("test.pay", payment());
  await assert.rejects(assertUnseen({ harness, payments }, jobId), /AssertionError|false/);
});

Deno.test("secrets: after a crash, run gets the clear input again", async () => {
  const shop = await openShop();
  const jobId = await pay(shop, "wait");
  const harness = await shop.harness.crash();
  await harness.clock.advance(1_000);
  shop.payments.release?.();
  await harness.clock.settle();

  assert.deepEqual(shop.payments.charged, [CARD, CARD]);
  assert.equal(
    harness.job(jobId).tasks.find(({ taskId }) => taskId === "charge")?.status,
    "completed",
  );
  await assertUnseen({ ...shop, harness }, jobId);
});

const REPLACED = [
  ["message", /^card \[secret\] was refused$/],
  ["run", /^gave up on \[secret\]$/],
  ["name", /^no$/],
  ["cut", /^x{3990}\[secret\]$/],
  ["cause", /^outer$/],
  ["object", /^\{"card":"\[secret\]"\}$/],
] as const;

for (const [leak, expected] of REPLACED) {
  Deno.test(`secrets: in an error's ${leak} they are masked`, async () => {
    const shop = await openShop();
    const jobId = await pay(shop, leak);
    const job = shop.harness.job(jobId);

    assert.ok(job.state === "Failed");
    assert.match(job.failure.error.message, expected);
    await assertUnseen(shop, jobId);
  });
}

Deno.test("secrets: in a progress note they are masked", async () => {
  const shop = await openShop();
  const jobId = await pay(shop, "note");
  const task = shop.harness.job(jobId).tasks.find(({ taskId }) => taskId === "charge");

  assert.equal(task?.progress?.note, "charging [secret]");
  await assertUnseen(shop, jobId);
});

/** With the place that the error names. */
const REFUSED = {
  "result": ", at /charged",
  "event": ", at /attributes/card/with",
  "output": ", at /number",
  "taskId": "",
};

for (const [leak, place] of Object.entries(REFUSED)) {
  Deno.test(`secrets: in a ${leak} they fail the job for good, and are not recorded`, async () => {
    const shop = await openShop();
    const jobId = await pay(shop, leak);
    const job = shop.harness.job(jobId);

    assert.ok(job.state === "Failed");
    assert.equal(job.failure.kind, "poison");
    const [, named] = /^Cannot record [\w ]+: a secret of the job's input is in it(.*); use it/
      .exec(job.failure.error.message) ?? [];
    assert.equal(named, place);
    assert.equal(shop.payments.charged.length, 1, "it is not tried again");
    await assertUnseen(shop, jobId);
  });
}

/** Its schema removes what is between the digits, so `run` has a number that nobody submitted. */
function digitsDefinition(part: "error" | "result" | "plan" | "key") {
  const digits = v.pipe(v.string(), v.transform((text) => text.replaceAll("-", "")));
  return defineJob({
    type: "test.digits",
    version: 1,
    input: v.object({ card: v.object({ number: digits }) }),
    secrets: ["card.number"],
    expects: ({ card }) => ({
      paid: {
        eventType: "test.Paid",
        correlation: part === "plan" ? { equals: { number: card.number } } : "any",
      },
    }),
    limits: { key: ({ card }) => part === "key" ? card.number : "one", perKey: 1 },
    run: (ctx, { card: { number } }) =>
      ctx.task("charge", () => {
        if (part === "error") throw new NonRetryableError(`card ${number} declined`);
        return { number };
      }),
  });
}

for (const part of ["error", "result", "plan", "key"] as const) {
  Deno.test(`secrets: one that the schema changed is not recorded as the ${part} either`, async () => {
    const harness = await Harness.start({ definitions: [digitsDefinition(part) as never] });
    const input = { card: { number: CARD } };
    const outcome = await harness.engine.create({ type: "test.digits", input });
    await harness.clock.settle();

    assert.equal(outcome.ok, part === "error" || part === "result", JSON.stringify(outcome));
    const digits = CARD.replaceAll("-", "");
    assert.ok(!journalText(harness).includes(digits) && !JSON.stringify(outcome).includes(digits));
    if (part === "error") assert.match(journalText(harness), /card \[secret\] declined/);
  });
}

Deno.test("secrets: an input that is refused is not quoted", async () => {
  const { harness } = await openShop();
  const schema = v.object({
    pin: v.pipe(v.string(), v.check(() => false, ({ input }) => `no ${input}`)),
  });
  const definition = defineJob({
    type: "test.pin",
    version: 1,
    input: schema,
    secrets: ["pin"],
    run: () => Promise.resolve(),
  });
  const other = await Harness.start({ definitions: [definition as never] });
  const outcome = await other.engine.create({ type: "test.pin", input: { pin: CARD } });

  assert.ok(!outcome.ok);
  assert.match(JSON.stringify(outcome), /no \[secret\]/);
  assert.ok(!JSON.stringify(outcome).includes(CARD));
  harness.assertSound();
});

Deno.test("secrets: one that also appears in the plan, a label or an id is refused, with its place", async () => {
  const shop = await openShop();
  const requests = {
    "/plan/expected/1/matcher/correlation/equals/orderId": {
      type: "test.pay",
      input: { ...payment(), orderId: CARD },
    },
    "/labels/card": { type: "test.pay", input: payment(), labels: { card: CARD } },
    "/labels/my~1[secret]": { type: "test.pay", input: payment(), labels: { [`my/${CARD}`]: "" } },
    "/jobId": { type: "test.pay", input: payment(), jobId: `job-${CARD}` as JobId },
    "/idempotency/key": {
      type: "test.pay",
      input: payment(),
      idempotency: { key: CARD, digest: "d" },
    },
  };
  const refusal = (place: string) => [{
    pointer: "",
    detail: `has a secret that would also be recorded ${place}, in plaintext`,
  }];
  for (const [pointer, request] of Object.entries(requests)) {
    const outcome = await shop.harness.engine.create(request);
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    assert.deepEqual(outcome.problem.issues, refusal(`at ${pointer}`));
  }
  const { orderId, card } = payment();
  const input = { orderId, card: { ...card, number: '"priority":0,' } };
  const outcome = await shop.harness.engine.create({ type: "test.pay", input });
  assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
  assert.deepEqual(outcome.problem.issues, refusal("across several members"));
  assert.ok(!journalText(shop.harness).includes(CARD));
  assert.equal(shop.harness.keys.keys.size, 0, "no key is left behind");
});

Deno.test("secrets: one that also appears in another field of the input is hidden there too", async () => {
  const shop = await openShop();
  const card = { number: CARD, holder: `A. Customer, ${CARD}` };
  const jobId = await shop.harness.submit("test.pay", { orderId: "42", card, [CARD]: [CARD] });

  assert.deepEqual(shop.harness.job(jobId).input, {
    orderId: "42",
    card: { number: "[secret]", holder: "A. Customer, [secret]" },
    "[secret]": ["[secret]"],
  });
  assert.deepEqual(shop.payments.charged, [CARD]);
  await assertUnseen(shop, jobId);
});

Deno.test("secrets: an envelope opens with the key of its job only, and for its job only", async () => {
  const shop = await openShop();
  const [first, second] = [await pay(shop, "fail"), await pay(shop, "fail")];
  const { keys } = shop.harness.keys;
  const [key, other] = [keys.get(first), keys.get(second)];
  assert.ok(key && other && shop.harness.job(first).sealed?.ciphertext);
  assert.notDeepEqual(key, other);
  keys.set(first, other);
  const outcome = await shop.harness.engine.retry(first, {});

  assert.ok(!outcome.ok && outcome.problem.kind === "rejected");
  assert.match(outcome.problem.rejection.message, /its key is not the one of its input/);
});

Deno.test("retry: a job with secrets gets them again, under a key of its own", async () => {
  const shop = await openShop();
  const jobId = await pay(shop, "fail");
  const outcome = await shop.harness.engine.retry(jobId, {});
  assert.ok(outcome.ok);
  await shop.harness.clock.settle();
  const retried = shop.harness.job(outcome.value.jobId);

  assert.notEqual(retried.sealed?.ciphertext, shop.harness.job(jobId).sealed?.ciphertext);
  assert.equal(shop.harness.keys.keys.size, 2);
  // The charge is reused; run itself, which failed, was called again.
  assert.ok(retried.state === "Failed" && retried.failure.error.message === "no luck");
  await assertUnseen(shop, retried.jobId);
});

Deno.test("retry: if the definition now protects less, the secrets stay secret", async () => {
  const shop = await openShop();
  const jobId = await pay(shop, "fail");
  const lax = { ...paymentDefinition(shop.payments), secrets: [] };
  const harness = await shop.harness.crash([lax as never]);
  const outcome = await harness.engine.retry(jobId, {});
  assert.ok(outcome.ok);
  await harness.clock.settle();

  assert.deepEqual(harness.job(outcome.value.jobId).input, payment("fail", "[secret]"));
  await assertUnseen({ ...shop, harness }, outcome.value.jobId);
});

Deno.test("idempotency: the recorded digest does not reveal a guessable secret", async () => {
  const shop = await openShop();
  const request = { type: "test.pay", input: payment() };
  const idempotency = { key: "order-42", digest: "digest-of-the-body" };
  const first = await shop.harness.create({ ...request, idempotency });
  const again = await shop.harness.engine.create({ ...request, idempotency });
  const other = await shop.harness.engine.create({
    ...request,
    idempotency: { ...idempotency, digest: "another" },
  });

  assert.notEqual(first.idempotency?.digest, idempotency.digest);
  assert.ok(!journalText(shop.harness).includes(idempotency.digest));
  assert.ok(again.ok && again.value.replayed && again.value.job.jobId === first.jobId);
  assert.ok(!other.ok && other.problem.kind === "keyReused");
});

Deno.test("keys: an unfinished job without its key fails with the reason, and a retry works when the key is back", async () => {
  const shop = await openShop();
  const jobId = await pay(shop, "wait");
  const key = shop.harness.keys.keys.get(jobId);
  shop.harness.keys.keys.clear();
  const harness = await shop.harness.crash();
  await harness.clock.advance(1_000);
  const job = harness.job(jobId);

  assert.ok(job.state === "Failed" && key);
  assert.equal(job.failure.error.name, "SealedInputError");
  assert.match(
    job.failure.error.message,
    /the key of its input is missing, and Daybook did not remove it; to retry the job, restore the key/,
  );
  const early = await harness.engine.retry(jobId, {});
  harness.keys.keys.set(jobId, key);
  const late = await harness.engine.retry(jobId, {});
  assert.deepEqual([early.ok, late.ok], [false, true]);
});

Deno.test("keys: a job refused for lack of room leaves no key, and the same id works later", async () => {
  const shop = await openShop();
  const request = { type: "test.pay", input: payment(), jobId: "job-1" as JobId };
  shop.harness.keys.failure = new JournalFullError("full");
  await assert.rejects(shop.harness.engine.create(request), JournalFullError);
  shop.harness.keys.failure = undefined;
  shop.harness.journal.failNext(new JournalFullError("full"));
  await assert.rejects(shop.harness.engine.create(request), JournalFullError);

  assert.equal(shop.harness.keys.keys.size, 0);
  assert.equal((await shop.harness.engine.create(request)).ok, true);
});

Deno.test("creation: of two jobs of a request with one id, the second is refused, also if it is sealed", async () => {
  const { harness } = await openShop();
  const jobId = "chosen" as JobId;
  const policy = { errors: [], onCompensated: "Failed" } as const;
  const plan = { expected: [], policy };
  const sealed = { type: "test.pay", input: payment(), jobId };
  const exists = { ok: false, problem: { kind: "jobExists", jobId } };

  let receipts: unknown;
  void harness.engine.createAll([{ plan, jobId }, sealed]).then((all) => receipts = all);
  await harness.clock.settle();
  assert.ok(Array.isArray(receipts), "no job waits for itself");
  assert.deepEqual(receipts[1], { status: "fulfilled", value: exists });
  assert.deepEqual(await harness.engine.create(sealed), exists, "its id is not reserved any more");
  assert.equal(harness.keys.keys.size, 0);
});

Deno.test("keys: those of jobs that were never created are removed by the next start", async () => {
  const shop = await openShop();
  const jobId = await pay(shop);
  shop.harness.keys.keys.set("never" as JobId, new Uint8Array(32));
  const harness = await shop.harness.crash();
  assert.deepEqual([...harness.keys.keys.keys()], [jobId]);
});

Deno.test("secrets: valid declarations are accepted, and invalid ones refused", () => {
  const base = {
    type: "test.t",
    version: 1,
    input: v.object({
      card: v.object({ number: v.string() }),
      list: v.array(v.object({ iban: v.string() })),
    }),
    run: () => Promise.resolve(),
  };
  const register = (more: object) => new DefinitionRegistry([{ ...base, ...more } as never]);
  const problem = (more: object) => assert.throws(() => register(more), TypeError);
  register({ secrets: ["card.number", "card", "list.*.iban", "list"] });
  register({ retention: { afterMs: 0 } });
  problem({ secrets: ["card.nmber"] });
  problem({ secrets: ["list.iban"] });
  problem({ secrets: ["card..number"] });
  problem({ secrets: "card" });
  problem({ secrets: [1] });
  problem({ retention: "forever" });
  problem({ retention: { afterMs: -1 } });
  problem({ secrets: ["card"], startsOn: { eventType: "a.B", input: () => ({}) } });
  assert.deepEqual(register({ secrets: ["card"] }).info()[0]?.secrets, ["card"]);
});

Deno.test("secrets: paths are typed against the input", () => {
  const input = v.object({ card: v.object({ number: v.string() }), list: v.array(v.string()) });
  const base = { type: "test.t", version: 1, input, run: () => Promise.resolve() } as const;
  defineJob({ ...base, secrets: ["card", "card.number", "list", "list.*"] });
  // @ts-expect-error: it is misspelt.
  defineJob({ ...base, secrets: ["card.nmber"] });
  // @ts-expect-error: an array has elements.
  defineJob({ ...base, secrets: ["list.number"] });
});

Deno.test("secrets: one of six characters is masked, a shorter one is too common", () => {
  const guard = new SecretGuard();
  guard.watch(["123456", "12345"]);
  assert.equal(guard.redact("pin 123456, year 12345"), "pin [secret], year 12345");
});

// A crash before each entry of a job with a sealed input: after the restart it continues with its
// clear input, ends, and its input is removed once. A store that reports a key as durable too early
// is caught.

const INPUT = { orderId: "42", card: { number: CARD, holder: "A. Customer" }, leak: "confirm" };

/** Keeps every key that was ever on disk, as after a crash before its removal. */
class RememberingKeys extends MemoryKeys {
  readonly ever = new Map<JobId, Uint8Array>();

  override async create(jobId: JobId): Promise<Uint8Array> {
    const key = await super.create(jobId);
    this.ever.set(jobId, key);
    return key;
  }
}

/** Answers before the key is on disk, so a crash loses it. */
class HastyKeys extends RememberingKeys {
  override async create(jobId: JobId): Promise<Uint8Array> {
    const key = await super.create(jobId);
    this.ever.delete(jobId);
    return key;
  }
}

interface Story {
  readonly harness: Harness;
  readonly payments: Payments;
  readonly jobId: JobId;
  readonly positions: readonly LogId[];
}

async function tell(keys: RememberingKeys): Promise<Story> {
  const payments: Payments = { charged: [], release: undefined };
  const definitions = [paymentDefinition(payments, "deleteOnCompletion") as never];
  const harness = await Harness.start({ definitions, keys });
  const jobId = await harness.submit("test.pay", INPUT);
  await harness.event("test.PaymentConfirmed", { orderId: "42" }, { eventId: "confirmation" });
  const entries = await harness.entries(jobId);
  return { harness, payments, jobId, positions: entries.map(({ logId }) => logId) };
}

/** What is wrong after a crash before an entry, or `undefined`. */
async function crashBefore(keys: RememberingKeys, at: number): Promise<string | undefined> {
  const { harness: first, payments, jobId, positions } = await tell(keys);
  const before = positions[at];
  assert.ok(before);
  keys.keys.clear();
  for (const [id, key] of keys.ever) keys.keys.set(id, key);
  const second = await first.crashBefore(before);
  // The sender of the event got no answer, and sends it again.
  if (second.engine.job(jobId) !== undefined) {
    await second.event("test.PaymentConfirmed", { orderId: "42" }, { eventId: "confirmation" });
    await second.clock.advance(1_000);
  }
  return flawOf(second, jobId, payments, await removalsOf(second, jobId));
}

async function removalsOf(harness: Harness, jobId: JobId): Promise<number> {
  if (harness.engine.job(jobId) === undefined) return 0;
  return (await harness.story(jobId)).filter((name) => name === "InputRemoved").length;
}

function flawOf(
  { engine, journal, keys }: Harness,
  jobId: JobId,
  { charged }: Payments,
  removals: number,
): string | undefined {
  if (JSON.stringify(journal.content).includes(CARD)) return "the journal has the card";
  if (keys.keys.size > 0) return "a key is left";
  const job = engine.job(jobId);
  // A creation that was not durable did not happen.
  if (job === undefined) return undefined;
  if (job.state !== "Done") return `it is ${job.state}`;
  if (charged.some((number) => number !== CARD)) return "the task got something else";
  return removals === 1 ? undefined : `${removals} removals`;
}

Deno.test("sealed inputs: a crash before any entry loses no input, leaks none, and leaves no key", async () => {
  const { positions } = await tell(new RememberingKeys());
  assert.ok(positions.length >= 8);
  for (const [at, position] of positions.entries()) {
    const flaw = await crashBefore(new RememberingKeys(), at);
    assert.equal(flaw, undefined, `crash before entry ${position}`);
  }
});

Deno.test("sealed inputs: a key that reaches the disk after its job is caught", async () => {
  const { positions } = await tell(new RememberingKeys());
  const flaws = [];
  for (const at of positions.keys()) flaws.push(await crashBefore(new HastyKeys(), at));
  assert.ok(flaws.includes("it is Failed"), flaws.join(", "));
});

/** Longer than any part of a text that is cut. */
const LONG_SECRET = "4000-".repeat(40);

/** A waiting job whose task does something with the secret, and what its `run` does later. */
function tokened(
  work: (token: string) => unknown,
  later?: (token: string) => never,
): AnyJobDefinition {
  return defineJob({
    type: "test.tokened",
    version: 1,
    input: v.object({ token: v.string() }),
    secrets: ["token"],
    expects: () => ({ told: { eventType: "test.Told" } }),
    async run(ctx, { token }) {
      later?.(token);
      await ctx.task("use", () => work(token) as null, { retry: { maxAttempts: 1 } });
      await ctx.expect("told");
    },
  });
}

/** No part of it that could be recognised is in the journal. */
function assertUncut(harness: Harness): void {
  const text = journalText(harness);
  assert.ok(!text.includes(LONG_SECRET.slice(0, 10)), text);
}

const UNRECORDABLE: Readonly<Record<string, (token: string) => unknown>> = {
  name: (token) => ({ [token]: new Map() }),
  symbol: (token) => ({ [Symbol(token)]: 1 }),
};

for (const [part, work] of Object.entries(UNRECORDABLE)) {
  Deno.test(`secrets: a long one as the ${part} of what cannot be recorded is left out as a whole`, async () => {
    const harness = await Harness.start({ definitions: [tokened(work)] });
    const jobId = await harness.submit("test.tokened", { token: LONG_SECRET });
    const job = harness.job(jobId);
    assert.ok(job.state === "Failed");
    assert.match(job.failure.error.message, /^Cannot record the result: .* of \d+ characters/);
    assertUncut(harness);
  });
}

Deno.test("secrets: what other code throws is masked before it is cut, when it parks a job", async () => {
  const throws = (token: string): never => {
    throw new Error("x".repeat(480) + token);
  };
  const harness = await Harness.start({ definitions: [tokened(() => null)] });
  const jobId = await harness.submit("test.tokened", { token: LONG_SECRET });
  const changed = tokened(() => null, throws);
  const restarted = await harness.crash([changed]);
  await restarted.clock.advance(10_000);
  const job = restarted.job(jobId);
  assert.match(job.parked?.message ?? "", /it throws Error: x{480}\[secret\] instead$/);
  assertUncut(restarted);
});

Deno.test("secret guard: the one that all jobs without secrets share takes none", () => {
  NO_SECRETS.watch([]);
  assert.throws(() => NO_SECRETS.watch(["4111111111111111"]), TypeError);
  assert.equal(NO_SECRETS.holds({ card: "4111111111111111" }), false);
});
