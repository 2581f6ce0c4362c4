import assert from "node:assert/strict";
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

Deno.test("deno file system: a read returns the bytes at its position, fewer only at the end", () =>
  withFile(300_000, async (path, content) => {
    const file = await new DenoFileSystem().open(path, "read");
    for (const length of [1, 8_192, 65_536, 65_537, 200_000, 400_000]) {
      for (const offset of [0, 1, 100_000, 299_999, 300_000]) {
        assert.deepEqual(await file.read(offset, length), content.slice(offset, offset + length));
      }
    }
    file.close();
  }));

Deno.test("deno file system: connections are served during continuous small reads", () =>
  withFile(300_000, async (path) => {
    const file = await new DenoFileSystem().open(path, "read");
    let answered = false;
    const answer = askOverNetwork().then(() => answered = true);
    for (let count = 0; !answered; count++) {
      assert.ok(count < 200_000, "no answer came during the reads");
      await file.read(count, 8_192);
    }
    file.close();
    await answer;
  }));

/** One byte there and back. */
async function askOverNetwork(): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using server = await accepted;
  const byte = new Uint8Array(1);
  await client.write(byte);
  await server.read(byte);
  await server.write(byte);
  await client.read(byte);
}
