/** Replays of jobs of a real engine, with past events found by a plain scan. */

import assert from "node:assert/strict";
import { type EventId, eventId, eventType, jobId, type LogId } from "../../src/core/ids.ts";
import { Pacer } from "../../src/engine/pacer.ts";
import {
  type FoundPositions,
  Lookup,
  type PastEvents,
  type WantedKeys,
} from "../../src/engine/views/past_events.ts";
import { isFromOutside } from "../../src/core/event.ts";
import { EntryPages } from "../../src/engine/entry_pages.ts";
import { Replays } from "../../src/engine/queries/replays.ts";
import type { Outcome } from "../../src/engine/requests.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { incoming } from "../support/engine/incoming.ts";

const NOBODY = jobId("job_nobody");

function shipped(orderId: string | number) {
  return expectation("shipped", "ec.Shipped", { correlation: { equals: { orderId } } });
}

function valueOf<Value>(outcome: Outcome<Value>): Value {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.value;
}

/** All facts under each key, and the requested keys. */
class Scan implements Pick<PastEvents, "find"> {
  readonly asked: WantedKeys[] = [];

  constructor(readonly daybook: Harness) {}

  find(wanted: WantedKeys, upTo: LogId): Promise<FoundPositions> {
    this.asked.push(wanted);
    const { entries } = this.daybook.journal.content;
    const facts = entries.filter(isFromOutside).map(({ logId }) => logId).toReversed();
    const found = [...wanted].map(([key, limit]) => [key, facts.slice(0, limit)] as const);
    return Promise.resolve({ positions: new Map(found), horizon: 0, upTo });
  }
}

type Given = ConstructorParameters<typeof Replays>;

async function start() {
  const daybook = await Harness.start();
  const { engine, journal } = daybook;
  const history = {
    positions: (id: ReturnType<typeof jobId>) => engine.history.positions(id),
    pages: new EntryPages({ at: (logIds) => journal.readAt(logIds) }),
  };
  const writer = {
    get durableLogId() {
      return engine.headLogId;
    },
  };
  const events = {
    find: (id: EventId) =>
      Promise.resolve(journal.content.entries.find((entry) => entry.eventId === id)),
  };
  const scan = new Scan(daybook);
  return {
    daybook,
    scan,
    replays: new Replays(
      {
        ...{ history, events, writer, pastEvents: scan },
        pacer: new Pacer(daybook.clock),
      } as unknown as Given[0],
      {} as Given[1],
    ),
  };
}

Deno.test("replays: an unknown job is reported as unknown", async () => {
  const { replays } = await start();
  const problem = { ok: false, problem: { kind: "unknownJob", jobId: NOBODY } };
  assert.deepEqual(await replays.replay(NOBODY), problem);
  assert.deepEqual(await replays.diff(NOBODY, { kind: "logId", logId: 1 }), problem);
  assert.deepEqual(await replays.whatIf(NOBODY, {}), problem);
});

Deno.test("replays: a history of several pages is read whole", async () => {
  const { daybook, replays } = await start();
  const parts = expectation("parts", "ec.Part", { multiplicity: { times: 5_000 } });
  const { jobId } = await daybook.create({ plan: plan([parts]) });
  const part = incoming("ec.Part");
  for (let round = 0; round < 5; round++) await daybook.engine.deliver(Array(500).fill(part));
  const { job, steps } = valueOf(await replays.replay(jobId));
  assert.deepEqual(job, daybook.job(jobId));
  assert.equal(steps.length, 2_502);
  assert.equal(steps.at(-1)?.why, 'It matches expectation "parts": 2,500 of 5,000.');
});

Deno.test("replays: another plan matches events that reached no job", async () => {
  const { daybook, replays } = await start();
  const { jobId, lastLogId } = await daybook.create({ plan: plan([shipped("42")]) });
  await daybook.event("ec.Shipped", { orderId: 41 });
  const { logId } = await daybook.event("ec.Shipped", { orderId: 42 });
  const head = daybook.engine.headLogId;
  const { job, steps, firstDifference } = valueOf(
    await replays.whatIf(jobId, { plan: plan([shipped(42)]) }),
  );
  assert.equal(job.state, "Done");
  assert.deepEqual(steps.map((step) => step.logId), [lastLogId - 1, lastLogId, logId]);
  assert.equal(firstDifference?.logId, logId);
  assert.equal(daybook.engine.headLogId, head);
  assert.equal(daybook.job(jobId).state, "Running");
});

Deno.test("replays: a job that would not have failed matches events that came later", async () => {
  const { daybook, replays } = await start();
  const errors = [{ eventType: eventType("ec.Refused"), correlation: "any" } as const];
  const { jobId } = await daybook.create({ plan: plan([shipped("42")], { errors }) });
  await daybook.event("ec.Refused");
  const [failed] = (await daybook.entries(jobId)).slice(-1);
  const { logId } = await daybook.event("ec.Shipped", { orderId: "42" });
  assert.equal(daybook.job(jobId).state, "Failed");
  const { job } = valueOf(await replays.whatIf(jobId, { without: [failed?.logId ?? 0] }));
  assert.deepEqual([job.state, job.expected[0]?.by], ["Done", [logId]]);
});

Deno.test("replays: events from before the job, and of the job itself, are not past events", async () => {
  const { daybook, replays } = await start();
  await daybook.event("ec.Shipped", { orderId: 42 });
  const { jobId } = await daybook.create({ plan: plan([shipped("42")]) });
  const { logId } = await daybook.event("ec.Shipped", { orderId: 42 }, { jobId });
  const { job } = valueOf(await replays.whatIf(jobId, { plan: plan([shipped(42)]) }));
  assert.deepEqual(job.expected[0]?.by, [logId]);
});

Deno.test("replays: past events are searched only if they could count, and their number is bounded", async () => {
  const { daybook, replays, scan } = await start();
  const { jobId } = await daybook.create({ plan: plan([shipped("42")]) });
  const added = incoming("ec.Shipped");
  await replays.replay(jobId);
  await replays.whatIf(jobId, { with: [added] });
  assert.equal(scan.asked.length, 0);
  await replays.whatIf(jobId, {
    plan: plan([shipped(42), expectation("end", "job.TaskCompleted")], {
      errors: [{ eventType: eventType("ec.Refused"), correlation: "any" }],
    }),
  });
  const { wanted } = new Lookup().ofType("ec.Shipped", 4_096).carrying("42", 4_096)
    .ofType("ec.Refused", 4_096);
  assert.deepEqual(scan.asked, [wanted]);
});

Deno.test("replays: an event with the id of an earlier one cannot be supposed", async () => {
  const { daybook, replays } = await start();
  const { jobId } = await daybook.create({ plan: plan([shipped("42")]) });
  const before = daybook.engine.headLogId;
  const other = await daybook.event("ec.Unrelated", {}, { eventId: eventId("evt_taken") });
  const added = incoming("ec.Shipped", { orderId: "42" }, { eventId: "evt_taken" });

  const answer = await replays.whatIf(jobId, {
    with: [{ ...added, eventId: eventId("evt_new") }, added],
  });

  assert.deepEqual(answer, {
    ok: false,
    problem: {
      kind: "impossibleSupposition",
      issues: [{
        pointer: "/with/1/eventId",
        detail: `is the id of entry ${other.logId}, ec.Unrelated, which came before: a second ` +
          "delivery changes nothing; give the event another id, or none",
      }],
    },
  });
  // With an earlier position it would have been the first.
  const earlier = await replays.whatIf(jobId, { with: [{ ...added, after: before }] });
  assert.equal(valueOf(earlier).job.state, "Done");
});
