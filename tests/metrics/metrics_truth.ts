/** The job metrics of `/metrics`, compared with the jobs themselves, one by one. */

import assert from "node:assert/strict";
import { type Condition, deriveCondition } from "../../src/core/condition.ts";
import { isTerminal } from "../../src/core/job_state.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import type { TestApp } from "../support/http/http_app.ts";
import { type Family, readMetrics, valueOf } from "../support/http/metrics_text.ts";

export type Scraped = ReadonlyMap<string, Family>;

export async function scrape(app: Pick<TestApp, "get">): Promise<Scraped> {
  const response = await app.get("/metrics");
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  return readMetrics(text);
}

/** The sum of all series of a family. */
function total(scraped: Scraped, name: string): number {
  return (scraped.get(name)?.samples ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** Counts the jobs one by one and compares, for a process that started without jobs. */
export function assertAgrees(
  scraped: Scraped,
  engine: JobEngine,
  began = { created: 0, ended: 0 },
): void {
  const { jobs } = engine.list({ limit: 10_000 });
  const ended = jobs.filter(isTerminal).length;
  assertUnfinished(scraped, engine);
  assert.equal(valueOf(scraped, "daybook_recorded_jobs"), jobs.length);
  assert.equal(total(scraped, "daybook_jobs_created_total"), jobs.length - began.created);
  assert.equal(total(scraped, "daybook_jobs_total"), ended - began.ended);
}

export function assertUnfinished(scraped: Scraped, engine: JobEngine): void {
  const counts = new Map<Condition, number>();
  for (const job of engine.list({ limit: 10_000 }).jobs) {
    const condition = deriveCondition(job);
    if (!isTerminal(job)) counts.set(condition, (counts.get(condition) ?? 0) + 1);
  }
  for (const { labels, value } of scraped.get("daybook_unfinished_jobs")?.samples ?? []) {
    const condition = labels["condition"] as Condition;
    assert.equal(value, counts.get(condition) ?? 0, condition);
    counts.delete(condition);
  }
  assert.deepEqual([...counts], [], "conditions that are not shown");
}
