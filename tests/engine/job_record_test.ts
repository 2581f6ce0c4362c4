/** A job with very many entries in flight, as after a large retry or many events for one job. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { foldAll } from "../../src/core/job_fold.ts";
import { JobRecord } from "../../src/engine/writer/job_record.ts";
import { expectation, outsideJob } from "../support/engine/entries.ts";

/** A started job, then many facts of which each counts. */
function storyOf(facts: number): readonly JobEventLogEntry[] {
  const waits = expectation("paid", "ec.Paid", { multiplicity: { times: 10_000 } });
  const before = outsideJob([waits]);
  const fact = before.fact("ec.Paid").entry(-1);
  const first = before.logId + 1;
  const more = Array.from({ length: facts }, (_, n) => (
    { ...fact, logId: first + n, eventId: `evt_paid-${n}` } as JobEventLogEntry
  ));
  return [...before.entries, ...more];
}

Deno.test("job record: what is shown and what is lost of very many entries in flight leaves the job of those shown", () => {
  const entries = storyOf(300);
  for (const shown of [3, 64, 149, 200, entries.length]) {
    const record = new JobRecord();
    for (const entry of entries) record.append(entry);
    for (let n = 0; n < shown; n++) {
      record.show();
      assert.equal(record.job.lastLogId, entries[n]?.logId);
    }
    assert.deepEqual(record.job, foldAll(entries.slice(0, shown)));
    assert.equal(record.shownHead.lastLogId, entries[shown - 1]?.logId);
    assert.deepEqual(record.whole, foldAll(entries));
    const inFlight = entries.slice(shown).findLast(({ eventType }) => eventType === "ec.Paid");
    assert.equal(record.inFlight("ec.Paid" as JobEventLogEntry["eventType"]), inFlight);
    for (let n = 0; n <= entries.length; n++) record.revert();
    assert.deepEqual(record.whole, foldAll(entries.slice(0, shown)));
    assert.equal(record.job.lastLogId, entries[shown - 1]?.logId);
  }
});
