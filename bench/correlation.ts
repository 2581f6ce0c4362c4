/** Matching one event: what it costs with 100,000 waiting jobs, against 100. */

import { eventType } from "../src/core/event_type.ts";
import type { JobId } from "../src/core/ids.ts";
import { DEFAULT_POLICY } from "../src/core/job_plan.ts";
import { CorrelationIndex } from "../src/engine/correlation_index.ts";
import { median, type Result } from "./fixtures.ts";

const SHIPPED = eventType("ec.shipment.ShipmentCompleted");
const EVENTS = 200_000;
const ROUNDS = 5;

export function correlation(): Result {
  const few = indexOf(100);
  const many = indexOf(100_000);
  const pairs = Array.from({ length: ROUNDS }, () => [cost(few, 100), cost(many, 100_000)]);
  const [small, large] = [0, 1].map((side) => median(pairs.map((pair) => pair[side] ?? NaN)));
  const ratio = median(pairs.map(([before = NaN, after = NaN]) => before / after));
  const figure = `${large?.toFixed(2)} us with 100,000 waiting, ${small?.toFixed(2)} us with 100`;
  return { name: "matching an event among 100,000 jobs, against 100", figure, ratio, target: 0.3 };
}

function indexOf(jobs: number): CorrelationIndex {
  const index = new CorrelationIndex();
  for (let job = 0; job < jobs; job++) {
    const equals = { region: "JP", orderId: `order-${job}` };
    index.add(`job_${job}` as JobId, {
      expected: [{
        id: "shipped",
        kind: "DomainFact",
        matcher: { eventType: SHIPPED, correlation: { equals } },
        multiplicity: "ExactlyOnce",
      }],
      policy: DEFAULT_POLICY,
    });
  }
  return index;
}

/** Microseconds for one event that one job waits for. */
function cost(index: CorrelationIndex, jobs: number): number {
  const started = performance.now();
  let found = 0;
  for (let event = 0; event < EVENTS; event++) {
    const attributes = { region: "JP", orderId: `order-${(event * 7919) % jobs}` };
    found += index.jobsFor({ eventType: SHIPPED, attributes }).length;
  }
  if (found !== EVENTS) throw new Error(`found ${found} jobs for ${EVENTS} events`);
  return (performance.now() - started) * 1_000 / EVENTS;
}
