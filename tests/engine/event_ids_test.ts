/** Every event id is found, whatever its origin and whatever the clock did. */

import assert from "node:assert/strict";
import { decodeTime, monotonicUlid, ulid } from "@std/ulid";
import fc from "fast-check";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { type EventId, eventId, type JobId, type LogId } from "../../src/core/ids.ts";
import type { JobIndex } from "../../src/engine/job_index.ts";
import { correlatedEventId } from "../../src/engine/writer/derived_ids.ts";
import {
  EventIds,
  type FoundEntry,
  timeInId,
  TimesInIds,
} from "../../src/engine/writer/event_ids.ts";
import { eventIdHash } from "../../src/engine/writer/event_ids.ts";
import { TimeMarks } from "../../src/engine/writer/time_marks.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { replaced } from "../support/engine/replaced.ts";
import { fact } from "../support/journal/journal_events.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { FakeClock, TimedRandom } from "../support/fake_clock.ts";
import { expectation, plan } from "../support/engine/entries.ts";

const START = Date.UTC(2026, 0, 1);

function entryAt(logId: LogId, atMs: number, eventId: string): JobEventLogEntry {
  const receivedAt = new Date(atMs).toISOString();
  return { ...fact(), logId, eventId: eventId as EventId, receivedAt } as JobEventLogEntry;
}

/** Reads like a journal, and counts its reads. */
class Journal {
  read = 0;

  constructor(readonly entries: readonly JobEventLogEntry[]) {}

  readonly readAt = (logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> => {
    this.read += logIds.length;
    logIds.forEach((logId, index) => assert.ok(index === 0 || logId > (logIds[index - 1] ?? 0)));
    const found = logIds.map((logId) => this.entries[logId - 1]);
    assert.ok(!found.includes(undefined), "all are there");
    return Promise.resolve(found as JobEventLogEntry[]);
  };
}

async function found(
  ids: EventIds,
  eventId: EventId,
  journal: Journal,
): Promise<FoundEntry | undefined> {
  const sought = { eventId, candidates: ids.candidates(eventId) };
  return (await ids.find([sought], journal.readAt)).get(eventId);
}

Deno.test("id time: a ULID gives its time, and no other id gives one", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (ms) => {
    const id = ulid(ms);
    assert.equal(timeInId(`evt_${id}`), decodeTime(id));
    const others = [id, `evt-${id}`, `evt_${id}0`, `evt_${id.slice(1)}`, `job_${id}`];
    for (const other of others) assert.equal(timeInId(other), undefined);
    assert.equal(timeInId(`evt_${id.slice(0, 9)}u${id.slice(10)}`), undefined);
  }));
});

Deno.test("id time: an id gives the time of its entry only if it was received in that millisecond", () => {
  const told = new TimesInIds();
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 2 ** 43 }),
    fc.constantFrom(-1, 0, 1, 60_000),
    (ms, beside) => {
      const { eventId } = entryAt(1, ms, `evt_${ulid(ms)}`);
      const receivedAt = new Date(ms + beside).toISOString();
      assert.equal(told.of({ eventId, receivedAt }), beside === 0 ? ms : undefined);
    },
  ));
  const eventId = `evt_${ulid(0)}` as EventId;
  for (const receivedAt of ["", "yesterday", "1969-12-31T23:59:59.999Z"]) {
    assert.equal(told.of({ eventId, receivedAt }), undefined);
  }
});

Deno.test("id time: ids made while recording give it, even many in a millisecond", () => {
  const told = new TimesInIds();
  for (let number = 0; number < 1_000; number++) {
    const ms = START + Math.floor(number / 100);
    const receivedAt = new Date(ms).toISOString();
    assert.equal(told.of({ eventId: `evt_${monotonicUlid(ms)}` as EventId, receivedAt }), ms);
  }
  // The clock was set back: a ULID continues from the last time.
  const receivedAt = new Date(START - 1_000).toISOString();
  const eventId = `evt_${monotonicUlid(START - 1_000)}` as EventId;
  assert.equal(told.of({ eventId, receivedAt }), undefined);
});

Deno.test("time marks: every entry of a time is where they say, even if the clock was set back", () => {
  fc.assert(fc.property(
    fc.array(
      fc.record({ gap: fc.integer({ min: 1, max: 40 }), step: fc.integer({ min: -30, max: 20 }) }),
      {
        maxLength: 400,
      },
    ),
    fc.nat(400),
    (steps, restart) => {
      let [time, logId] = [1_000_000, 0];
      let marks = new TimeMarks();
      const places = new Map<number, LogId[]>();
      steps.forEach(({ gap, step }, index) => {
        // Mostly it does not move; sometimes it is set back.
        time = Math.max(0, time + (step < -25 ? 40 * step : Math.max(0, step)));
        logId += gap;
        places.set(time, [...places.get(time) ?? [], logId]);
        marks.add(time, logId);
        if (index !== restart) return;
        const restored = new TimeMarks();
        restored.restore(marks.capture());
        assert.deepEqual(restored.capture(), marks.capture());
        marks = restored;
      });
      for (const [at, logIds] of places) {
        const ranges = marks.at(at);
        for (const place of logIds) {
          assert.ok(ranges.some(({ from, to }) => from <= place && place <= to), `${at}`);
        }
      }
      for (const { from, to } of marks.at(time)) assert.ok(from <= to && to <= logId);
      assert.equal(marks.lastLogId, logId);
    },
  ));
});

Deno.test("time marks: they are few, and lead to few entries", () => {
  const marks = new TimeMarks();
  for (let logId = 1; logId <= 100_000; logId++) marks.add(START + Math.floor(logId / 20), logId);
  assert.ok(marks.capture().length < 100_000 / 16);
  for (let time = START; time < START + 5_000; time += 7) {
    const span = marks.at(time).reduce((sum, { from, to }) => sum + to - from + 1, 0);
    assert.ok(span <= 64 + 64 + 20, `${span}`);
  }
  assert.deepEqual(marks.at(START - 1), []);
  assert.deepEqual(marks.at(START + 5_001), []);
});

Deno.test("event ids: every caller's id is found, also after a restore, and false hits are rare", () => {
  const ids = new EventIds();
  const named = (name: string) => name as EventId;
  for (let logId = 1; logId <= 20_000; logId++) {
    ids.add(entryAt(logId, START, `order_${logId}`));
  }
  const restored = new EventIds();
  restored.restore(ids.capture(), 0);
  for (let logId = 1; logId <= 20_000; logId++) {
    assert.deepEqual(ids.candidates(named(`order_${logId}`)), [logId]);
    assert.deepEqual(restored.candidates(named(`order_${logId}`)), [logId]);
    assert.deepEqual(ids.candidates(named(`x${logId}`)), []);
  }
  assert.deepEqual([restored.unsaved, restored.head], [20_000, 20_000]);
  assert.equal(ids.rows().length, 20_000);
  ids.saved(ids.rows());
  assert.deepEqual([ids.unsaved, ids.rows(), ids.candidates(named("order_1"))], [0, [], []]);
});

/** Ids of all kinds, and the course of the time of day. */
const kind = fc.record({
  by: fc.constantFrom("own", "late", "caller", "derived", "caller's ULID"),
  step: fc.integer({ min: -40, max: 12 }),
  save: fc.integer({ min: 0, max: 19 }),
  /** How many ids are saved together. */
  some: fc.constantFrom(1, 5, Infinity),
});

Deno.test("event ids: each is found by reading few entries, with and without an index, and after a restart", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(kind, { maxLength: 120 }),
    fc.boolean(),
    fc.nat(120),
    async (kinds, hasIndex, restart) => {
      let index = hasIndex ? MemoryIndex.empty() : undefined;
      index?.begin(undefined);
      let ids = new EventIds(index);
      let time = START;
      const entries: JobEventLogEntry[] = [];
      const saveIds = (max: number) => {
        const rows = ids.rows(max);
        if (index?.put([], rows) === true) ids.saved(rows);
      };
      for (const [at, { by, step, save, some }] of kinds.entries()) {
        time += step < -37 ? 100 * step : Math.max(0, step);
        const eventId = {
          own: `evt_${ulid(time)}`,
          late: `evt_${ulid(time + 1)}`,
          caller: `order-${at}`,
          derived: correlatedEventId(`order-${at}`, "job-1" as JobId),
          "caller's ULID": `evt_${ulid(START + at)}`,
        }[by];
        const entry = entryAt(at + 1, time, eventId);
        assert.equal(ids.candidates(entry.eventId).some((logId) => logId > at), false);
        ids.add(entry);
        entries.push(entry);
        if (save === 0) saveIds(some);
        if (at !== restart) continue;
        // As in a snapshot: without what the index has.
        saveIds(Infinity);
        const captured = ids.capture();
        index = index?.asAfterKill();
        ids = new EventIds(index);
        ids.restore(captured, at + 1);
      }
      assert.equal(ids.head, entries.length);
      for (const { eventId, logId } of entries) {
        const journal = new Journal(entries);
        assert.ok(ids.candidates(eventId).length > 0);
        assert.equal((await found(ids, eventId, journal))?.entry.logId, logId);
      }
      const journal = new Journal(entries);
      assert.equal(await found(ids, "order-x" as EventId, journal), undefined);
      assert.equal(journal.read, 0);
    },
  ));
});

Deno.test("event ids: an id that came twice is found at its first position", async () => {
  const early = `evt_${ulid(START)}`;
  for (const [first, second] of [[START, START + 50], [START + 50, START], [START, START]]) {
    const entries = [entryAt(1, first ?? 0, early), entryAt(2, second ?? 0, early)];
    const ids = new EventIds();
    for (const entry of entries) ids.add(entry);
    assert.deepEqual(ids.candidates(early as EventId), [1, 2]);
    assert.deepEqual(ids.candidates(early as EventId, 0, 2), [1]);
    assert.deepEqual(ids.candidates(early as EventId, 1), [2]);
    const once = await found(ids, early as EventId, new Journal(entries));
    assert.equal(once?.entry.logId, 1);
  }
});

Deno.test("event ids: index rows of lost entries are not candidates", () => {
  const index = MemoryIndex.empty();
  index.begin(undefined);
  const ids = new EventIds(index);
  ids.add(entryAt(1, START, "order-1"));
  index.put([], [[eventIdHash("order-1" as EventId), 7], [eventIdHash("order-2" as EventId), 8]]);
  assert.deepEqual(ids.candidates("order-1" as EventId), [1]);
  assert.deepEqual(ids.candidates("order-2" as EventId), []);
});

Deno.test("event ids: an empty index is asked only once, until it has rows", () => {
  let asked = 0;
  const index = { upTo: 1, idsOf: () => (asked++, []) } as unknown as JobIndex;
  const ids = new EventIds(index);
  for (let again = 0; again < 5; again++) {
    assert.deepEqual(ids.candidates("order-1" as EventId), []);
  }
  assert.equal(asked, 1);
  ids.saved([]);
  ids.candidates("order-1" as EventId);
  assert.equal(asked, 2);
});

Deno.test("event ids: many of one millisecond are not all read at once", async () => {
  const entries = Array.from(
    { length: 1_000 },
    (_, at) => entryAt(at + 1, START, `evt_${ulid(START)}`),
  );
  const ids = new EventIds();
  for (const entry of entries) ids.add(entry);
  const journal = new Journal(entries);
  const [first] = entries;
  await found(ids, first?.eventId as EventId, journal);
  assert.ok(journal.read <= 128, `${journal.read}`);
});

Deno.test("event ids: those of a group are found with one read", async () => {
  const entries = [1, 2, 3, 4].map((at) => entryAt(at, START, `order-${at}`));
  const ids = new EventIds();
  for (const entry of entries) ids.add(entry);
  let reads = 0;
  const journal = new Journal(entries);
  const group = ["order-4", "order-x", "order-2", "order-4"].map((id) => {
    const eventId = id as EventId;
    return { eventId, candidates: ids.candidates(eventId) };
  });
  const all = await ids.find(group, (logIds) => {
    reads++;
    return journal.readAt(logIds);
  });
  assert.deepEqual([reads, journal.read], [1, 2]);
  assert.deepEqual([...all].map(([eventId, { entry }]) => [eventId, entry.logId]), [
    ["order-2", 2],
    ["order-4", 4],
  ]);
});

Deno.test("event ids: a quoted id is found beside that of its quotation", async () => {
  const { logId: _logId, ...quoted } = entryAt(1, START, "order-1");
  const quotation = {
    ...entryAt(1, START, "quotation-1"),
    eventType: "journal.EntryQuoted",
    attributes: quoted,
  } as unknown as JobEventLogEntry;
  const ids = new EventIds();
  ids.add(quotation);
  const sought = ["quotation-1", "order-1"].map((id) => {
    const eventId = id as EventId;
    return { eventId, candidates: ids.candidates(eventId) };
  });
  const all = await ids.find(sought, new Journal([quotation]).readAt);
  assert.deepEqual([...all].map(([id, { isQuoted }]) => [id, isQuoted]), [
    ["quotation-1", false],
    ["order-1", true],
  ]);
});

// Each event id is in the journal once, whatever its origin and the state of the caches.

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

Deno.test("unique ids: an id whose row the index does not accept stays in memory", async () => {
  const daybook = await begun(1_000_000);
  const accept = replaced(SqliteJobIndex.prototype, "put", { value: () => false });
  for (let n = 0; n < 20; n++) await daybook.event("ec.Paid", {}, { eventId: `caller-${n}` });
  await daybook.clock.settle();
  await requireUnique(daybook, "while the index accepts nothing");
  accept();
  await record(daybook, 1);
  await daybook.clock.settle();
  await requireUnique(daybook, "once it accepts rows again");
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
