/**
 * Explaining a job of 10,000 entries, in a journal of a million entries and in one of a hundred
 * thousand. The time should depend on the job's own entries, not on the journal's.
 */

import { type EventType, eventType, type JobId } from "../src/core/ids.ts";
import { DEFAULT_POLICY, type ExpectedEvent } from "../src/core/job_plan.ts";
import type { Daybook } from "../src/server/daybook.ts";
import { openDaybook, type Result, withTwoDaybooks } from "./fixtures.ts";

const JOB = "job" as JobId;
const MINE = eventType("bench.Mine");
const OTHER = eventType("bench.Other");
/** Never comes, so the job keeps waiting. */
const LAST = eventType("bench.Last");
const OWN = 10_000;
const SHORT = 100_000;
const LONG = 1_000_000;
const REQUEST = 1_000;
const ROUNDS = 7;

export async function explainJob(): Promise<readonly Result[]> {
  const { baseline, measured, ratio } = await withTwoDaybooks(
    ROUNDS,
    [SHORT, LONG],
    filled,
    explain,
  );
  return [{
    name: "explaining a job of 10,000 entries in a journal of 1,000,000, against 100,000",
    figure: `${measured.toFixed(0)} ms, in the short journal ${baseline.toFixed(0)} ms; ` +
      "the ratio is of times",
    ratio,
  }];
}

/** A newly opened journal of this many entries, with the job's own spread evenly over it. */
async function filled(folder: string, entries: number): Promise<Daybook> {
  const flags = ["--segment-bytes", "16MiB", "--snapshot-every", "1000000000"];
  const daybook = await openDaybook(folder, flags);
  await createJob(daybook);
  const gap = entries / OWN;
  for (let first = 0; first < entries; first += REQUEST) {
    await daybook.engine.deliver(
      Array.from({ length: REQUEST }, (_, index) => event((first + index) % gap === 0)),
    );
  }
  await daybook.stop(() => Promise.resolve());
  return await openDaybook(folder, flags);
}

async function createJob({ engine }: Daybook): Promise<void> {
  const expected = [expectation("mine", MINE, OWN), expectation("last", LAST, 1)];
  const outcome = await engine.create({ jobId: JOB, plan: { expected, policy: DEFAULT_POLICY } });
  if (!outcome.ok) throw new Error(outcome.problem.kind);
}

function expectation(id: string, type: EventType, times: number): ExpectedEvent {
  const matcher = { eventType: type, correlation: "any" } as const;
  return { id, kind: "DomainFact", matcher, multiplicity: { times } };
}

function event(isMine: boolean) {
  const common = { stratum: "domain", attributes: { orderId: "42", region: "JP" } } as const;
  return isMine ? { ...common, eventType: MINE, jobId: JOB } : { ...common, eventType: OTHER };
}

/** Milliseconds. */
async function explain({ engine }: Daybook): Promise<number> {
  const started = performance.now();
  const explanation = await (await engine.explanations()).explainer.explain(JOB);
  const elapsedMs = performance.now() - started;
  if (explanation?.condition !== "waiting") throw new Error("the job should wait");
  return elapsedMs;
}
