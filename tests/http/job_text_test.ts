/** The fast text of a newly started job equals the general one, byte for byte. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobState } from "../../src/core/job_state.ts";
import type { CreateRequest } from "../../src/engine/requests.ts";
import { jobText, minimalText } from "../../src/http/answers/job_answer.ts";
import { jobView } from "../../src/documents/jobs.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { stepsOf } from "../support/engine/folding.ts";
import { creations } from "../support/http/arbitrary_documents.ts";
import { rounds } from "../support/effort.ts";
import { startApp } from "../support/http/http_app.ts";

/** Whether the text, if there is one, equals that of the general serializer. */
function isSame(job: JobState, general = JSON.stringify(jobView(job))): boolean {
  return (jobText(job) ?? general) === general;
}

function assertSame(job: JobState): void {
  assert.ok(isSame(job));
  const { jobId, state, links: { replay: _, ...links } } = jobView(job);
  assert.equal(minimalText(job), JSON.stringify({ jobId, state, links }));
}

Deno.test("job text: it equals the general serializer's, at each entry of any job", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      for (const { job } of stepsOf(entries)) assertSame(job);
    }),
    { numRuns: rounds(1_000, 50_000, 200) },
  );
});

/** An app that keeps the last job that the engine created. */
async function watchedApp() {
  const app = await startApp();
  const create = app.engine.create.bind(app.engine);
  const seen: { job?: JobState } = {};
  app.engine.create = async (request: CreateRequest) => {
    const outcome = await create(request);
    if (outcome.ok) seen.job = outcome.value.job;
    return outcome;
  };
  return { ...app, seen };
}

Deno.test("job text: POST /jobs answers with the general text of the job, and its Location", async () => {
  const app = await watchedApp();
  const check = fc.asyncProperty(creations, async (body) => {
    const response = await app.post("/jobs", body);
    const text = await response.text();
    if (response.status !== 202) return;
    const { job } = app.seen;
    assert.ok(job);
    assert.equal(text, JSON.stringify(jobView(job)));
    assert.deepEqual(Object.fromEntries(response.headers), {
      "content-type": "application/json",
      location: `/jobs/${job.jobId}`,
    });
  });
  await fc.assert(check, { numRuns: rounds(300, 10_000, 60) });
});

const BROKEN: Readonly<Record<string, (job: JobState) => JobState>> = {
  "the labels": (job) => ({ ...job, labels: {} }),
  "tasks": (job) => ({ ...job, tasks: [] }),
  "what has matched": (job) => ({ ...job, expected: [] }),
  "the version": (job) => ({ ...job, definitionVersion: 7 }),
};

for (const [what, change] of Object.entries(BROKEN)) {
  Deno.test(`job text: one that forgets ${what} is caught`, () => {
    const differs = fc.property(
      stories,
      ({ entries }) =>
        stepsOf(entries).every(({ job }) => isSame(change(job), JSON.stringify(jobView(job)))),
    );
    assert.throws(() => fc.assert(differs, { numRuns: 1_000 }));
  });
}
