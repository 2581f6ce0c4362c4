/**
 * `what-if` with other limits: whether a job would start now, or how much less it would have
 * waited.
 */

import assert from "node:assert/strict";
import type { LimitValues } from "../../src/core/place_limits.ts";
import type { Citation } from "../../src/explain/statements/explanation.ts";
import type { LimitsWhatIf, SupposedLimits } from "../../src/explain/replay/limits_what_if.ts";
import { Explained } from "../support/engine/explained.ts";
import { Letters, lineOf } from "../support/engine/letters.ts";

const ASSUMED = {
  queued: ["No other job arrives or ends before the limits change; running jobs keep running."],
  begun: [
    "It would have waited just as long for a worker, although other limits change which jobs have one.",
    "Each job would have taken as long as it did: code is not run again.",
  ],
};

async function started(limits: LimitValues, maxRunning = 4) {
  const letters = new Letters();
  const daybook = await Explained.start({ definitions: [letters.definition(limits)], maxRunning });
  const submit = async (...jobIds: readonly string[]) => {
    for (const jobId of jobIds) {
      await daybook.submit(jobId, "mail.send", { tenant: jobId.replace(/\d+$/, "") });
    }
  };
  const end = async (jobId: string) => {
    letters.sent(jobId);
    await daybook.clock.settle();
  };
  return { daybook, submit, end };
}

async function whatIf(daybook: Explained, jobId: string, limits: SupposedLimits) {
  const answer = await daybook.post(`/jobs/${jobId}/what-if`, { limits }) as {
    readonly firstDifference: unknown;
    readonly limits: LimitsWhatIf<Citation>;
  };
  assert.equal(answer.firstDifference, null);
  const { because, ...told } = answer.limits;
  for (const { statement, cites } of because) assert.ok(cites.length > 0, statement);
  return { ...told, because: because.map(lineOf) };
}

Deno.test("what if other limits: a queued job would start now, in its position behind other jobs", async () => {
  const { daybook, submit } = await started({ maxRunning: 2 });
  await submit("acme1", "bolt1", "acme2", "cog1");
  const told = await whatIf(daybook, "cog1", { maxRunning: 4 });
  assert.deepEqual(told, {
    limits: { maxRunning: 4 },
    outcome: "begins",
    statement: "With maxRunning 4 instead of 2, job cog1 would begin now, behind acme2: it would " +
      "take place 4 of 4 of type mail.send, with 2 of 4 workers busy.",
    because: [
      [
        "Its type is limited to maxRunning 2, by the code loaded now.",
        "12 job.JobCreated 00000000000000000001.ndjson:16",
      ],
      [
        "It has been queued since 2026-01-01T00:00:00.000Z: 2 of 2 places of type mail.send taken " +
        "(maxRunning).",
        "13 job.JobStarted 00000000000000000001.ndjson:17",
        "5 job.TaskStarted 00000000000000000001.ndjson:6",
        "9 job.TaskStarted 00000000000000000001.ndjson:11",
      ],
      [
        "Job acme2 would begin before it: its turn comes first.",
        "11 job.JobStarted 00000000000000000001.ndjson:14",
      ],
    ],
    assumes: ASSUMED.queued,
    behind: ["acme2"],
  });
});

Deno.test("what if other limits: a queued job would still wait, and for which limit", async () => {
  const { daybook, submit } = await started({ maxRunning: 2, perKey: 1 });
  await submit("acme1", "bolt1", "acme2", "cog1");
  const behind = await whatIf(daybook, "cog1", { maxRunning: 3, perKey: 2 });
  assert.deepEqual([behind.outcome, behind.behind, behind.statement], [
    "waits",
    ["acme2"],
    "With maxRunning 3 instead of 2 and perKey 2 instead of 1, job cog1 would still wait once " +
    "acme2 had begun: 3 of 3 places of type mail.send taken (maxRunning): acme1 and bolt1 in task " +
    "send since 2026-01-01T00:00:00.000Z, with a time limit of 1 h; and 1 other job.",
  ]);
  const other = await whatIf(daybook, "acme2", { maxRunning: 4 });
  assert.deepEqual([other.outcome, other.behind, other.statement, other.because[1]], [
    "waits",
    [],
    "With maxRunning 4 instead of 2, job acme2 would still wait: 1 of 1 place of key acme taken " +
    "(perKey of type mail.send): acme1 in task send since 2026-01-01T00:00:00.000Z, with a time " +
    "limit of 1 h.",
    [
      "It has been queued since 2026-01-01T00:00:00.000Z: 1 of 1 place of key acme taken (perKey of " +
      "type mail.send).",
      "11 job.JobStarted 00000000000000000001.ndjson:14",
      "5 job.TaskStarted 00000000000000000001.ndjson:6",
    ],
  ]);
});

Deno.test("what if other limits: another limit that would hold a job is named by what it counts", async () => {
  const { daybook, submit } = await started({ maxRunning: 2, perKey: 1 });
  await submit("acme1", "bolt1", "acme2");
  const { because } = await whatIf(daybook, "acme2", { perKey: 2 });
  assert.deepEqual(because.at(-1), [
    "Then it would wait for a place of type mail.send (maxRunning).",
    "5 job.TaskStarted 00000000000000000001.ndjson:6",
    "9 job.TaskStarted 00000000000000000001.ndjson:11",
  ]);
});

Deno.test("what if other limits: a new limit would hold jobs of its key, and the holders of places are named", async () => {
  const { daybook, submit } = await started({});
  await daybook.engine.limits.change("mail.send", { maxRunning: 2 }, "slow today");
  await submit("acme1", "bolt1", "cog1", "cog2", "acme2");
  const limits = { maxRunning: 9, perKey: 1 };
  const cog = await whatIf(daybook, "cog2", limits);
  const acme = await whatIf(daybook, "acme2", limits);
  const would = "With maxRunning 9 instead of 2 and perKey 1 instead of none, job";
  assert.deepEqual([cog.behind, cog.statement, acme.behind, acme.statement], [
    ["cog1"],
    `${would} cog2 would still wait once cog1 had begun: 1 of 1 place of key cog taken (perKey of ` +
    "type mail.send).",
    [],
    `${would} acme2 would still wait: 1 of 1 place of key acme taken (perKey of type mail.send): ` +
    "acme1 in task send since 2026-01-01T00:00:00.000Z, with a time limit of 1 h.",
  ]);
});

Deno.test("what if other limits: a place does not help if all workers are busy, or a pause holds the job", async () => {
  const { daybook, submit } = await started({ maxRunning: 2 }, 2);
  await submit("acme1", "bolt1", "acme2");
  const busy = await whatIf(daybook, "acme2", { maxRunning: null });
  assert.deepEqual([busy.outcome, busy.statement], [
    "waits",
    "With no maxRunning instead of 2, job acme2 would still wait for a worker, with 2 of 2 workers " +
    "busy now.",
  ]);
  await daybook.post("/pauses", { key: "acme", reason: "acme moves house" });
  const paused = await whatIf(daybook, "acme2", { maxRunning: 9 });
  assert.deepEqual([paused.outcome, paused.statement, paused.because.at(-1)], [
    "waits",
    "With maxRunning 9 instead of 2, job acme2 would still wait: key acme has been paused since " +
    "2026-01-01T00:00:00.000Z (reason: acme moves house).",
    [
      "A pause holds it: key acme has been paused since 2026-01-01T00:00:00.000Z (reason: acme moves house).",
      "12 job.PauseBegan 00000000000000000001.ndjson:16",
    ],
  ]);
});

Deno.test("what if other limits: another rate would let a queued job start", async () => {
  const { daybook, submit } = await started({ rate: { count: 1, perMs: 60_000 } });
  await submit("acme1", "acme2", "acme3");
  const second = await whatIf(daybook, "acme2", { rate: { count: 2, perMs: 60_000 } });
  const third = await whatIf(daybook, "acme3", { rate: { count: 2, perMs: 60_000 } });
  assert.deepEqual([second.statement, third.statement, third.because], [
    "With rate 2 per 1 min instead of 1 per 1 min, job acme2 would begin now: it would take start 2 " +
    "of 2 of type mail.send within 1 min, with 1 of 4 workers busy.",
    "With rate 2 per 1 min instead of 1 per 1 min, job acme3 would still wait once acme2 had " +
    "begun: all 2 starts of type mail.send within 1 min are used up (rate).",
    [
      [
        "Its type is limited to rate 1 per 1 min, by the code loaded now.",
        "8 job.JobCreated 00000000000000000001.ndjson:11",
      ],
      [
        "It has been queued since 2026-01-01T00:00:00.000Z: the only start of type mail.send " +
        "within 1 min is used up (rate).",
        "9 job.JobStarted 00000000000000000001.ndjson:12",
        "4 job.TaskStarted 00000000000000000001.ndjson:5",
      ],
      [
        "Job acme2 would begin before it: its turn comes first.",
        "7 job.JobStarted 00000000000000000001.ndjson:9",
      ],
    ],
  ]);
});

Deno.test("what if other limits: it says how much less a job would have waited, by when places were free", async () => {
  const { daybook, submit, end } = await started({ perKey: 1 });
  await submit("acme1", "acme2", "acme3");
  await daybook.clock.advance(240_000);
  await end("acme1");
  await daybook.clock.advance(60_000);
  await end("acme2");
  await daybook.clock.advance(1_000);
  await end("acme3");
  const two = await whatIf(daybook, "acme2", { perKey: 2 });
  assert.deepEqual(two, {
    limits: { perKey: 2 },
    outcome: "sooner",
    statement:
      "With perKey 2 instead of 1, job acme2 would have waited 4 min less than the 4 min " +
      "that it was queued.",
    because: [
      [
        "Its type was limited to perKey 1, by the code loaded now.",
        "6 job.JobCreated 00000000000000000001.ndjson:8",
      ],
      [
        "It waited 4 min for a place of key acme: 1 of 1 was taken (perKey of type mail.send), by " +
        "acme1 since 2026-01-01T00:00:00.000Z.",
        "4 job.TaskStarted 00000000000000000001.ndjson:5",
        "12 job.TaskStarted 00000000000000000001.ndjson:17",
      ],
      [
        "A place would have been free from 2026-01-01T00:00:00.000Z on; it got one at " +
        "2026-01-01T00:04:00.000Z.",
        "7 job.JobStarted 00000000000000000001.ndjson:9",
        "12 job.TaskStarted 00000000000000000001.ndjson:17",
      ],
    ],
    assumes: ASSUMED.begun,
    lessMs: { least: 240_000, most: 240_000 },
  });
  const three = await whatIf(daybook, "acme3", { perKey: 2 });
  // In fact acme2 would have ended after 1 min, and acme3 would have waited 4 min less.
  assert.deepEqual([three.lessMs, three.statement, three.because.at(-1)], [
    { least: 60_000, most: 300_000 },
    "With perKey 2 instead of 1, job acme3 would have waited between 1 min and 5 min less than the " +
    "5 min that it was queued.",
    [
      "A place would have been free from 2026-01-01T00:00:00.000Z on, and from " +
      "2026-01-01T00:04:00.000Z on even if all jobs ahead of it had taken theirs; it got one at " +
      "2026-01-01T00:05:00.000Z.",
      "9 job.JobStarted 00000000000000000001.ndjson:12",
      "12 job.TaskStarted 00000000000000000001.ndjson:17",
      "17 job.TaskStarted 00000000000000000016.ndjson:3",
    ],
  ]);
  const all = await whatIf(daybook, "acme3", { perKey: 3 });
  assert.deepEqual(all.lessMs, { least: 300_000, most: 300_000 });
});

Deno.test("what if other limits: it answers for a job that never waited, and for fewer places", async () => {
  const { daybook, submit, end } = await started({ perKey: 2 });
  await submit("acme1", "acme2");
  await daybook.clock.advance(1_000);
  await end("acme2");
  const more = await whatIf(daybook, "acme2", { perKey: 3 });
  assert.deepEqual([more.outcome, more.lessMs, more.statement], [
    "noSooner",
    { least: 0, most: 0 },
    "With perKey 3 instead of 2, job acme2 would have waited no less: it never waited for a place.",
  ]);
  const fewer = await whatIf(daybook, "acme2", { perKey: 1 });
  assert.deepEqual([fewer.outcome, fewer.statement, fewer.because.at(-1)], [
    "later",
    "With perKey 1 instead of 2, job acme2 would have waited longer: when it began at " +
    "2026-01-01T00:00:00.000Z, 1 place of its key was taken; how much longer is not on record.",
    [
      "It began at 2026-01-01T00:00:00.000Z, when 1 place of its key was taken.",
      "8 job.TaskStarted 00000000000000000001.ndjson:10",
      "4 job.TaskStarted 00000000000000000001.ndjson:5",
    ],
  ]);
});

Deno.test("what if other limits: a limit where there was none saves no time, and what the job waited for is named", async () => {
  const { daybook, submit, end } = await started({}, 1);
  await submit("acme1", "acme2");
  await daybook.clock.advance(5_000);
  await end("acme1");
  await daybook.clock.advance(1_000);
  await end("acme2");
  const told = await whatIf(daybook, "acme2", { maxRunning: 5 });
  assert.deepEqual([told.outcome, told.lessMs, told.statement], [
    "noSooner",
    { least: 0, most: 0 },
    "With maxRunning 5 instead of none, job acme2 would have waited no less than the 5 s that it " +
    "was queued: no limit of its type held it; it waited for a worker.",
  ]);
  assert.equal(
    told.because[1]?.[0],
    "It waited 5 s for a worker; no pause and no limit held it meanwhile.",
  );
  const rate = await whatIf(daybook, "acme2", { rate: { count: 9, perMs: 1_000 } });
  assert.deepEqual([rate.outcome, rate.lessMs], ["noSooner", { least: 0, most: 0 }]);
});

Deno.test("what if other limits: a wait for the end of a pause would have been as long", async () => {
  const { daybook, submit, end } = await started({ perKey: 1 });
  await daybook.post("/pauses", { key: "acme", reason: "acme moves house" });
  await submit("acme1");
  await daybook.clock.advance(5_000);
  const [pause] = daybook.engine.pauses.all();
  await daybook.engine.pauses.end(pause?.pauseId ?? "");
  await daybook.clock.settle();
  await end("acme1");
  const { outcome, statement } = await whatIf(daybook, "acme1", { perKey: 2 });
  assert.deepEqual([outcome, statement], [
    "noSooner",
    "With perKey 2 instead of 1, job acme1 would have waited no less than the 5 s that it was " +
    "queued: no limit of its type held it; the pause of key acme did.",
  ]);
});

Deno.test("what if other limits: only the time that a limit held the job is saved, and not its wait for a worker", async () => {
  const { daybook, submit, end } = await started({ perKey: 1 }, 2);
  await submit("acme1", "bolt1", "acme2");
  await daybook.clock.advance(10_000);
  await daybook.submit("cog1", "mail.send", { tenant: "cog" }, { priority: -1 });
  await end("acme1");
  await daybook.clock.advance(5_000);
  await end("cog1");
  const before = await whatIf(daybook, "acme2", { perKey: 1 });
  const told = await whatIf(daybook, "acme2", { perKey: 2 });
  assert.deepEqual([before.outcome, told.outcome, told.lessMs], [
    "noSooner",
    "sooner",
    { least: 10_000, most: 10_000 },
  ]);
});

Deno.test("what if other limits: changed limits are in force from their line on", async () => {
  const { daybook, submit, end } = await started({ perKey: 2 });
  await daybook.engine.limits.change("mail.send", { perKey: 1 }, "slow today");
  await submit("acme1", "acme2");
  await daybook.clock.advance(5_000);
  await end("acme1");
  await daybook.clock.advance(1_000);
  await end("acme2");
  await daybook.engine.limits.restore("mail.send");
  const told = await whatIf(daybook, "acme2", { perKey: 2 });
  assert.deepEqual([told.statement, told.because[0], told.because[1]], [
    "With perKey 2 instead of 1, job acme2 would have waited 5 s less than the 5 s that it was queued.",
    [
      "Its type was limited to perKey 1, as changed at 2026-01-01T00:00:00.000Z.",
      "2 job.LimitsChanged 00000000000000000001.ndjson:3",
    ],
    [
      "It waited 5 s for a place of key acme: 1 of 1 was taken (perKey of type mail.send, as changed " +
      "at 2026-01-01T00:00:00.000Z), by acme1 since 2026-01-01T00:00:00.000Z.",
      "2 job.LimitsChanged 00000000000000000001.ndjson:3",
      "5 job.TaskStarted 00000000000000000001.ndjson:7",
      "11 job.TaskStarted 00000000000000000001.ndjson:16",
    ],
  ]);
});

Deno.test("what if other limits: they cannot be combined, and need a type with code and such a key", async () => {
  const { daybook, submit } = await started({ perKey: 1 });
  await submit("acme1");
  await daybook.submit("later", "mail.send", { tenant: "acme" }, { start: false });
  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  await daybook.post("/jobs", { jobId: "plan", plan });
  const asked = async (jobId: string, body: object) => {
    const response = await daybook.app.request(`http://127.0.0.1:8000/jobs/${jobId}/what-if`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { errors } = await response.json();
    return [response.status, errors];
  };
  const limits = { maxRunning: 2 };
  assert.deepEqual(await asked("acme1", { limits, without: [2], upTo: 3 }), [422, [
    { pointer: "/limits", detail: "cannot be combined with without, upTo" },
  ]]);
  assert.deepEqual(await asked("acme1", { limits: {} }), [422, [
    { pointer: "/limits", detail: "must name a limit" },
  ]]);
  assert.deepEqual(await asked("plan", { limits }), [422, [
    { pointer: "/limits", detail: "applies to types with code; this job is a plan without code" },
  ]]);
  assert.deepEqual(await asked("later", { limits }), [422, [
    { pointer: "/limits", detail: "does not apply to a job that has not started" },
  ]]);
});
