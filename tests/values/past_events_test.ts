/** The search for events by value does the same in this thread and in a separate one. */

import assert from "node:assert/strict";
import type { PastEvents } from "../../src/engine/views/past_events.ts";
import { ReadPastEvents } from "../../src/engine/views/value_index.ts";
import { eventId, jobId } from "../../src/core/ids.ts";
import type { SearchHere } from "../../src/values/index_thread.ts";
import { systemClock } from "../../src/server/system.ts";
import { inFolder } from "../support/temporary_folder.ts";
import {
  carrying,
  completely,
  ofType,
  orders,
  PAID,
  type Shop,
  shopIn,
  threadOf,
} from "./valued_events.ts";
import { expectation, plan } from "../support/engine/entries.ts";

interface Place {
  readonly shop: Shop;
  readonly pastEvents: PastEvents;
  /** Stops, and starts on the same journal. */
  restart(): Promise<Place>;
  close(): Promise<void>;
}

type Kind = "here" | "in a thread";

async function placeIn(folder: string, kind: Kind): Promise<Place> {
  const thread = kind === "here" ? undefined : threadOf(folder);
  const shop = await shopIn(folder, { pastEvents: thread?.pastEvents });
  const pastEvents = thread?.pastEvents ??
    new ReadPastEvents(systemClock, (after, limit) => shop.journal.read(after, limit));
  const close = async () => {
    await shop.engine.stop(0);
    await Promise.all([thread?.pastEvents.close(), shop.journal.close()]);
    assert.deepEqual(thread?.warnings ?? [], []);
  };
  const restart = async () => {
    await close();
    return await placeIn(folder, kind);
  };
  return { shop, pastEvents, restart, close };
}

function smallWith(searched: PastEvents): SearchHere {
  return { find: (...query) => searched.find(...query), journalBytes: () => 0 };
}

/** The same of both. */
function rule(name: string, run: (place: Place) => Promise<Place | void>): void {
  for (const kind of ["here", "in a thread"] as const) {
    Deno.test(`past events, ${kind}: ${name}`, () =>
      inFolder(async (folder) => {
        const place = await placeIn(folder, kind);
        const last = await run(place) ?? place;
        await last.close();
      }));
  }
}

rule("a value is found in any form, at any place and in events of any type", async (place) => {
  const { shop: { deliver, engine }, pastEvents } = place;
  const [first = 0, second = 0, third = 0] = await deliver([
    { a: "42" },
    { b: { c: 42 } },
    { d: [" 042 "] },
  ]);
  await deliver(orders(1, 100));
  const about = { eventType: "shop.Other" as typeof PAID, stratum: "domain" } as const;
  const [other] = await engine.deliver([{ ...about, attributes: { about: 42 } }]);
  const asOf = engine.headLogId;
  assert.deepEqual(await carrying(pastEvents, 42, asOf), [other?.logId, third, second, first]);
  assert.deepEqual(await carrying(pastEvents, 43, asOf), []);
  assert.deepEqual(await ofType(pastEvents, "shop.Other", asOf), [other?.logId]);
  assert.equal((await ofType(pastEvents, PAID, asOf)).length, 103);
});

rule(
  "durable events are found at once, and the answer says up to which position",
  async (place) => {
    const { shop: { deliver, engine }, pastEvents } = place;
    for (let number = 1; number <= 20; number++) {
      const logIds = await deliver([{ orderId: `only-${number}` }]);
      assert.deepEqual(await carrying(pastEvents, `only-${number}`, engine.headLogId), logIds);
    }
    const { upTo, horizon } = await completely(pastEvents, new Map(), engine.headLogId);
    assert.deepEqual([upTo >= engine.headLogId, horizon], [true, 0]);
  },
);

rule("events from before a restart are found once after it", async (place) => {
  const first = await place.shop.deliver(orders(1, 500));
  const next = await place.restart();
  const second = await next.shop.deliver(orders(1, 500));
  const { headLogId } = next.shop.engine;
  const found = await carrying(next.pastEvents, "order-77", headLogId);
  assert.deepEqual(found, [second[76], first[76]]);
  assert.equal((await ofType(next.pastEvents, PAID, headLogId)).length, 1_000);
  return next;
});

rule("a refused event is found; framework entries are not", async (place) => {
  const { shop: { engine }, pastEvents } = place;
  const event = { eventType: PAID, stratum: "domain", eventId: eventId("evt-1") } as const;
  await engine.deliver([{ ...event, attributes: { orderId: "first" } }]);
  await engine.deliver([{ ...event, attributes: { orderId: "second" } }]);
  const refused = await carrying(pastEvents, "second", engine.headLogId);
  assert.equal(refused.length, 1);
  const [entry] = await engine.history.at(refused);
  assert.equal(entry?.eventType, "journal.EventRefused");
  assert.deepEqual(await ofType(pastEvents, "journal.SegmentOpened", engine.headLogId), []);
});

rule("a job is found by its labels, separately from events", async (place) => {
  const { shop: { engine }, pastEvents } = place;
  const plan = { expected: [], policy: { errors: [], onCompensated: "Failed" } } as const;
  await engine.create({ jobId: jobId("job-1"), plan, labels: { tenant: "x9" } });
  assert.deepEqual(await carrying(pastEvents, "x9", engine.headLogId), []);
  const { jobs } = await (await engine.explanations()).about.of("x9");
  assert.deepEqual(jobs.map((job) => job.jobId), ["job-1"]);
});

Deno.test("past events, in a thread: a thread that ends is restarted, and finds what it has missed", () =>
  inFolder(async (folder) => {
    const { pastEvents, threads, warnings } = threadOf(folder);
    const { engine, journal, deliver } = await shopIn(folder, { pastEvents });
    await deliver(orders(1, 300));
    assert.equal((await carrying(pastEvents, "order-7", engine.headLogId)).length, 1);
    await threads.at(-1)?.terminate();
    const missed = await deliver(orders(301, 300));
    assert.deepEqual(await carrying(pastEvents, "order-307", engine.headLogId), [missed[6]]);
    // A request during the shutdown waits for the next thread.
    const ending = threads.at(-1)?.terminate();
    assert.deepEqual(await carrying(pastEvents, "order-307", engine.headLogId), [missed[6]]);
    await ending;
    assert.equal((await carrying(pastEvents, "EU", engine.headLogId)).length, 300);
    assert.equal(threads.length, 3);
    for (const warning of warnings) assert.match(warning, /failed, and restarts/);
    await engine.stop(0);
    await Promise.all([pastEvents.close(), journal.close()]);
    assert.equal(threads.length, 3);
  }));

Deno.test("past events, in a thread: a small journal is searched completely before the thread answers", () =>
  inFolder(async (folder) => {
    const here = new ReadPastEvents(systemClock, (after, limit) => shop.journal.read(after, limit));
    const { pastEvents } = threadOf(folder, {
      here: smallWith(here),
      onThread: (thread) => void thread.terminate(),
    });
    const shop = await shopIn(folder, { pastEvents });
    const logIds = await shop.deliver(orders(1, 300));
    const asOf = shop.engine.headLogId;
    // It never answers: it ends as soon as it begins.
    assert.deepEqual(await carrying(pastEvents, "order-7", asOf), [logIds[6]]);
    assert.equal((await ofType(pastEvents, PAID, asOf)).length, 300);
    await shop.engine.stop(0);
    await Promise.all([pastEvents.close(), shop.journal.close()]);
  }));

Deno.test("past events, in a thread: it answers if the search of a small journal in the engine's thread fails", () =>
  inFolder(async (folder) => {
    const unreadable = new ReadPastEvents(systemClock, () => Promise.reject(new Error("EMFILE")));
    const { pastEvents } = threadOf(folder, { here: smallWith(unreadable) });
    const { engine, journal, deliver } = await shopIn(folder, { pastEvents });
    const logIds = await deliver(orders(1, 300));
    assert.deepEqual(await carrying(pastEvents, "order-7", engine.headLogId), [logIds[6]]);
    await engine.stop(0);
    await Promise.all([pastEvents.close(), journal.close()]);
  }));

Deno.test("past events, in a thread: a journal of few but large entries is not searched in the engine's thread", () =>
  inFolder(async (folder) => {
    let searches = 0;
    const here = {
      find: () => (searches++, Promise.reject<never>(new Error("it would hold all of them"))),
      journalBytes: () => 64 * 1024 * 1024,
    };
    const { pastEvents } = threadOf(folder, { here });
    const { engine, journal, deliver } = await shopIn(folder, { pastEvents });
    const logIds = await deliver(orders(1, 300));
    assert.deepEqual(await carrying(pastEvents, "order-7", engine.headLogId), [logIds[6]]);
    assert.equal(searches, 0);
    await engine.stop(0);
    await Promise.all([pastEvents.close(), journal.close()]);
  }));

Deno.test("past events, in a thread: without a thread explanations say that nothing was compared", () =>
  inFolder(async (folder) => {
    const { pastEvents } = threadOf(folder);
    await pastEvents.close();
    const { engine, journal, deliver } = await shopIn(folder, { pastEvents });
    await deliver(orders(1, 3));
    const correlation = { equals: { orderId: "ORDER-2" } };
    const waiting = plan([expectation("paid", PAID, { correlation })]);
    await engine.create({ jobId: jobId("job-1"), plan: waiting });
    const explanation = await (await engine.explanations()).explainer.explain(jobId("job-1"));
    const text = JSON.stringify(explanation?.waitingFor);
    assert.match(text, /No event was compared: the index of values is not ready yet\./);
    assert.doesNotMatch(text, /resembles what is missing/);
    const { asOf, summary } = await (await engine.explanations()).about.of("order-2");
    assert.equal(asOf, 0);
    assert.match(summary, /The index of values covers entries up to 0 of \d+ so far\.$/);
    await engine.stop(0);
    await journal.close();
  }));
