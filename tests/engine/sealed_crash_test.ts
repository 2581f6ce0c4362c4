/**
 * A crash before each entry of a job with a sealed input: after the restart it continues with its
 * clear input, ends, and its input is removed once. A store that reports a key as durable too early
 * is caught.
 */

import assert from "node:assert/strict";
import type { JobId, LogId } from "../../src/core/ids.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { MemoryKeys } from "../../src/testing/stand_ins.ts";
import { CARD, paymentDefinition, type Payments } from "../support/http/payment_definition.ts";

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
