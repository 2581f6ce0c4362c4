/**
 * A power cut at every disk operation of a journal; what was not synced is lost, kept, or partly
 * there: names in a folder as well as content.
 */

import assert from "node:assert/strict";
import {
  COPY_FORWARD,
  COPY_FORWARD_UNSYNCED,
  FIRST_START,
  Lacking,
  OLDER_FORMAT,
  QUARANTINE,
  ROLLING,
  SIDECARS,
  SNAPSHOTS,
  SNAPSHOTS_UNDER_LOAD,
  startAgain,
  TRUSTING,
} from "../support/damage/crash_scenarios.ts";
import { crashSweep, disksLeftBy, type Scenario } from "../support/damage/crash_sweep.ts";
import { rounds } from "../support/effort.ts";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import type { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { WritesSnapshotInPlace } from "../simulation/broken_disks.ts";

const SCENARIOS = [
  FIRST_START,
  ROLLING,
  OLDER_FORMAT,
  SNAPSHOTS,
  SNAPSHOTS_UNDER_LOAD,
  SIDECARS,
  TRUSTING,
  QUARANTINE,
  COPY_FORWARD,
  COPY_FORWARD_UNSYNCED,
];

for (const scenario of SCENARIOS) {
  Deno.test(`crash points: ${scenario.name}`, async () => {
    const { steps, disks, violations } = await crashSweep(scenario);
    console.log(`${scenario.name}: ${steps} steps, started on ${disks} different disks`);
    assert.deepEqual(violations.slice(0, 3), [], `${violations.length} violations`);
    assert.ok(steps > 15 && disks > steps, `${steps} steps, ${disks} disks`);
  });
}

Deno.test("crash points: a second power cut at every step of the next start", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let [starts, disks] = [0, 0];
  for (const scenario of SCENARIOS.slice(0, rounds(10, 10, 2))) {
    for (const found of await disksLeftBy(scenario, rounds(1, 10), seed)) {
      const { disks: different, violations } = await crashSweep(startAgain(found), { seed });
      assert.deepEqual(violations, [], `${scenario.name}, seed ${seed}`);
      starts++;
      disks += different;
    }
  }
  console.log(`${starts} starts cut short at every step, started on ${disks} different disks`);
  assert.ok(disks > starts, `${disks} disks`);
});

const BROKEN: readonly (readonly [string, Scenario, (disk: MemoryDisk) => FileSystem])[] = [
  ["without a sync of folders", ROLLING, (disk) => new Lacking(disk, { syncFolder: true })],
  ["that acknowledges before it syncs", ROLLING, (disk) => new Lacking(disk, { syncData: true })],
  ["that writes snapshots in place", SNAPSHOTS, (disk) => new WritesSnapshotInPlace(disk)],
  [
    "that renames a snapshot before it is synced",
    SNAPSHOTS,
    (disk) => new Lacking(disk, { syncOf: ".snapshot.tmp" }),
  ],
  [
    "that copies forward and does not sync the copy",
    COPY_FORWARD,
    (disk) => new Lacking(disk, { syncOf: ".ndjson.tmp" }),
  ],
];

for (const [what, scenario, through] of BROKEN) {
  Deno.test(`crash points: a journal ${what} is caught`, async () => {
    const { disks, violations } = await crashSweep(scenario, { through });
    console.log(`${what}: ${violations.length} of ${disks} disks; ${violations[0]}`);
    assert.ok(violations.length > 0);
  });
}
