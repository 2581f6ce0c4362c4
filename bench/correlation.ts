/** Matching one event to its job, with 100,000 waiting jobs and with 100. */

import { eventType, type JobId } from "../src/core/ids.ts";
import { DEFAULT_POLICY, type JobPlan } from "../src/core/job_plan.ts";
import type { Daybook } from "../src/server/daybook.ts";
import { CorrelationIndex } from "../src/engine/matching/correlation_index.ts";
import { median, perSecond } from "./figures.ts";
import { many, openDaybook, type Result, withTwoDaybooks } from "./fixtures.ts";

const SHIPPED = eventType("ec.shipment.ShipmentCompleted");
const FEW = 100;
const MANY = 100_000;
const LOOKUPS = 100_000;
const EVENTS = 20_000;
const ROUNDS = 3;

/** Each job waits for its own order, all in one region, and for more events than will come. */
function planOf(job: number): JobPlan {
  const equals = { region: "JP", orderId: `order-${job}` };
  return {
    expected: [{
      id: "shipped",
      kind: "DomainFact",
      matcher: { eventType: SHIPPED, correlation: { equals } },
      multiplicity: { times: 1_000_000 },
    }],
    policy: DEFAULT_POLICY,
  };
}

export async function correlation(): Promise<readonly Result[]> {
  return [lookups(), await deliveries()];
}

function lookups(): Result {
  const [little, much] = [indexOf(FEW), indexOf(MANY)];
  const costs = Array.from({ length: ROUNDS }, () => [cost(little, FEW), cost(much, MANY)]);
  const [small, large] = [0, 1].map((side) => median(costs.map((pair) => pair[side] ?? NaN)));
  return {
    name: "finding an event's job among 100,000",
    figure: `${large?.toFixed(2)} us, among 100 ${small?.toFixed(2)} us (processor caches)`,
  };
}

function indexOf(jobs: number): CorrelationIndex {
  const index = new CorrelationIndex();
  for (let job = 0; job < jobs; job++) index.add(`job_${job}` as JobId, planOf(job));
  return index;
}

/** Microseconds for one lookup. */
function cost(index: CorrelationIndex, jobs: number): number {
  const started = performance.now();
  let found = 0;
  for (let event = 0; event < LOOKUPS; event++) {
    found += index.jobsFor({ eventType: SHIPPED, attributes: attributesOf(event, jobs) }).length;
  }
  if (found !== LOOKUPS) throw new Error(`found ${found} jobs for ${LOOKUPS} events`);
  return (performance.now() - started) * 1_000 / LOOKUPS;
}

function attributesOf(event: number, jobs: number) {
  return { region: "JP", orderId: `order-${(event * 7_919) % jobs}` };
}

/** End to end: the event recorded, its job found, the match recorded and projected. */
async function deliveries(): Promise<Result> {
  const { baseline, measured, ratio } = await withTwoDaybooks(
    ROUNDS,
    [FEW, MANY],
    waiting,
    deliverAll,
  );
  const figure = `${Math.round(measured)} events/s, with 100 ${Math.round(baseline)} events/s`;
  const name = "delivering events with 100,000 jobs waiting, against 100";
  return { name, figure, ratio, target: 0.7 };
}

async function waiting(folder: string, jobs: number): Promise<Daybook> {
  const daybook = await openDaybook(folder, ["--snapshot-every", "1000000000"]);
  await many(jobs, async (job) => void await daybook.engine.create({ plan: planOf(job) }));
  return daybook;
}

async function deliverAll({ engine }: Daybook, jobs: number): Promise<number> {
  const started = performance.now();
  await many(EVENTS, async (event) => {
    const attributes = attributesOf(event, jobs);
    const [receipt] = await engine.deliver([{ eventType: SHIPPED, stratum: "domain", attributes }]);
    if (receipt?.jobs.length !== 1) throw new Error("an event did not find its job");
  });
  return perSecond(EVENTS, performance.now() - started);
}
