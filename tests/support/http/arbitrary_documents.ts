/** Valid bodies for each route, as a well-behaved client sends them. */

import fc from "fast-check";
import { correlations } from "../../core/arbitrary_correlations.ts";

const ORDERS = fc.constantFrom("1", "2", "3");
const TYPES = fc.constantFrom("shop.ParcelShipped", "shop.ParcelLost", "a.B", "shop.OrderPlaced");
const ids = fc.string({ unit: fc.constantFrom(..."ab:~.-_9"), minLength: 1, maxLength: 12 })
  .filter((text) => text !== "." && text !== "..");
const labels = fc.dictionary(fc.constantFrom("team", "a/b"), fc.string({ maxLength: 20 }), {
  maxKeys: 2,
}).map((all) => ({ ...all }));
const times = fc.constantFrom(
  "2026-01-01T00:00:00Z",
  "2026-01-01T00:05:00+02:00",
  "2020-02-29T12:00:00.5Z",
);

const taken = { requiredKeys: [] };

const matchers = fc.record({ eventType: TYPES, correlation: correlations }, {
  requiredKeys: ["eventType"],
});

const expectations = fc.record({
  id: ids,
  kind: fc.constantFrom("TaskCompletion", "DomainFact", "ExternalSignal"),
  eventType: TYPES,
  correlation: correlations,
  multiplicity: fc.oneof(
    fc.constantFrom("ExactlyOnce", "AtLeastOnce"),
    fc.record({ times: fc.integer({ min: 1, max: 4 }) }),
  ),
  taskId: ids,
}, { requiredKeys: ["id", "eventType"] });

export const plans = fc.record({
  expected: fc.uniqueArray(expectations, { maxLength: 3, selector: ({ id }) => id }),
  policy: fc.record({
    errors: fc.array(matchers, { maxLength: 2 }),
    compensation: fc.record({ succeeded: matchers, failed: matchers }),
    onCompensated: fc.constantFrom("Done", "Failed"),
  }, taken),
}, { requiredKeys: ["expected"] });

const work = fc.oneof(
  fc.record({ type: fc.constant("test.greet"), input: fc.record({ name: fc.string() }) }),
  fc.record({ type: fc.constant("test.parcel"), input: fc.record({ orderId: ORDERS }) }),
  fc.record({ type: fc.constant("test.doomed"), input: fc.constant({}) }),
  fc.record({ type: fc.constant("test.stuck") }),
  fc.record({ plan: plans }),
  fc.record({ plan: fc.constant({ expected: [{ id: "one", eventType: "shop.ParcelShipped" }] }) }),
);

export const creations = fc.tuple(
  work,
  fc.record({ priority: fc.integer({ min: -1_000, max: 1_000 }), labels }, taken),
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    fc.record({ start: fc.boolean() }),
    fc.record({ startAt: times }),
  ),
).map(([what, common, start]) => ({ ...what, ...common, ...start }));

export const events = fc.record({
  eventType: TYPES,
  attributes: fc.oneof(
    fc.record({ orderId: fc.oneof(ORDERS, fc.integer()) }),
    fc.dictionary(fc.constantFrom("a", "b", "text"), fc.string(), { maxKeys: 3 })
      .map((all) => ({ ...all })),
  ),
  eventId: ids,
  occurredAt: times,
  taskId: ids,
  traceId: ids,
  spanId: ids,
  stratum: fc.constantFrom("domain", "coordination"),
}, { requiredKeys: ["eventType"] });

export const cloudEvents = fc.record({
  specversion: fc.constant("1.0"),
  id: fc.string({ minLength: 1, maxLength: 20 }),
  source: fc.constantFrom("/shop", "urn:x"),
  type: TYPES,
  subject: fc.string({ minLength: 1, maxLength: 20 }),
  time: times,
  data: fc.oneof(fc.record({ orderId: ORDERS }), fc.string()),
  extension: fc.string({ maxLength: 5 }),
}, { requiredKeys: ["specversion", "id", "source", "type"] });

export const suppositions = fc.oneof(
  fc.constantFrom({}, { upTo: "2026-01-01T00:00:00Z" }, { with: [{ eventType: "a.B" }] }),
  fc.record({
    limits: fc.record({
      maxRunning: fc.constantFrom(null, 0, 1, 6, 1e9),
      perKey: fc.constantFrom(null, 1, 2.5),
      rate: fc.constantFrom(null, { count: 2, perMs: 60_000 }, { count: 0, perMs: 1 }),
    }, taken),
  }),
  fc.record({
    plan: plans,
    without: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }),
    with: fc.array(
      fc.oneof(
        events,
        fc.tuple(events, fc.integer({ min: 1, max: 60 }))
          .map(([event, after]) => ({ ...event, after })),
      ),
      { maxLength: 3 },
    ),
    upTo: fc.oneof(fc.integer({ min: 1, max: 60 }), times, ids),
  }, taken),
);

export const bulkActions = fc.record({
  action: fc.constantFrom("retry", "cancel", "suspend", "resume"),
  filter: fc.record({
    state: fc.array(fc.constantFrom("Running", "Failed"), { minLength: 1, maxLength: 2 }),
    condition: fc.array(fc.constantFrom("waiting", "failed"), { minLength: 1, maxLength: 2 }),
    type: fc.array(fc.constantFrom("test.greet", "test.doomed"), { minLength: 1, maxLength: 1 }),
    label: fc.constantFrom([], ["team:a"]),
    search: fc.constantFrom("bank", "test"),
    retried: fc.boolean(),
  }, taken),
  dryRun: fc.boolean(),
  upTo: fc.constantFrom(0, 1, 3, 5, 7, 9, 999),
  before: fc.integer({ min: 0, max: 60 }),
  again: fc.boolean(),
  limit: fc.integer({ min: 1, max: 3 }),
  reason: fc.string({ maxLength: 20 }),
}, { requiredKeys: ["action", "filter"] });

/** For a type without jobs, so that the others continue. */
export const pauses = fc.record({
  label: fc.constantFrom("none:such", "none:such", "none:", "none"),
  type: fc.constantFrom("test.greet", "test.greet", "test.parcel", "test.gret"),
  reason: fc.constantFrom("the bank is down", "stocktaking", "x", " "),
  until: fc.constantFrom("2126-01-01T00:00:00Z", "2126-01-01T00:00:00+01:00", "tomorrow"),
}, { requiredKeys: ["label", "reason"] });

/** So many that no job matches them. */
export const limits = fc.record({
  maxRunning: fc.constantFrom(400, 500, 600, 700, 800, 0),
  rate: fc.constantFrom({ count: 500, perMs: 1_000 }, { count: 500, perMs: 60_000 }, "many"),
  reason: fc.constantFrom("the bank is slow", "stocktaking", "a new contract", "x", "y", " "),
}, { requiredKeys: ["maxRunning", "reason"] });

export const reasons = fc.record({ reason: fc.string({ maxLength: 100 }) }, taken);

export const retries = fc.record({
  reason: fc.string({ maxLength: 100 }),
  from: fc.constantFrom("reserve", "mail", "charge"),
}, taken);
