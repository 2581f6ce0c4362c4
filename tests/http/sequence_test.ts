/** After any sequence of requests the server agrees with a simple model. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import { createApp } from "../../src/http/app.ts";
import { rounds } from "../support/effort.ts";
import { withMembers } from "../support/engine/replaced.ts";
import { startApp, type TestApp } from "../support/http/http_app.ts";
import { assertAgreement, COMMANDS } from "./sequence_commands.ts";
import { SequenceModel } from "./sequence_model.ts";

const RUNS = rounds(100, 6_000, 20);
const COMMANDS_MAX = 60;

type Start = () => Promise<TestApp>;

function property(start: Start) {
  const commands = fc.commands(COMMANDS, { maxCommands: COMMANDS_MAX, size: "max" });
  return fc.asyncProperty(commands, async (sequence) => {
    const [model, real] = [new SequenceModel(), await start()];
    await fc.asyncModelRun(() => ({ model, real }), sequence);
    await assertAgreement(model, real);
  });
}

Deno.test("sequence: states, refusals, tags, keys, pages and streams agree with the model", async () => {
  await fc.assert(property(startApp), { numRuns: RUNS });
});

/** The same server over a changed engine. */
async function startSpoilt(spoil: (engine: JobEngine) => Partial<JobEngine>): Promise<TestApp> {
  const app = await startApp();
  const engine = withMembers(app.engine, spoil(app.engine));
  const spoilt = createApp({ engine, clock: app.clock });
  return {
    ...app,
    app: spoilt,
    get: async (path, headers = {}) => await spoilt.request(path, { headers }),
    post: async (path, body = {}, headers = {}) =>
      await spoilt.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
  };
}

/** Each breaks one promise. */
const SPOILT: Readonly<Record<string, (engine: JobEngine) => Partial<JobEngine>>> = {
  "forgets keys": (engine) => ({
    create: ({ idempotency: _, ...request }) => engine.create(request),
  }),
  "repeats a job in the next page": (engine) => ({
    lists: withMembers(engine.lists, {
      page(query) {
        const page = engine.lists.page(query);
        return page.next === undefined ? page : { ...page, next: page.next + 1 };
      },
    }),
  }),
  "leaves a job out of the next page": (engine) => ({
    lists: withMembers(engine.lists, {
      page(query) {
        const { jobs, next } = engine.lists.page(query);
        const [after] = next === undefined
          ? []
          : engine.lists.page({ ...query, before: next, limit: 1 }).jobs;
        return after === undefined ? { jobs } : { jobs, next: after.firstLogId };
      },
    }),
  }),
  "leaves an entry out of the stream": (engine) => ({
    // Never the last one, which a stream would search for repeatedly.
    entries: async (after, limit) =>
      (await engine.entries(after, limit)).filter(({ logId }) =>
        logId % 9 !== 0 || logId === engine.headLogId
      ),
  }),
  "takes the same event twice": (engine) => ({
    deliver: (events) => engine.deliver(events.map(({ eventId: _, ...event }) => event)),
  }),
  "shows an old ETag": (engine) => ({
    job(jobId) {
      const job = engine.job(jobId);
      return job === undefined ? undefined : { ...job, lastLogId: job.firstLogId };
    },
  }),
  "starts a suspended job over": (engine) => ({
    control: (jobId, request) =>
      engine.control(jobId, request.kind === "resume" ? { kind: "suspend" } : request),
  }),
  "forgets what had counted": (engine) => ({
    async retry(jobId, request) {
      const job = engine.job(jobId);
      if (job === undefined || job.state !== "Failed") return await engine.retry(jobId, request);
      const created = await engine.create({ plan: job.plan, labels: job.labels });
      return created.ok ? { ok: true, value: { ...created.value.job, retryOf: jobId } } : created;
    },
  }),
};

for (const [name, spoil] of Object.entries(SPOILT)) {
  Deno.test(`sequence: a server that ${name} is caught`, async () => {
    const outcome = await fc.check(property(() => startSpoilt(spoil)), {
      numRuns: Math.max(RUNS, 300),
      endOnFailure: true,
    });
    assert.ok(outcome.failed, "it was not caught");
    console.log(`sequence: ${name}: caught in run ${outcome.numRuns}`);
  });
}
