/**
 * For each kind of likeness, the event that was meant is named among other events, with the kind;
 * without it, none is named.
 */

import assert from "node:assert/strict";
import type { Citation, NearMiss } from "../../src/explain/statements/explanation.ts";
import { Explained } from "../support/engine/explained.ts";

const TYPE = "billing.payment.PaymentReceived";

interface Story {
  readonly kind: NearMiss<Citation>["likeness"];
  readonly name: string;
  /** A text in the explanation's first sentence. */
  readonly says: RegExp;
  readonly equals?: object;
  readonly before?: (daybook: Explained) => Promise<void>;
  readonly culprit: (daybook: Explained) => Promise<void>;
}

const STORIES: readonly Story[] = [
  {
    kind: "form",
    name: "two ways to write one letter",
    equals: { customer: "Jörg Nord" },
    says: /customer: .*"ö" as U\+00F6 was expected/,
    culprit: (daybook) => daybook.event(TYPE, { customer: "Jo\u0308rg Nord" }),
  },
  {
    kind: "form",
    name: "a text for a number",
    says: /orderId: expected 7118 \(number\), found "7118" \(text\)/,
    culprit: (daybook) => daybook.event(TYPE, { orderId: "7118" }),
  },
  {
    kind: "form",
    name: "another way to write a date",
    equals: { day: "2026-11-26" },
    says: /the same date, written in another way/,
    culprit: (daybook) => daybook.event(TYPE, { day: "26.11.2026" }),
  },
  {
    kind: "type",
    name: "a plural namespace",
    says: /its type is not billing\.payment\.PaymentReceived \(singular and plural\)/,
    culprit: (daybook) => daybook.event("billing.payments.PaymentReceived", { orderId: 7118 }),
  },
  {
    kind: "address",
    name: "another job, for which it counted",
    says: /it names job other, where it counted for "paid"/,
    culprit: (daybook) => daybook.event(TYPE, { orderId: 7118 }, { jobId: "other" }),
  },
  {
    kind: "place",
    name: "a level deeper",
    says: /orderId: expected 7118, found nothing; 7118 is at order\.orderId/,
    culprit: (daybook) => daybook.event(TYPE, { order: { orderId: 7118 } }),
  },
  {
    kind: "place",
    name: "another key",
    says: /orderId: expected 7118, found nothing; 7118 is at reference/,
    culprit: (daybook) => daybook.event(TYPE, { reference: 7118 }),
  },
  {
    kind: "time",
    name: "before the start",
    says: /it came before the job started/,
    before: (daybook) => daybook.event(TYPE, { orderId: 7118 }),
    culprit: async () => {},
  },
  {
    kind: "part",
    name: "an id with a prefix",
    equals: { orderId: "O-1021x" },
    says:
      /orderId: expected "O-1021x", found "urn:order:O-1021x" \(the text contains the expected value\); send the value by itself, at orderId/,
    culprit: (daybook) => daybook.event(TYPE, { orderId: "urn:order:O-1021x" }),
  },
  {
    kind: "part",
    name: "an id in lower case with a prefix, elsewhere",
    equals: { orderId: "O-1021x" },
    says:
      /orderId: expected "O-1021x", found nothing; "urn:order:o-1021x" is at parcel\.ref \(the text contains/,
    culprit: (daybook) => daybook.event(TYPE, { parcel: { ref: "urn:order:o-1021x" } }),
  },
  {
    kind: "part",
    name: "a control character before the id",
    equals: { orderId: "O-1013" },
    says: /found "\\u0000O-1013" \(the text contains the expected value\)/,
    culprit: (daybook) => daybook.event(TYPE, { orderId: "\u0000O-1013" }),
  },
  {
    kind: "part",
    name: "a prefix before a number",
    says:
      /orderId: expected 7118, found nothing; "gid:\/\/shop\/Order\/7118" \(text\) is at order \(/,
    culprit: (daybook) => daybook.event(TYPE, { order: "gid://shop/Order/7118" }),
  },
  {
    kind: "encoded",
    name: "the whole event as a text",
    equals: { orderId: "O-1025", region: "EU" },
    says:
      /orderId: expected "O-1025", found nothing; .* is at data \(the text is JSON that has the expected value\); .*; send each value by itself, at orderId and region/,
    culprit: (daybook) =>
      daybook.event(TYPE, { data: JSON.stringify({ orderId: "O-1025", region: "EU" }) }),
  },
  {
    kind: "encoded",
    name: "an object as a text",
    says: /orderId: expected 7118, found "\{.*\}" \(the text is JSON that has the expected value\)/,
    culprit: (daybook) => daybook.event(TYPE, { orderId: JSON.stringify({ orderId: "7118" }) }),
  },
  {
    kind: "values",
    name: "the job's own values under another type",
    says: /shop\.Remark came at .*, with this job's orderId 7118/,
    culprit: (daybook) => daybook.event("shop.Remark", { about: 7118 }),
  },
];

async function tell(story: Story, hasCulprit: boolean): Promise<Explained> {
  const daybook = await Explained.start();
  const any = { expected: [{ id: "paid", eventType: TYPE, multiplicity: { times: 9 } }] };
  // An event that has the value inside a text, and counted for another job, was meant for that.
  const isInside = story.kind === "part" || story.kind === "encoded";
  if (!isInside) await daybook.post("/jobs", { jobId: "other", plan: any });
  if (hasCulprit) await story.before?.(daybook);
  await daybook.clock.advance(1_000);
  const { equals = { orderId: 7118 } } = story;
  const expected = [{ id: "paid", eventType: TYPE, correlation: { equals } }];
  await daybook.post("/jobs", { jobId: "job", plan: { expected } });
  await daybook.clock.advance(1_000);
  if (hasCulprit) await story.culprit(daybook);
  for (let other = 0; other < 30; other++) {
    await daybook.clock.advance(10);
    const attributes = { orderId: 100 + other, customer: `c${other}`, currency: "EUR", n: 1 };
    await daybook.event(other % 3 === 0 ? "shop.ParcelShipped" : TYPE, attributes);
  }
  return daybook;
}

for (const story of STORIES) {
  Deno.test(`likeness: ${story.kind}: ${story.name}`, async () => {
    const daybook = await tell(story, true);
    const { summary, waitingFor: [wait] } = await daybook.explanation("job");
    assert.equal(wait?.nearMisses.length, 1, JSON.stringify(wait?.nearMisses));
    assert.equal(wait?.nearMisses[0]?.likeness, story.kind);
    assert.match(summary, story.says);
    await daybook.assertCitations("job");
  });

  Deno.test(`likeness: without it, no event is named: ${story.name}`, async () => {
    const { summary, waitingFor: [wait] } = await (await tell(story, false)).explanation("job");
    assert.deepEqual(wait?.nearMisses, []);
    assert.match(summary, /(?:: |, and )no event on record resembles what is missing[.:]/);
  });
}

Deno.test("likeness: an event with the job's own values that reached its own job is not named", async () => {
  const daybook = await Explained.start();
  for (const [jobId, parcel] of [["job", "p-1"], ["other", "p-2"]]) {
    const correlation = { equals: { customer: "c-77", parcel } };
    const expected = [{ id: "paid", eventType: TYPE, correlation }];
    await daybook.post("/jobs", { jobId, plan: { expected } });
  }
  await daybook.event(TYPE, { customer: "c-77", parcel: "p-2" });
  const { waitingFor: [wait] } = await daybook.explanation("job");
  assert.deepEqual(wait?.nearMisses, []);
});

Deno.test("likeness: a value in more than 20 events is no likeness, and one in 20 is", async () => {
  for (const [count, isInRow] of [[20, true], [21, false]] as const) {
    const daybook = await Explained.start();
    const correlation = { equals: { orderId: 7118 } };
    const plan = { expected: [{ id: "paid", eventType: TYPE, correlation }] };
    await daybook.post("/jobs", { jobId: "job", plan });
    for (let at = 0; at < count; at++) await daybook.event("shop.Remark", { about: 7118 });
    const { waitingFor: [wait] } = await daybook.explanation("job");
    assert.equal((wait?.nearMisses.length ?? 0) > 0, isInRow, `${count}`);
  }
});

Deno.test("likeness: a suggested event has no value of another job's event", async () => {
  const daybook = await Explained.start();
  const correlation = { equals: { orderId: 7118 } };
  const plan = { expected: [{ id: "paid", eventType: TYPE, correlation }] };
  await daybook.post("/jobs", { jobId: "job", plan });
  await daybook.event(TYPE, { orderId: "7118", amount: 19.9, payer: "somebody else" });
  const { next } = await daybook.explanation("job");
  const bodies = next.flatMap(({ action }) => action?.body ?? []);
  assert.deepEqual(bodies, [{ eventType: TYPE, jobId: "job", attributes: { orderId: 7118 } }]);
});

Deno.test("likeness: an event that mentions the value, but has another one at its path, is not named", async () => {
  const daybook = await Explained.start();
  const correlation = { equals: { orderId: "O-1021" } };
  const expected = [{ id: "paid", eventType: TYPE, correlation }];
  await daybook.post("/jobs", { jobId: "job", plan: { expected } });
  await daybook.event(TYPE, { orderId: "O-1022", note: "replaces O-1021" });
  await daybook.event(TYPE, { orderId: "O-10219" });
  await daybook.event(TYPE, { orderId: "XO-1021" });
  const { waitingFor: [wait] } = await daybook.explanation("job");
  assert.deepEqual(wait?.nearMisses, []);
  assert.equal(
    wait?.remark,
    'No event on record resembles what is missing: "O-1021" was not found as a value in any of the 3 other ' +
      "events of this type.",
  );
});

Deno.test("likeness: a text with the value that counted for another job is not named", async () => {
  const daybook = await Explained.start();
  for (const [jobId, orderId] of [["job", "O-1021"], ["other", "urn:order:O-1021"]]) {
    const expected = [{ id: "paid", eventType: TYPE, correlation: { equals: { orderId } } }];
    await daybook.post("/jobs", { jobId, plan: { expected } });
  }
  await daybook.event(TYPE, { orderId: "urn:order:O-1021" });
  const { waitingFor: [wait] } = await daybook.explanation("job");
  assert.deepEqual(wait?.nearMisses, []);
});
