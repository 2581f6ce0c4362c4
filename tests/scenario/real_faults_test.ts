/** Faults of the machine, each with its exit code, and nothing acknowledged afterwards. */

import assert from "node:assert/strict";
import { writeAfterLastLine } from "../support/journal/journal_bytes.ts";
import {
  DaybookProcess,
  type ProcessOptions,
  runToEnd,
} from "../support/process/daybook_process.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";
import { fill, remount, testOnSmallDisk } from "./mounted_folder.ts";
import { succeeds, testWhere } from "../support/process/tools.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PowerSupply } from "./power_loss/power_cut.ts";
import { RecordingDisk, testWithRecorder } from "./power_loss/recording_disk.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;

/** Runs as root without the capabilities that bypass file permissions. */
const BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"];

const IS_BOUND = await succeeds(BOUND[0] ?? "", ...BOUND.slice(1), "true");

function testBound(name: string, fn: () => Promise<void>): void {
  testWhere(IS_BOUND, "file permissions have no effect here, or setpriv is missing", name, fn);
}

/** Until it handles the signal, a process that fills a cache of Deno beyond the limit would end. */
const LIMITED = ["sh", "-c", 'trap "" XFSZ; exec prlimit --fsize=300000 "$@"', "sh"];
const CAN_LIMIT = await succeeds(LIMITED[0] ?? "", ...LIMITED.slice(1), "true");

class Deliveries {
  /** Ids of events that were acknowledged. */
  readonly acknowledged: string[] = [];
  #number = 0;

  /** Delivers an event of some size. */
  async deliver(daybook: DaybookProcess, bytes = 10): Promise<Answer> {
    const eventId = `evt_fault-${++this.#number}`;
    const attributes = { text: "x".repeat(bytes) };
    const event = { eventId, eventType: "test.Delivered", attributes };
    const response = await daybook.post("/events", event);
    const body = await response.json();
    if (response.status === 200) this.acknowledged.push(eventId);
    return { status: response.status, type: body.type };
  }

  /** The recorded positions; checks that everything acknowledged is there. */
  async requireRecorded(journal: string): Promise<number> {
    const { entries } = await readIndependently(journal);
    const eventIds = new Set(entries.map((entry) => entry["eventId"]));
    assert.deepEqual(this.acknowledged.filter((eventId) => !eventIds.has(eventId)), []);
    return entries.length;
  }
}

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
}

async function statusOf(daybook: DaybookProcess, path: string): Promise<number> {
  const { status, body } = await fetch(daybook.url + path);
  await body?.cancel();
  return status;
}

/** Starts, delivers a few events, and stops. */
async function deliverSome(options: ProcessOptions): Promise<Deliveries> {
  const deliveries = new Deliveries();
  const daybook = await DaybookProcess.start(options);
  for (let count = 0; count < 5; count++) await deliveries.deliver(daybook);
  assert.equal(await daybook.stop(), 0);
  return deliveries;
}

async function assertRefused(options: ProcessOptions, code: number, path: string): Promise<string> {
  const refused = await runToEnd(options);
  assert.equal(refused.code, code, refused.output);
  assert.ok(refused.output.includes(path), refused.output);
  assert.ok(!refused.output.includes("listening"), refused.output);
  return refused.output;
}

testOnSmallDisk(
  "fault: a disk that is mounted read-only is refused with 74",
  4 * MIB,
  async (disk) => {
    const journal = `${disk}/journal`;
    const deliveries = await deliverSome({ journal });
    await remount(disk, "ro");
    assert.match(await assertRefused({ journal }, 74, journal), /Read-only file system/);
    await remount(disk, "rw");
    await deliverSome({ journal });
    await deliveries.requireRecorded(journal);
  },
);

for (const meets of ["a read", "POST /journal/verify"]) {
  Deno.test(`fault: damage in a sealed segment that ${meets} meets ends with 78, and nothing is acknowledged afterwards`, () =>
    inFolder(async (folder) => {
      const journal = `${folder}/journal`;
      const daybook = await DaybookProcess.start({ journal, args: ["--segment-bytes=4KiB"] });
      const deliveries = new Deliveries();
      for (let count = 0; count < 100; count++) await deliveries.deliver(daybook);
      const path = `${journal}/segments/${"1".padStart(20, "0")}.ndjson`;
      const bytes = await Deno.readFile(path);
      const offset = bytes.indexOf(10, bytes.length / 2) + 40;
      bytes[offset] = 0;
      await Deno.writeFile(path, bytes);
      if (meets === "a read") {
        const response = await fetch(`${daybook.url}/events?after=0&limit=50`);
        const { type, detail } = await response.json();
        assert.deepEqual([response.status, type], [500, "/problems/journal-damaged"]);
        assert.match(detail, /damaged in segment 0+1\.ndjson at byte \d+ \(logId \d+\): the line/);
      } else {
        await (await daybook.post("/journal/verify", {})).body?.cancel();
        await daybook.first((line) => line.includes("; stopping") ? line : undefined);
      }
      const { status } = await deliveries.deliver(daybook).catch(() => ({ status: 0 }));
      assert.notEqual(status, 200);
      assert.equal(await daybook.exitCode(), 78, daybook.text);
      assert.match(daybook.text, /segment 0+1\.ndjson at byte \d+ .*; stopping, since the served/);
    }));
}

Deno.test("fault: damage that the index's thread meets ends with 78", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal });
    const deliveries = new Deliveries();
    const about = async (value: string) =>
      await daybook.get(`/explain?about=${value}`) as { asOf: number };
    // A journal of this size is only searched in the thread.
    for (let sent = 0; sent < 90; sent++) await deliveries.deliver(daybook, 100_000);
    await until("the thread has read it", async () => (await about("early")).asOf >= 90);
    const path = `${journal}/segments/${"1".padStart(20, "0")}.ndjson`;
    const offset = (await Deno.readTextFile(path)).trimEnd().length;
    // Later reads of the damaged one come from the disk.
    for (let sent = 0; sent < 90; sent++) await deliveries.deliver(daybook);
    using file = await Deno.open(path, { write: true });
    await file.seek(offset + 100, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(0));
    await about("late").catch(() => {});
    assert.equal(await daybook.exitCode(), 78, daybook.text);
    assert.match(daybook.text, /segment 0+1\.ndjson at byte \d+ .*; stopping, since the served/);
  }));

const SMALL_RESERVE = { reserveBytes: 65_536 };

/**
 * A job that waits between two steps: on a disk without room it continues from what is on record.
 */
const WAITING = {
  jobId: "waiting",
  plan: { expected: [{ id: "a", eventType: "test.Awaited" }] },
};

testOnSmallDisk(
  "fault: a start on a disk without any room: reads are answered, writes 507, and it resumes",
  2 * MIB,
  async (disk) => {
    const journal = `${disk}/journal`;
    const deliveries = new Deliveries();
    const first = await DaybookProcess.start({ journal, limits: SMALL_RESERVE });
    await (await first.post("/jobs", WAITING)).body?.cancel();
    for (let count = 0; count < 5; count++) await deliveries.deliver(first, 1_000);
    await first.kill();
    // Like a disk that was full when the process was killed: the reserve is used up.
    await Deno.remove(`${journal}/reserve`);
    await fill(`${disk}/filler`);

    const daybook = await DaybookProcess.start({ journal, limits: SMALL_RESERVE });
    const { entries } = await daybook.get("/events?limit=500") as { entries: unknown[] };
    assert.ok(entries.length >= 6);
    assert.equal(await statusOf(daybook, "/jobs/waiting"), 200);
    assert.equal(await statusOf(daybook, "/readyz"), 503);
    for (let count = 0; count < 2; count++) {
      assert.deepEqual(await deliveries.deliver(daybook), {
        status: 507,
        type: "/problems/disk-full",
      });
    }
    const refused = await daybook.post("/jobs/waiting/cancel", {});
    await refused.body?.cancel();
    assert.equal(refused.status, 507);

    await Deno.remove(`${disk}/filler`);
    await until("ready again", async () => await statusOf(daybook, "/readyz") === 200);
    assert.equal((await deliveries.deliver(daybook)).status, 200);
    assert.equal(await daybook.stop(), 0);
    await deliveries.requireRecorded(journal);
    const types = (await readIndependently(journal)).entries.map((entry) => entry["eventType"]);
    const resumed = types.slice(types.lastIndexOf("journal.Recovered"));
    // It is sealed at each quiet second.
    const others = resumed.filter((type) => type !== "journal.Sealed");
    assert.equal(resumed[1], "journal.Sealed");
    assert.deepEqual(others, ["journal.Recovered", "test.Delivered"]);
  },
);

testOnSmallDisk(
  "fault: a start without any room can be stopped, and the next one finds everything",
  2 * MIB,
  async (disk) => {
    const journal = `${disk}/journal`;
    const deliveries = await deliverSome({ journal, limits: SMALL_RESERVE });
    await Deno.remove(`${journal}/reserve`);
    await fill(`${disk}/filler`);
    const daybook = await DaybookProcess.start({ journal, limits: SMALL_RESERVE });
    assert.equal((await deliveries.deliver(daybook)).status, 507);
    assert.equal(await daybook.stop(), 0);
    // The stop has freed the room that the copy of a small segment needs.
    await fill(`${disk}/rest`);
    await assertRefused({ journal, limits: { reserveBytes: 0 } }, 74, journal);
    for (const name of ["filler", "rest"]) await Deno.remove(`${disk}/${name}`);
    await deliverSome({ journal, limits: SMALL_RESERVE });
    await deliveries.requireRecorded(journal);
  },
);

testBound(
  "fault: a folder that may not be written is refused with 74",
  () =>
    inFolder(async (journal) => {
      const deliveries = await deliverSome({ journal });
      await Deno.chmod(journal, 0o555);
      const output = await assertRefused({ journal, within: BOUND }, 74, journal);
      await Deno.chmod(journal, 0o755);
      assert.match(output, /Permission denied/);
      await deliveries.requireRecorded(journal);
    }),
);

testBound(
  "fault: a folder of another owner is refused with 74",
  () =>
    inFolder(async (journal) => {
      const deliveries = await deliverSome({ journal });
      await Deno.chmod(journal, 0o700);
      await Deno.chown(journal, 65_534, 65_534);
      const output = await assertRefused({ journal, within: BOUND }, 74, journal);
      assert.match(output, /Permission denied/);
      await Deno.chown(journal, 0, 0);
      await deliveries.requireRecorded(journal);
    }),
);

testBound(
  "fault: a segment of another owner is refused with 74",
  () =>
    inFolder(async (journal) => {
      const deliveries = await deliverSome({ journal });
      const segment = `${journal}/segments/00000000000000000001.ndjson`;
      await Deno.chmod(segment, 0o600);
      await Deno.chown(segment, 65_534, 65_534);
      await assertRefused({ journal, within: BOUND }, 74, segment);
      await Deno.chown(segment, 0, 0);
      await deliveries.requireRecorded(journal);
    }),
);

Deno.test("fault: a folder with a missing parent is refused with 74, because a disk may not be mounted", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/mount/journal`;
    await assertRefused({ journal }, 74, journal);
    await assert.rejects(Deno.stat(`${folder}/mount`), Deno.errors.NotFound);
  }));

Deno.test("fault: a second process is refused with 73, and the first continues", () =>
  inFolder(async (journal) => {
    const deliveries = new Deliveries();
    const daybook = await DaybookProcess.start({ journal });
    await deliveries.deliver(daybook);
    const output = await assertRefused({ journal }, 73, journal);
    assert.match(output, /Cannot open journal .*: another process holds it/);
    assert.equal((await deliveries.deliver(daybook)).status, 200);
    const note = await Deno.readTextFile(`${journal}/LOCK`);
    assert.equal(note, `${daybook.url}\n`, "the first can still be found");
    assert.equal(await daybook.stop(), 0);
    await deliveries.requireRecorded(journal);
  }));

/** Files planted in the folder of a journal, with the exit code of their refusal. */
const PLANTED: readonly (readonly [string, number])[] = [
  ["segments", 74],
  ["segments/00000000000000000001.ndjson", 78],
  ["segments/00000000000000000099.ndjson", 78],
  ["snapshots", 74],
  ["snapshots/00000000000000000099.snapshot", 74],
  ["snapshots/00000000000000000099.snapshot.tmp", 74],
  ["quarantine", 74],
  ["LOCK", 74],
  ["reserve", 74],
];

Deno.test("fault: a symbolic link planted in the folder is refused, and not followed", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const deliveries = await deliverSome({ journal });
    for (const [name, code] of PLANTED) {
      const path = `${journal}/${name}`;
      const aside = `${folder}/aside`;
      const isThere = await Deno.rename(path, aside).then(() => true, () => false);
      const target = isThere ? aside : `${folder}/precious`;
      if (!isThere) await Deno.writeTextFile(target, "precious\n");
      await Deno.symlink(target, path);
      const before = await contentOf(target);

      const output = await assertRefused({ journal }, code, path);
      assert.match(output, /symbolic link/, name);
      assert.deepEqual(await contentOf(target), before, name);

      await Deno.remove(path);
      if (isThere) await Deno.rename(aside, path);
    }
    await deliverSome({ journal });
    await deliveries.requireRecorded(journal);
  }));

async function contentOf(path: string): Promise<unknown> {
  const { isDirectory } = await Deno.stat(path);
  if (!isDirectory) return await Deno.readFile(path);
  return (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort();
}

Deno.test("fault: a foreign file among the segments is refused with 78", () =>
  inFolder(async (journal) => {
    const deliveries = await deliverSome({ journal });
    const foreign = `${journal}/segments/notes.txt`;
    await Deno.writeTextFile(foreign, "mine");
    assert.match(await assertRefused({ journal }, 78, foreign), /move it elsewhere/);
    assert.equal(await Deno.readTextFile(foreign), "mine");
    await Deno.remove(foreign);
    await deliverSome({ journal });
    await deliveries.requireRecorded(journal);
  }));

Deno.test("fault: a pipe among the segments is refused with 78 without waiting", () =>
  inFolder(async (journal) => {
    await deliverSome({ journal });
    const pipe = `${journal}/segments/00000000000000000099.ndjson`;
    assert.ok(await succeeds("mkfifo", pipe));
    await assertRefused({ journal }, 78, pipe);
    await Deno.remove(pipe);
    await deliverSome({ journal });
  }));

Deno.test("fault: NULs after the last entry are set aside, and everything before them is there", () =>
  inFolder(async (journal) => {
    const deliveries = new Deliveries();
    const first = await DaybookProcess.start({ journal });
    for (let count = 0; count < 5; count++) await deliveries.deliver(first);
    await first.kill();
    const segment = `${journal}/segments/00000000000000000001.ndjson`;
    await writeAfterLastLine(segment, new Uint8Array(5_000));

    const daybook = await DaybookProcess.start({ journal });
    const { lastRecovery } = await daybook.get("/journal") as {
      lastRecovery: { bytesQuarantined: number };
    };
    assert.equal(lastRecovery.bytesQuarantined, 5_000);
    assert.equal((await deliveries.deliver(daybook)).status, 200);
    assert.equal(await daybook.stop(), 0);
    await deliveries.requireRecorded(journal);
  }));

/** Whether no full segment was verified since the start. */
async function trustsAll(daybook: DaybookProcess): Promise<boolean> {
  const { proof } = await daybook.get("/journal") as {
    proof: { segments: number; trusted: number };
  };
  return proof.trusted === proof.segments;
}

/** Starts repeatedly until a start trusts all full segments. */
async function startedOnTrust(options: ProcessOptions): Promise<DaybookProcess> {
  for (;;) {
    const daybook = await DaybookProcess.start(options);
    if (await trustsAll(daybook)) return daybook;
    // A start that reads them writes their verdicts some seconds later.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.equal(await daybook.stop(), 0);
  }
}

Deno.test("fault: damage found by the background verification ends the process with 78", () =>
  inFolder(async (journal) => {
    const options = { journal, args: ["--segment-bytes=4KiB"] };
    const deliveries = new Deliveries();
    const first = await DaybookProcess.start(options);
    for (let count = 0; count < 30; count++) await deliveries.deliver(first, 300);
    assert.equal(await first.stop(), 0);

    const name = "00000000000000000001.ndjson";
    const path = `${journal}/segments/${name}`;
    const sound = await Deno.readFile(path);
    const second = sound.indexOf(10, 1) + 1;
    const damaged = sound.with(second + 30, (sound[second + 30] ?? 0) ^ 1);
    let daybook = await startedOnTrust(options);
    await Deno.writeFile(path, damaged);
    // On a slow machine, the damage may come after the verification.
    while (!await trustsAll(daybook).catch(() => true)) {
      await Deno.writeFile(path, sound);
      assert.equal(await daybook.stop(), 0);
      daybook = await startedOnTrust(options);
      await Deno.writeFile(path, damaged);
    }
    assert.equal(await daybook.exitCode(), 78);
    const told = daybook.output.join("\n");
    assert.ok(told.includes(`segment ${name} at byte ${second} (logId 2)`), told);
    assert.ok(told.includes("journal verify"), told);
    await assertRefused(options, 78, name);
  }));

testWhere(
  CAN_LIMIT,
  "there is no prlimit",
  "fault: a limit on the size of files is treated like a full disk: 507, and reads continue",
  () =>
    inFolder(async (journal) => {
      const deliveries = new Deliveries();
      const daybook = await DaybookProcess.start({
        journal,
        limits: SMALL_RESERVE,
        within: LIMITED,
      });
      let answer = await deliveries.deliver(daybook, 5_000);
      for (let count = 0; answer.status === 200 && count < 200; count++) {
        answer = await deliveries.deliver(daybook, 5_000);
      }
      assert.equal(answer.status, 507);
      assert.equal(await statusOf(daybook, "/readyz"), 503);
      assert.equal(await statusOf(daybook, "/events?limit=500"), 200);
      assert.equal((await deliveries.deliver(daybook, 5_000)).status, 507);
      assert.equal(await daybook.stop(), 0);
      const recorded = await deliveries.requireRecorded(journal);
      assert.ok(recorded > deliveries.acknowledged.length);
      await deliverSome({ journal });
    }),
);

Deno.test("fault: a blocked output does not affect the server", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const deliveries = new Deliveries();
    // The lock has the address; `exec` keeps the process id.
    const daybook = await DaybookProcess.startSilently({
      journal,
      within: ["sh", "-c", 'exec "$@" >/dev/full 2>/dev/full', "sh"],
    });
    for (let count = 0; count < 5; count++) {
      assert.equal((await deliveries.deliver(daybook)).status, 200);
    }
    assert.equal(await daybook.stop(), 0);
    await deliveries.requireRecorded(journal);
  }));

testWithRecorder(
  "fault: a failed sync ends the process with 70, and nothing is acknowledged after it",
  () =>
    inFolder(async (folder) => {
      const disk = await RecordingDisk.create(folder);
      const power = new PowerSupply(disk, Math.random);
      const journal = `${disk.folder}/journal`;
      const options = {
        journal,
        env: disk.environment,
        permissions: [`--allow-read=${disk.folder}`],
      };
      await power.on();
      const deliveries = new Deliveries();
      const daybook = await DaybookProcess.start(options);
      for (let count = 0; count < 5; count++) await deliveries.deliver(daybook);
      const before = deliveries.acknowledged.length;

      await Deno.writeTextFile(disk.failing, "");
      const waiting = Array.from({ length: 20 }, () => deliveries.deliver(daybook));
      const answers = await Promise.allSettled(waiting);
      const later = await deliveries.deliver(daybook).catch(() => undefined);
      assert.equal(await daybook.exitCode(), 70);

      // The process ends soon: on a slow machine some connections close before their answers.
      const answered = answers.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
      assert.ok(answered.length > 0);
      for (const { status, type } of answered) {
        assert.deepEqual([status, type?.endsWith("outcome-unknown")], [503, true]);
      }
      assert.notEqual(later?.status, 200);
      assert.equal(deliveries.acknowledged.length, before);
      assert.match(daybook.output.join("\n"), /Input\/output error.*only the next start can tell/);

      await power.cut();
      await power.on();
      const next = await DaybookProcess.start(options);
      assert.equal((await deliveries.deliver(next)).status, 200);
      assert.equal(await next.stop(), 0);
      await deliveries.requireRecorded(journal);
    }),
);

for (const name of ["segments/00000000000000000001.ndjson", "LOCK"]) {
  Deno.test(`fault: ${name} is removed while it is in use: nothing more is acknowledged, and 70`, () =>
    inFolder(async (folder) => {
      const journal = `${folder}/journal`;
      const deliveries = new Deliveries();
      const daybook = await DaybookProcess.start({ journal });
      assert.equal((await deliveries.deliver(daybook)).status, 200);
      await Deno.copyFile(`${journal}/${name}`, `${folder}/kept`);
      await Deno.remove(`${journal}/${name}`);
      // The lock is checked within a tenth of a second.
      await new Promise((resolve) => setTimeout(resolve, 150));
      const answer = await deliveries.deliver(daybook);
      assert.deepEqual(answer, { status: 503, type: "/problems/outcome-unknown" });
      assert.equal(await daybook.exitCode(), 70);
      assert.match(daybook.output.join("\n"), /was removed, replaced or cut/);
      await Deno.rename(`${folder}/kept`, `${journal}/${name}`);
      await deliveries.requireRecorded(journal);
    }));
}
