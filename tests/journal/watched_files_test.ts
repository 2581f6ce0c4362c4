/** Files of the journal that are removed, replaced or cut while in use. */

import assert from "node:assert/strict";
import { JournalFailedError } from "../../src/engine/ports.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";

const SEGMENT = "segments/00000000000000000001.ndjson";

const LOSSES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  removed: (path) => Deno.remove(path),
  "moved away": (path) => Deno.rename(path, `${path}.away`),
  "replaced by a copy": async (path) => {
    await Deno.copyFile(path, `${path}.copy`);
    await Deno.rename(`${path}.copy`, path);
  },
  "replaced by a link to itself": async (path) => {
    await Deno.rename(path, `${path}.away`);
    await Deno.symlink(`${path}.away`, path);
  },
};

for (const [what, lose] of Object.entries(LOSSES)) {
  for (const name of [SEGMENT, "LOCK"]) {
    testWithFolder(
      `watched files: ${name} is ${what}, and the next batch is not acknowledged`,
      async (folder) => {
        const consumer = new RememberingConsumer();
        const { journal } = await folder.open(consumer);
        await journal.append(facts(1)).durable;
        await lose(`${folder.path}/${name}`);
        folder.clock.pass(100);

        await assert.rejects(journal.append(facts(1)).durable, (error) => {
          assert.ok(error instanceof JournalFailedError);
          assert.ok(error.message.includes(`${folder.path}/${name} was removed, replaced or cut`));
          return true;
        });
        assert.equal(consumer.failures.length, 1);
        assert.throws(() => journal.append(facts(1)), JournalFailedError);
        await journal.close();
      },
    );
  }
}

testWithFolder(
  "watched files: a segment is cut, and the next batch is not acknowledged",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    // Preallocated from here on.
    await journal.append(facts(1)).durable;
    await Deno.truncate(`${folder.path}/${SEGMENT}`, 100);
    folder.clock.pass(100);
    await assert.rejects(journal.append(facts(1)).durable, JournalFailedError);
    await journal.close();
  },
);

testWithFolder("watched files: the file fails its check and its sync", async (folder) => {
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer);
  folder.disk.before = (operation) => {
    // Closes the file while the batch is being written.
    if (operation === "write") queueMicrotask(() => folder.disk.crash());
  };
  await assert.rejects(journal.append(facts(1)).durable, JournalFailedError);
  assert.equal(consumer.failures.length, 1);
  await journal.close();
});

testWithFolder("watched files: the folder is moved away as a whole", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(1)).durable;
  await Deno.rename(`${folder.path}/segments`, `${folder.path}/elsewhere`);
  // So soon that only a batch of the same millisecond could still be acknowledged.
  folder.clock.pass(1);
  await assert.rejects(journal.append(facts(1)).durable, JournalFailedError);
  await journal.close();
});

testWithFolder(
  "watched files: full segments may be replaced, each new one is watched",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 500 });
    for (let batch = 0; batch < 4; batch++) await journal.append(facts(2)).durable;
    const [first, ...others] = (await journal.info()).segments.map(({ name }) => name);
    await LOSSES["replaced by a copy"]?.(`${folder.path}/segments/${first}`);
    await journal.append(facts(2)).durable;
    const last = (await journal.info()).segments.at(-1)?.name;
    assert.ok(others.length > 0 && last !== first);
    await Deno.remove(`${folder.path}/segments/${last}`);
    // It gets one more batch before it is full, or the next segment begins.
    await assert.rejects(async () => {
      for (let batch = 0; batch < 2; batch++) await journal.append(facts(1)).durable;
    }, JournalFailedError);
    await journal.close();
  },
);

testWithFolder(
  "watched files: a read that finds the folder moved away fails as a write does, not as damage",
  async (folder) => {
    const earlier = await folder.open(new RememberingConsumer());
    await earlier.journal.append(facts(3)).durable;
    await earlier.journal.close();
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer);
    await Deno.rename(`${folder.path}/segments`, `${folder.path}/away`);
    await assert.rejects(journal.read(0, 3));
    const [failure] = consumer.failures;
    assert.ok(failure instanceof JournalFailedError);
    assert.match(failure.message, /was removed, replaced or cut while it was in use/);
    assert.equal(failure.damage, undefined);
    await journal.close();
  },
);

testWithFolder(
  "watched files: a folder that cannot be entered is reported as that, not as a lost segment",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    await Deno.rename(`${folder.path}/segments`, `${folder.path}/away`);
    // As without permission, which does not stop root.
    await Deno.symlink(`${folder.path}/segments`, `${folder.path}/segments`);
    folder.clock.pass(100);
    await assert.rejects(journal.append(facts(1)).durable, (error) => {
      assert.ok(error instanceof JournalFailedError);
      assert.match(
        error.message,
        /ndjson cannot be checked, .*: Too many levels of symbolic links/,
      );
      assert.doesNotMatch(error.message, /removed|lost/);
      return true;
    });
    await journal.close();
  },
);
