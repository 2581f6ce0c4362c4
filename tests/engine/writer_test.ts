/** What the writer stamps, adds to the correlation index, and removes again if it is lost. */

import assert from "node:assert/strict";
import { jobId } from "../../src/core/ids.ts";
import { type JobPlan, MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import { FiledJobs } from "../../src/engine/matching/filed_jobs.ts";
import { type Journal, JournalFullError, type UnplacedEvent } from "../../src/engine/ports.ts";
import { EventEngine } from "../../src/engine/writer/event_engine.ts";
import { EventIds } from "../../src/engine/writer/event_ids.ts";
import { JobTable } from "../../src/engine/writer/job_table.ts";
import { Writer } from "../../src/engine/writer/writer.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { FakeClock } from "../support/fake_clock.ts";
import type { EventDraft } from "../../src/core/event.ts";
import { stampedEvent } from "../../src/journal/format/stamped_event.ts";
import { lineBody, toEntry } from "../../src/journal/format/line_codec.ts";

/** A journal that gives positions and writes nothing. */
function positions(): Journal {
  let head = 0;
  const append = (group: readonly UnplacedEvent[]) => ({
    entries: group.map((event) => ({ ...event, logId: ++head })),
  });
  return { append } as unknown as Journal;
}

Deno.test("writer: a lost start leaves the correlation index as it was", () => {
  const plans: readonly (readonly [JobPlan, number])[] = [
    [MAIN_ONLY_PLAN, 0],
    [plan([expectation("paid", "ec.Paid")]), 1],
  ];
  for (const [plan, filed] of plans) {
    const events = new EventEngine(new FakeClock(), new EventIds());
    events.open(positions());
    const filedJobs = new FiledJobs();
    const { started, unstarted } = filedJobs;
    const writer = new Writer(events, new JobTable(), filedJobs, new FakeClock());
    const about = { stratum: "framework", jobId: jobId("job-1") } as const;
    const attributes = { type: "shop.order", definitionVersion: 1, plan, priority: 0, labels: {} };
    writer.append([{ ...about, eventType: "job.JobCreated", attributes }]);
    assert.deepEqual([unstarted.size, started.size], [filed, 0]);
    writer.durable([{
      ...about,
      eventType: "job.JobCreated",
      attributes,
      ...{ logId: 1, eventId: "evt-1" as never, occurredAt: "", receivedAt: "" },
    }]);

    writer.append([{ ...about, eventType: "job.JobStarted", attributes: {} }]);
    assert.deepEqual([unstarted.size, started.size], [0, filed]);
    writer.lost(new JournalFullError("no room"));
    assert.deepEqual([unstarted.size, started.size], [filed, 0]);
  }
});

const AT = "2026-01-01T00:00:00.000Z";
const SEAL: EventDraft = {
  stratum: "framework",
  eventType: "journal.Sealed",
  attributes: { reason: "quiet" },
};
const OPTIONAL = [
  "eventId",
  "occurredAt",
  "jobId",
  "taskId",
  "executionId",
  "traceId",
  "spanId",
  "actor",
  "causedBy",
];

function recorded(): readonly unknown[] {
  const event = stampedEvent(SEAL, AT, { clock: new FakeClock(), random: { ulid: () => "01J0" } });
  const text = lineBody(1, 1, event, event.causedBy as number | undefined, "{}");
  return [text, toEntry(1, event, undefined)];
}

Deno.test("stampedEvent: no member that every object inherits reaches a line", () => {
  const before = recorded();
  for (const name of OPTIONAL) Reflect.set(Object.prototype, name, "inherited");
  try {
    assert.equal(JSON.stringify(recorded()), JSON.stringify(before));
  } finally {
    for (const name of OPTIONAL) Reflect.deleteProperty(Object.prototype, name);
  }
});
