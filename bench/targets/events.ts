/** Events without a `jobId`, each for one of 400,000 waiting jobs, and for one of 1,000. */

import { inRounds, medianOf, perSecond, whole } from "../figures.ts";
import { postFor } from "../load/wrk.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { untilQuiet } from "../system.ts";
import { atLeast, type Row } from "../table.ts";
import { WITHOUT_SNAPSHOTS } from "./job_bodies.ts";
import { fill, SHIPPED, waitingPlan } from "./waiting_jobs.ts";

const ROUNDS = 3;
const FEW = 1_000;
const MANY = 400_000;
const SECONDS = 3;
/** The variation of two cores under load. */
const FLAT = 0.8;

const EVENT = JSON.stringify({
  eventType: SHIPPED,
  attributes: { region: "JP", orderId: "order-{n}" },
});

export async function eventRows(): Promise<readonly Row[]> {
  await using few = await startDaybook({ flags: WITHOUT_SNAPSHOTS });
  await using many = await startDaybook({ flags: WITHOUT_SNAPSHOTS });
  using _companyOfFew = await keepCompany(few.url);
  using _companyOfMany = await keepCompany(many.url);
  await fill(few.url, waitingPlan(FEW), FEW);
  const waiting = await fill(many.url, waitingPlan(MANY), MANY);
  // The reader of the stream has some seconds to catch up.
  await untilQuiet(many.pid);
  await Promise.all([deliver(few.url, FEW), deliver(many.url, MANY)]);
  const rounds = await inRounds(ROUNDS, async () => ({
    few: await deliver(few.url, FEW),
    many: await deliver(many.url, MANY),
  }));
  const rate = medianOf(rounds, (round) => round.many);
  const ratio = medianOf(rounds, (round) => round.many / round.few);
  return [
    {
      what: `events without jobId, ${whole(waiting)} jobs waiting`,
      measured: `${whole(rate)}/s`,
      baseline: `1,000 waiting: ${whole(medianOf(rounds, (round) => round.few))}/s`,
      reached: `${whole(rate)}/s, ${ratio.toFixed(2)} of it`,
      target: "10,000/s, flat",
      verdict: ratio < FLAT ? "MISSED" : atLeast(rate, 10_000),
    },
  ];
}

async function deliver(url: string, numbers: number): Promise<number> {
  const load = { url: `${url}/events`, body: EVENT, numbers };
  const { answered, elapsedMs } = await postFor(SECONDS, load);
  return perSecond(answered, elapsedMs);
}
