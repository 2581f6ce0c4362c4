import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { defineJob } from "../../src/engine/definition.ts";
import type { EntryLocation } from "../../src/engine/ports.ts";
import { readJournal } from "../../src/journal/reading.ts";
import { FOLDER, RecordedJournal } from "../support/recorded_journal.ts";

const quick = defineJob({
  type: "demo.quick",
  version: 1,
  input: v.looseObject({}),
  run: (ctx) => Promise.all(["a", "b"].map((name) => ctx.task(name, () => name))),
});

Deno.test("reading: gives every entry, with the segment and the line that the journal says", async () => {
  const recorded = await RecordedJournal.start([quick]);
  for (let index = 0; index < 10; index++) await recorded.submit("demo.quick", `job-${index}`);
  const { journal, disk } = recorded;
  const entries: JobEventLogEntry[] = [];
  const locations: EntryLocation[] = [];
  const progress: number[] = [];

  // The journal is open, and its lock is held.
  const head = await readJournal({
    folder: FOLDER,
    fileSystem: disk,
    refuse: () => undefined,
    take: (entry, location) => {
      entries.push(entry);
      locations.push(location);
    },
    onProgress: (done, total) => progress.push(done / total),
  });

  const all = await journal.read(0, 1_000);
  assert.deepEqual(head, journal.head);
  assert.deepEqual(entries, all);
  assert.deepEqual(locations, await journal.locate(all.map(({ logId }) => logId)));
  assert.ok(new Set(locations.map(({ segment }) => segment)).size > 2);
  assert.deepEqual(progress, progress.toSorted((left, right) => left - right));
  assert.equal(progress.at(-1), 1);
  await recorded.close();
});
