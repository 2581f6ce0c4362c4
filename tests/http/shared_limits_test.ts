/** Limits and pauses of a shared journal: what counted before a takeover counts after it. */

import assert from "node:assert/strict";
import { Members, type SharedMember } from "../support/http/shared_members.ts";
import { until } from "../support/until.ts";
import { looseJob } from "../support/engine/loose_job.ts";

const HOUR_MS = 3_600_000;

const DEFINITIONS = [
  looseJob("test.rated", () => Promise.resolve(), {
    limits: { rate: { count: 2, perMs: HOUR_MS } },
  }),
  looseJob("test.paused", () => Promise.resolve()),
];

async function json(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  assert.ok(response.ok, text);
  return JSON.parse(text);
}

async function submit(member: SharedMember, type: string, ...jobIds: readonly string[]) {
  for (const jobId of jobIds) await json(await member.post("/jobs", { type, jobId, input: {} }));
}

async function conditionOf(member: SharedMember, jobId: string): Promise<unknown> {
  return (await json(await member.get(`/jobs/${jobId}`)))["condition"];
}

async function done(member: SharedMember, ...jobIds: readonly string[]): Promise<void> {
  for (const jobId of jobIds) {
    await until(`${jobId} is done`, async () => await conditionOf(member, jobId) === "succeeded");
  }
}

type Told = Readonly<Record<string, unknown>>;

/** What only the leader knows, without the time at which the next job may start. */
async function inForce(member: SharedMember) {
  const { limits: [rated] } = await json(await member.get("/limits")) as {
    limits: readonly (Told & { rates: readonly Told[] })[];
  };
  const { pauses: [pause] } = await json(await member.get("/pauses")) as {
    pauses: readonly Told[];
  };
  const [rate] = rated?.rates ?? [];
  return { rated: { ...rated, rates: undefined }, began: rate?.["began"], pause };
}

Deno.test("takeover: rates, changed limits and pauses stay in force, and held jobs stay held", async () => {
  await using members = new Members({ definitions: DEFINITIONS });
  const first = await members.lead("first");
  const second = await members.join("second");
  await submit(first, "test.rated", "r1", "r2", "r3");
  await done(first, "r1", "r2");
  assert.equal(await conditionOf(first, "r3"), "queued");
  const change = { rate: { count: 3, perMs: HOUR_MS }, reason: "a new contract" };
  await json(await first.put("/limits/test.rated", change));
  await submit(first, "test.rated", "r4");
  await done(first, "r3");
  await json(await first.post("/pauses", { type: "test.paused", reason: "stocktaking" }));
  await submit(first, "test.paused", "p1");
  const before = await inForce(first);
  assert.equal(before.began, 3);
  assert.equal(before.pause?.["jobs"], 1);
  assert.deepEqual(await inForce(second), before);
  await members.succeed(second);
  assert.deepEqual(await inForce(second), before);
  await submit(second, "test.rated", "r5");
  await submit(second, "test.paused", "p2");
  for (const jobId of ["r4", "r5", "p1", "p2"]) {
    assert.equal(await conditionOf(second, jobId), "queued", jobId);
  }
  await json(
    await second.put("/limits/test.rated", { ...change, rate: { ...change.rate, count: 4 } }),
  );
  await done(second, "r4");
  assert.equal(await conditionOf(second, "r5"), "queued");
  await json(await second.delete(`/pauses/${before.pause?.["pauseId"]}`));
  await done(second, "p1", "p2");
});
