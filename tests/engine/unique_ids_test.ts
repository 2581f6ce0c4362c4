/** Each event id is in the journal once, whatever its origin and the state of the caches. */

import assert from "node:assert/strict";
import { ulid } from "@std/ulid";
import { eventId } from "../../src/core/ids.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { FakeClock, TimedRandom } from "../support/fake_clock.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { expectation, plan } from "../support/engine/entries.ts";

async function begun(snapshotEvery: number): Promise<Harness> {
  const clock = new FakeClock();
  return await Harness.start({ clock, random: new TimedRandom(clock), snapshotEvery });
}

/**
 * Records ids of every kind: chosen by callers, of this journal's clock, derived, and of other
 * journals.
 */
async function record(daybook: Harness, round: number): Promise<void> {
  await daybook.create({ plan: plan([expectation("paid", "ec.Paid")]) });
  await daybook.event("ec.Paid", { round }, { eventId: `caller-${round}` });
  await daybook.event("ec.Shipped", { round });
  const now = daybook.clock.now();
  for (const [index, ms] of [now, now - 5, now + 5, now - 86_400_000].entries()) {
    await daybook.event("ec.Shipped", { round }, { eventId: `evt_${ulid(ms)}` });
    if (index === 1) daybook.clock.jump(-40);
  }
  daybook.clock.jump(round === 2 ? -60_000 : 25);
}

async function idsOf(daybook: Harness): Promise<readonly string[]> {
  return (await daybook.engine.entries(0, 10_000)).map(({ eventId }) => eventId);
}

/** Exactly the ids on record are reported as known. */
async function requireUnique(daybook: Harness, restart: string): Promise<void> {
  const entries = await daybook.engine.entries(0, 10_000);
  const refusals = entries.filter(({ eventType }) => eventType === "journal.EventRefused");
  const others = entries.filter(({ eventType }) => eventType !== "journal.EventRefused");
  for (const { eventId, logId } of [...others, ...refusals.slice(0, 3)]) {
    const receipt = await daybook.event("ec.Other", { other: true }, { eventId });
    const told = [receipt.disposition, receipt.logId];
    assert.deepEqual(told, ["rejected", logId], `${restart}: ${eventId}`);
  }
  const fresh = await daybook.event("ec.Other", {}, {
    eventId: `evt_${ulid(daybook.clock.now())}`,
  });
  assert.equal(fresh.disposition, "recorded", restart);
  const after = await idsOf(daybook);
  assert.equal(new Set(after).size, after.length, restart);
  daybook.assertSound();
}

Deno.test("unique ids: every kind of id is recognized across restarts, and with the index deleted or behind", async () => {
  for (const snapshotEvery of [1_000_000, 25]) {
    let daybook = await begun(snapshotEvery);
    const older: MemoryIndex[] = [];
    for (let round = 1; round <= 4; round++) {
      await record(daybook, round);
      older.push(daybook.index.asAfterKill());
    }
    await requireUnique(daybook, "before any restart");
    daybook = await daybook.crash();
    await requireUnique(daybook, "after a kill");
    daybook = await daybook.crashOnto(older[1] as MemoryIndex);
    await requireUnique(daybook, "with an index that is behind");
    daybook = await daybook.crashOnto(MemoryIndex.empty());
    await requireUnique(daybook, "with the index deleted");
    daybook = await daybook.crashWithoutSnapshot();
    await requireUnique(daybook, "with the snapshots deleted");
    daybook = await daybook.crash();
    await requireUnique(daybook, "after another kill");
  }
});

Deno.test("unique ids: an event that a crash lost can come again, even if the index knows it", async () => {
  const daybook = await begun(25);
  await record(daybook, 1);
  const { logId = 0 } = await daybook.event("ec.Paid", {}, { eventId: "caller-late" });
  await daybook.create({ plan: plan([]) });
  const restarted = await daybook.crashBefore(logId);
  const again = await restarted.event("ec.Paid", {}, { eventId: "caller-late" });
  assert.equal(again.disposition, "recorded");
  await requireUnique(restarted, "after a crash");
});

Deno.test("unique ids: an event recorded during the look-up of another delivery makes that one a duplicate", async () => {
  const daybook = await begun(1_000_000);
  await record(daybook, 1);
  // It looks as if it had been made when the last entry was received.
  await daybook.event("ec.Shipped");
  const id = eventId(`evt_${ulid(daybook.clock.now())}`);
  const readAt = daybook.journal.readAt.bind(daybook.journal);
  const looking = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  daybook.journal.readAt = async (logIds) => {
    const entries = await readAt(logIds);
    daybook.journal.readAt = readAt;
    looking.resolve();
    await goOn.promise;
    return entries;
  };
  const slow = daybook.event("ec.Paid", { amount: 1 }, { eventId: id });
  await looking.promise;
  const quick = await daybook.event("ec.Paid", { amount: 1 }, { eventId: id });
  goOn.resolve();
  assert.equal(quick.disposition, "recorded");
  assert.equal((await slow).disposition, "duplicate");
  const ids = await idsOf(daybook);
  assert.equal(ids.filter((other) => other === id).length, 1);
});
