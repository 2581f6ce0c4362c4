import assert from "node:assert/strict";
import { dirname } from "node:path";
import {
  failureReason,
  JournalDamagedError,
  JournalLockedError,
  JournalUnusableError,
} from "../../src/journal/errors.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { noSpace } from "../support/journal/journal_disk.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";

async function unusable(folder: JournalFolder, exitCode = 74): Promise<JournalUnusableError> {
  const error = await folder.open(new RememberingConsumer()).then(
    () => undefined,
    (reason) => reason,
  );
  assert.ok(error instanceof JournalUnusableError, `${error}`);
  assert.equal(error.exitCode, exitCode);
  assert.match(error.message, new RegExp(`^Cannot [a-z ]+ ${error.path}: .`));
  return error;
}

testWithFolder(
  "file journal: a second opener is turned away until the first has closed",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    await assert.rejects(folder.open(new RememberingConsumer()), (error) => {
      assert.ok(error instanceof JournalLockedError);
      assert.equal(error.exitCode, 73);
      assert.equal(error.message, `Cannot open journal ${folder.path}: another process holds it`);
      return true;
    });
    await journal.append(facts(1)).durable;
    await journal.close();
    const { journal: next, report } = await folder.open(new RememberingConsumer());
    assert.equal(report.clean, true);
    await next.close();
  },
);

testWithFolder(
  "file journal: the lock holds the address of the server until it is closed",
  async (folder) => {
    const lock = `${folder.path}/LOCK`;
    const { journal } = await folder.open(new RememberingConsumer());
    assert.equal(await Deno.readTextFile(lock), "");
    await journal.announce("http://127.0.0.1:8000/a-longer-one");
    await journal.announce("http://127.0.0.1:8000");
    assert.equal(await Deno.readTextFile(lock), "http://127.0.0.1:8000\n");
    await assert.rejects(folder.open(new RememberingConsumer()), JournalLockedError);
    assert.equal(await Deno.readTextFile(lock), "http://127.0.0.1:8000\n");
    await journal.close();
    await journal.announce("http://127.0.0.1:8000");
    assert.equal(await Deno.readTextFile(lock), "");
    assert.deepEqual(folder.warnings, []);
  },
);

testWithFolder(
  "file journal: an address left in the lock by a crash is removed",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.announce("http://127.0.0.1:8000");
    folder.crash();
    assert.equal(await Deno.readTextFile(`${folder.path}/LOCK`), "http://127.0.0.1:8000\n");
    const { journal: next } = await folder.open(new RememberingConsumer());
    assert.equal(await Deno.readTextFile(`${folder.path}/LOCK`), "");
    await next.close();
  },
);

testWithFolder(
  "file journal: an address that cannot be written gives a warning",
  async (folder) => {
    folder.disk.fail({ operation: "note", error: noSpace() });
    const { journal } = await folder.open(new RememberingConsumer());
    folder.disk.fail({ operation: "note", error: noSpace() });
    await journal.announce("http://127.0.0.1:8000");
    folder.disk.fail({ operation: "note", error: noSpace() });
    await journal.close();
    const lock = `${folder.path}/LOCK`;
    assert.deepEqual(folder.warnings, [
      `Cannot empty ${lock}: No space left on device (os error 28)`,
      `Cannot announce http://127.0.0.1:8000 in ${lock}: No space left on device (os error 28)`,
      `Cannot empty ${lock}: No space left on device (os error 28)`,
    ]);
    const { journal: next } = await folder.open(new RememberingConsumer());
    await next.close();
  },
);

testWithFolder("file journal: a failed start releases the lock", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(1)).durable;
  folder.crash();
  const consumer = new RememberingConsumer();
  consumer.unknownTypes.add("ec.order.OrderPlaced");
  await assert.rejects(folder.open(consumer), JournalDamagedError);
  const { journal: next } = await folder.open(new RememberingConsumer());
  await next.close();
});

testWithFolder(
  "file journal: a folder that cannot be made names path and reason",
  async (folder) => {
    await Deno.writeTextFile(folder.path, "a file");
    const error = await unusable(folder);
    assert.equal(error.path, folder.path);
  },
);

testWithFolder("file journal: a folder that cannot be written fails the probe", async (folder) => {
  const faults = [
    ["create", new Error("Read-only file system (os error 30)")],
    ["write", new Error("Input/output error (os error 5)")],
    ["sync", new Error("Input/output error (os error 5)")],
    ["rename", new Error("Permission denied (os error 13)")],
    ["syncFolder", new Error("Input/output error (os error 5)")],
  ] as const;
  for (const [operation, error] of faults) {
    folder.disk.fail({ operation, path: folder.path, error });
    const found = await unusable(folder);
    assert.equal(found.path, folder.path, operation);
    assert.ok(found.message.includes(error.message), operation);
    assert.equal(found.cause, error);
  }
});

testWithFolder(
  "file journal: the name of a new folder is on disk before anything is recorded",
  async (folder) => {
    const path = `${folder.path}-new`;
    const { journal } = await folder.open(new RememberingConsumer(), { folder: path });
    const { operations } = folder.disk;
    const recorded = operations.findIndex((each) => each.startsWith("create"));
    assert.ok(operations.slice(0, recorded).includes(`syncFolder ${dirname(path)}`));
    await journal.close();
  },
);

testWithFolder("file journal: it does not create a missing parent folder", async (folder) => {
  await assert.rejects(
    folder.open(new RememberingConsumer(), { folder: `${folder.path}/further/in` }),
    { name: "JournalUnusableError", exitCode: 74 },
  );
});

testWithFolder(
  "file journal: it starts without permission for its parent folder",
  async (folder) => {
    const path = dirname(folder.path);
    for (const name of ["NotCapable", "PermissionDenied"]) {
      folder.disk.before = (operation, at) => {
        if (operation === "syncFolder" && at === path) throw Object.assign(new Error(), { name });
      };
      const { journal } = await folder.open(new RememberingConsumer());
      await journal.close();
    }
    folder.disk.before = () => {};
    folder.disk.fail({ operation: "syncFolder", error: new Error("Input/output error") });
    assert.equal((await unusable(folder)).path, folder.path);
  },
);

testWithFolder("file journal: a missing permission is named with its flag", async (folder) => {
  const denied = (access: string) =>
    Object.assign(new Error(`Requires ${access} access to "x", run again with the flag`), {
      name: "NotCapable",
    });
  folder.disk.fail({ operation: "makeFolder", error: denied("write") });
  assert.match((await unusable(folder)).message, new RegExp(`add --allow-write=${folder.path}$`));
  folder.disk.fail({ operation: "makeFolder", error: denied("read") });
  assert.match((await unusable(folder)).message, new RegExp(`add --allow-read=${folder.path}$`));
});

testWithFolder("file journal: symbolic links and special files are refused", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(1)).durable;
  await journal.close();
  const segments = `${folder.path}/segments`;
  const oddities: [string, () => Promise<void>][] = [
    [`${segments}/notes.txt`, () => Deno.writeTextFile(`${segments}/notes.txt`, "hello")],
    [`${segments}/5.ndjson`, () => Deno.writeTextFile(`${segments}/5.ndjson`, "")],
    [
      `${segments}/${"0".repeat(19)}9.ndjson`,
      () => Deno.mkdir(`${segments}/${"0".repeat(19)}9.ndjson`),
    ],
    [
      `${segments}/${"0".repeat(19)}8.ndjson`,
      () =>
        Deno.symlink(
          `${segments}/${"0".repeat(19)}1.ndjson`,
          `${segments}/${"0".repeat(19)}8.ndjson`,
        ),
    ],
    [
      `${folder.path}/snapshots/${"0".repeat(19)}9.snapshot`,
      () => Deno.symlink("/etc/hostname", `${folder.path}/snapshots/${"0".repeat(19)}9.snapshot`),
    ],
  ];
  for (const [path, make] of oddities) {
    await make();
    // Nothing is guessed about files among the segments, as with damage.
    assert.equal((await unusable(folder, path.startsWith(segments) ? 78 : 74)).path, path);
    await Deno.remove(path, { recursive: true });
  }
  const { journal: fine } = await folder.open(new RememberingConsumer());
  await fine.close();
});

testWithFolder("file journal: a link in place of one of its folders is refused", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.close();
  for (const name of ["segments", "snapshots", "quarantine", "LOCK"]) {
    const path = `${folder.path}/${name}`;
    await Deno.rename(path, `${path}-elsewhere`);
    await Deno.symlink(`${path}-elsewhere`, path);
    const error = await unusable(folder);
    assert.equal(error.path, path);
    assert.match(error.message, /it is a symbolic link/);
    await Deno.remove(path);
    await Deno.rename(`${path}-elsewhere`, path);
  }
});

testWithFolder(
  "file journal: only its own unfinished files are removed",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    await journal.close();
    const number = "0".repeat(19) + "1";
    await folder.write(`segments/${number}.ndjson.tmp`, new Uint8Array(9));
    await folder.write(`snapshots/${number}.snapshot.tmp`, new Uint8Array(9));
    await folder.write("repair.json.tmp", new Uint8Array(9));
    await folder.write("snapshots/mine.tmp", new Uint8Array(9));
    const { journal: next } = await folder.open(new RememberingConsumer());
    await next.close();
    await assert.rejects(folder.read("repair.json.tmp"), Deno.errors.NotFound);
    assert.deepEqual(await folder.names("segments"), [`${number}.ndjson`]);
    assert.deepEqual(await folder.names("snapshots"), [`${"0".repeat(19)}2.snapshot`, "mine.tmp"]);
  },
);

testWithFolder("file journal: without room to record a recovery it is unusable", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(1)).durable;
  folder.crash();
  // The segment is copied while it is verified, and if that fails, afterwards.
  for (const _ of ["meanwhile", "afterwards"]) {
    folder.disk.fail({ operation: "write", path: "1.ndjson", error: noSpace() });
  }
  await unusable(folder);
  const { journal: next } = await folder.open(new RememberingConsumer());
  await next.close();
});

testWithFolder("file journal: options out of range are refused", async (folder) => {
  const options = [{ segmentBytes: 0 }, { snapshotEvery: 1.5 }, { quietSealMs: -1 }, {
    batchBytesMax: NaN,
  }];
  for (const option of options) {
    await assert.rejects(folder.open(new RememberingConsumer(), option), RangeError);
  }
});

Deno.test("folder: a folder whose parent is missing, and one of another user, are told as such", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/no/journal`;
    const error = await Deno.mkdir(path).catch((error) => error);
    assert.equal(failureReason(error, path), "the folder that it would be in does not exist");
    const denied = new Deno.errors.PermissionDenied(
      `Permission denied (os error 13): open '${path}'`,
    );
    assert.equal(
      failureReason(denied, path),
      "Permission denied (os error 13): the user that runs Daybook may not; check its owner and its mode",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
