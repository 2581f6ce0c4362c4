import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { DenoFileSystem } from "../../src/journal/deno_file_system.ts";
import { writeNew } from "../../src/journal/file_system.ts";

async function withFile(size: number, run: (path: string, content: Uint8Array) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const content = Uint8Array.from({ length: size }, (_, index) => index % 251);
  try {
    await writeNew(new DenoFileSystem(), `${folder}/file`, content);
    await run(`${folder}/file`, content);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("deno file system: a read gives what is at its place, short only at the end", () =>
  withFile(300_000, async (path, content) => {
    const file = await new DenoFileSystem().open(path, "read");
    for (const length of [1, 8_192, 65_536, 65_537, 200_000, 400_000]) {
      for (const offset of [0, 1, 100_000, 299_999, 300_000]) {
        assert.deepEqual(await file.read(offset, length), content.slice(offset, offset + length));
      }
    }
    file.close();
  }));

Deno.test("deno file system: thousands of small reads let other work run between them", () =>
  withFile(300_000, async (path) => {
    const file = await new DenoFileSystem().open(path, "read");
    let turns = 0;
    let reading = true;
    const turn = () => {
      turns++;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    for (let count = 0; count < 20_000; count++) await file.read(count, 8_192);
    reading = false;
    file.close();
    assert.ok(turns > 1, `${turns} turns`);
    await new Promise(setImmediate);
  }));
