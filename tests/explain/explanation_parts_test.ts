/** Parts of an explanation that have a rule of their own. */

import assert from "node:assert/strict";
import { withoutRepeats, withoutSaid } from "../../src/explain/brief.ts";
import { COMPARED_MAX } from "../../src/explain/likeness/contrast.ts";
import { contrastText } from "../../src/explain/likeness/contrast_text.ts";
import type { Correlation } from "../../src/core/correlation.ts";
import type { Meanwhile } from "../../src/explain/past/process_history.ts";
import { lateness, sleepEnded } from "../../src/explain/past/sleeps_and_waits.ts";
import { sampleEvent } from "../../src/explain/open/requests_to_send.ts";
import { codedJob, expectation, timeOf } from "../support/engine/entries.ts";
import { databaseText, roleText, type Standing, standingLines } from "../../src/core/standing.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { OutlinedHistory } from "../../src/explain/history/outlined_history.ts";
import {
  crashRestarts,
  findDowntimes,
  jobTiming,
  timingText,
} from "../../src/explain/past/timing.ts";
import type { LogId } from "../../src/core/ids.ts";
import { buildTimeline, drawTimeline } from "../support/timelines.ts";

// What is in the summary of an explanation is not repeated below it.

const told = (statement: string, ...cites: readonly number[]) => ({ statement, cites });

Deno.test("withoutRepeats: a repeated sentence moves to the summary with its evidence; the rest stays", () => {
  const again = told("Task charge may have happened twice: it was cut short.", 7, 9);
  const time = told("It spent 40 s until attempt 2.", 12);
  const other = told("It was submitted at noon.", 2);
  const summary =
    "Job j is Done, after 40 s: 40 s until attempt 2. Task charge may have happened twice: it was " +
    "cut short.";
  assert.deepEqual(withoutRepeats(summary, [again, time, other]), {
    summary: [
      told("Job j is Done, after 40 s: 40 s until attempt 2", 12),
      told(". Task charge may have happened twice: it was cut short", 7, 9),
      told("."),
    ],
    rest: [other],
  });
});

Deno.test("withoutSaid: only an error or a last sentence that the summary has is left out", () => {
  const summary =
    "Job j failed: Error: the bank is closed (reason: cutover to winter). Nothing resembles what is missing.";
  for (
    const [statement, shown] of [
      [
        "It failed at 2026-01-01T00:00:00.000Z: Error: the bank is closed, thrown at a.ts:4.",
        "It failed at 2026-01-01T00:00:00.000Z, thrown at a.ts:4.",
      ],
      ["It failed: Error: the bank is closed.", "It failed."],
      ["It failed: Error: the bank is open.", "It failed: Error: the bank is open."],
      ["It ended (reason: cutover to winter).", "It ended (reason: cutover to winter)."],
      ["0 of 1 came. Nothing resembles what is missing.", "0 of 1 came."],
      ["0 of 1 came. Others resemble it.", "0 of 1 came. Others resemble it."],
    ] as const
  ) {
    assert.equal(withoutSaid(statement, summary), shown);
  }
});

// What similar jobs have in common, in words.

Deno.test("contrastText: if there may be more of a kind, it says that these are the newest", () => {
  const traits = [{ name: "label tenant", value: "nordwind" }];
  assert.equal(
    contrastText({ traits, alike: 3, others: 91 }, "failed"),
    'All 3 jobs that failed like this have label tenant = "nordwind"; none of the 91 that went ' +
      "through has.",
  );
  assert.equal(
    contrastText({ traits, alike: COMPARED_MAX, others: COMPARED_MAX }, "wait"),
    'The newest 100 jobs that wait like this have label tenant = "nordwind"; none of the newest ' +
      "100 that went through has.",
  );
});

// The event that an explanation suggests: it has only values of the job's plan.

function sample(correlation: Correlation) {
  return sampleEvent(expectation("shipped", "ec.Shipped", { correlation }), "job");
}

Deno.test("sampleEvent: it has the values of the plan, and nothing is left open", () => {
  const event = { eventType: "ec.Shipped", jobId: "job", attributes: { order: { id: "1" } } };
  assert.deepEqual(sample({ equals: { "order.id": "1" } }), { event, placeholders: [] });
});

Deno.test("sampleEvent: if several values are allowed, a placeholder lists them", () => {
  const found = sample({ in: { region: ["EU", "US"], paid: [true] } });
  assert.deepEqual(found?.event.attributes, { region: '<one of "EU", "US">', paid: true });
  assert.deepEqual(found?.placeholders, ["/attributes/region"]);
});

Deno.test("sampleEvent: of alternatives it chooses none", () => {
  const found = sample({
    all: [
      { anyOf: [{ equals: { orderId: "1", region: "EU" } }, { equals: { orderId: "2" } }] },
      { equals: { paid: true } },
    ],
  });
  assert.deepEqual(found?.event.attributes, {
    orderId: '<one of "1", "2">',
    region: '<one of "EU">',
    paid: true,
  });
  assert.deepEqual(found?.placeholders, ["/attributes/orderId", "/attributes/region"]);
  assert.equal(sample({ anyOf: [] }), undefined);
  assert.equal(sample({ all: [{ equals: { a: 1 } }, { equals: { a: 2 } }] }), undefined);
});

// The exact texts about the leader of a shared journal.

const FOLLOWING: Standing = {
  role: "following",
  since: "2026-01-01T00:00:00.000Z",
  leader: { writer: "wri_a", url: "http://a.test" },
  why: null,
  copy: { logId: 7, entriesBehind: 1, msBehind: 1_200 },
  databaseSilentSince: null,
  database: null,
};

Deno.test("standing: a follower names the leader, and how far behind it is", () => {
  assert.equal(
    roleText(FOLLOWING),
    "follows http://a.test (wri_a), since 2026-01-01T00:00:00.000Z; at logId 7, behind by 1 entry " +
      "and 1.2 s",
  );
  assert.match(roleText({ ...FOLLOWING, leader: null }), /^knows no leader, since/);
  assert.match(
    roleText({ ...FOLLOWING, databaseSilentSince: "2026-01-01T00:00:09.000Z" }),
    / 1.2 s; the database has not answered since 2026-01-01T00:00:09.000Z$/,
  );
});

Deno.test("standing: a leader says why it leads", () => {
  const leading = { ...FOLLOWING, role: "leading", copy: null } as const;
  const since = "has led since 2026-01-01T00:00:00.000Z: ";
  assert.deepEqual(
    (["first", "ended", "silent"] as const).map((why) => roleText({ ...leading, why })),
    [
      `${since}no process had led this journal before`,
      `${since}the session of the previous leader had ended`,
      `${since}the previous leader had been silent for too long`,
    ],
  );
});

Deno.test("standing: the promises of the database are named, and unknown ones left out", () => {
  const database = {
    address: "postgres://daybook@db/jobs?journal=shop",
    standbyDemanded: false,
    standbys: null,
    settings: { fsync: "on", synchronous_standby_names: "" },
  };
  assert.equal(
    databaseText(database),
    "postgres://daybook@db/jobs?journal=shop: fsync on, synchronous_standby_names empty; a " +
      "synchronous standby is not required",
  );
  const texts = [0, 1, 2].map((standbys) =>
    databaseText({ ...database, standbyDemanded: true, standbys })
  );
  assert.deepEqual(texts.map((text) => text.slice(text.indexOf("is "))), [
    "is required, and none is connected: writes wait",
    "is required, and 1 is connected",
    "is required, and 2 are connected",
  ]);
  assert.equal(standingLines(FOLLOWING).length, 1);
  assert.equal(standingLines({ ...FOLLOWING, database }).length, 2);
});

// How long a process was down, from a job's entries and the two around its restart.

const secondsAfter = (seconds: number) => new Date(Date.parse(timeOf(0)) + seconds * 1_000);
const RESTART = 6 as LogId;

/** Cut short while a task ran: entry 5 is the last before the crash, and 6 the restart after. */
function crashed(reason: "crash" | "shutdown" = "crash"): OutlinedHistory {
  const { entries } = codedJob().started().mainStarted().taskStarted("page")
    .skip(2).taskInterrupted("main", reason).taskInterrupted("page", reason);
  return OutlinedHistory.of(entries.map((entry) => ({
    ...entry,
    receivedAt: entry.logId < RESTART ? timeOf(entry.logId) : secondsAfter(30).toISOString(),
    ...(entry.logId < RESTART ? {} : { causedBy: RESTART }),
  })));
}

function elsewhere(logId: LogId, eventType: string, seconds: number): JobEventLogEntry {
  const receivedAt = secondsAfter(seconds).toISOString();
  return { logId, eventType, receivedAt, stratum: "framework", attributes: {} } as
    & unknown
    & JobEventLogEntry;
}

const CAUSES = new Map([
  elsewhere(RESTART - 1 as LogId, "journal.Sealed", 5),
  elsewhere(RESTART, "journal.Recovered", 30),
].map((entry) => [entry.logId, entry]));

Deno.test("downtimes: from the last entry of the journal before a crash to the restart", () => {
  const outlined = crashed();
  const downtimes = findDowntimes(outlined, CAUSES);
  const { executingMs, downMs, totalMs } = jobTiming(outlined, downtimes);
  const spent = timingText({ condition: "queued", timing: jobTiming(outlined, downtimes) });

  assert.deepEqual(crashRestarts(outlined), [RESTART]);
  assert.equal(downMs, 25_000);
  assert.equal(executingMs + downMs, jobTiming(outlined).executingMs);
  assert.ok(executingMs + downMs <= totalMs);
  assert.match(spent, /executing 2 s, down for at most 25 s\.$/);
});

Deno.test("downtimes: the timeline shows them for the job and for the attempt that was cut short", () => {
  const outlined = crashed();
  const downtimes = findDowntimes(outlined, CAUSES);
  const timeline = buildTimeline(outlined, { nowMs: +secondsAfter(40), downtimes });
  const { conditions, lanes, downs } = timeline;

  assert.deepEqual(conditions.map(({ condition, downMs }) => [condition, downMs]), [
    ["created", 0],
    ["queued", 0],
    ["executing", 25_000],
    ["queued", 0],
  ]);
  const page = lanes.find(({ taskId }) => taskId === "page");
  assert.deepEqual(page?.spans.map((span) => span.kind === "attempt" && span.downMs), [25_000]);
  // Drawn over all bars, which would otherwise show work.
  assert.deepEqual(downs.map(({ fromMs, toMs }) => toMs - fromMs), [25_000]);
  const [down] = drawTimeline(timeline, "time").downs;
  assert.match(down?.title ?? "", /^the longest time the process can have been down, 25 s$/);
});

Deno.test("downtimes: there are none without the entries that show them, and none for an orderly stop", () => {
  assert.deepEqual(findDowntimes(crashed(), new Map()), []);
  assert.deepEqual(crashRestarts(crashed("shutdown")), []);
});

Deno.test("lateness: a clean stop counts if the time was recorded a minute late, a start after a crash if it was due before", () => {
  const late = (eventType: string, endedAt: number, recordedAt: number) => {
    const process = [{ logId: 3, eventType, receivedAt: timeOf(endedAt), attributes: {} }];
    const known = { process } as unknown as Meanwhile;
    const entry = { logId: 4, receivedAt: timeOf(recordedAt) } as JobEventLogEntry;
    const { statement, cites } = lateness(known, timeOf(100), entry, 2);
    return [/: (Daybook was .*) at /.exec(statement)?.[1] ?? statement, ...cites];
  };
  assert.deepEqual(late("journal.Sealed", 50, 100), [""]);
  assert.deepEqual(late("journal.Sealed", 50, 159), [""]);
  assert.deepEqual(late("journal.Sealed", 50, 160), ["Daybook was stopped", 3]);
  assert.equal(late("journal.Sealed", 101, 170).length, 1);
  assert.deepEqual(late("journal.Recovered", 50, 101), [""]);
  assert.deepEqual(late("journal.Recovered", 120, 120), ["Daybook was started", 3]);
});

Deno.test("sleepEnded: without the entry that began it, nothing is said about when it was due", () => {
  const job = { tasks: [] };
  const known = { process: [], entries: new Map(), jobId: "job-1", job } as unknown as Meanwhile;
  const task = { taskId: "rest", endedAt: timeOf(100), firstLogId: 5, completedBy: 9 };
  const { statement } = sleepEnded(known, task as Parameters<typeof sleepEnded>[1]);
  assert.equal(statement, `Sleep rest ended at ${timeOf(100)}`);
});
