/** How long a process was down, from a job's entries and the two around its restart. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { OutlinedHistory } from "../../src/explain/outlined_history.ts";
import { drawTimeline } from "../../src/dashboard/job/drawing.ts";
import { crashRestarts, findDowntimes, jobTiming, timingText } from "../../src/explain/timing.ts";
import type { LogId } from "../../src/core/ids.ts";
import { buildTimeline } from "../../src/dashboard/timeline/timeline.ts";
import { codedJob, timeOf } from "../support/engine/entries.ts";

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
  const [down] = drawTimeline(timeline, "time", "").downs;
  assert.match(down?.title ?? "", /^the longest time the process can have been down, 25 s$/);
});

Deno.test("downtimes: there are none without the entries that show them, and none for an orderly stop", () => {
  assert.deepEqual(findDowntimes(crashed(), new Map()), []);
  assert.deepEqual(crashRestarts(crashed("shutdown")), []);
});
