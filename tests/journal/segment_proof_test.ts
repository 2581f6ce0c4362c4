import assert from "node:assert/strict";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { withFile } from "../../src/journal/file_system.ts";
import { requireWhole, type SealedSegment } from "../../src/journal/segment_proof.ts";
import { decodedSidecar } from "../../src/journal/sidecar_store.ts";
import { fact } from "../support/journal/journal_events.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import {
  contentOf,
  flipped,
  namesIn,
  proven,
  SEGMENTS,
  sidecarOf,
  SIDECARS,
  startOn,
  type Written,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";

const PATH = "segment";

function segmentOf({ disk }: Pick<Written, "disk">, name: string): SealedSegment {
  const sidecar = decodedSidecar(contentOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
  assert.ok(typeof sidecar !== "string");
  return sidecar.segment;
}

/** The damage, or `undefined` if the bytes are those of the segment. */
async function damageIn(
  segment: SealedSegment,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<JournalDamagedError | undefined> {
  const disk = new MemoryDisk();
  disk.files.set(PATH, bytes);
  try {
    await withFile(disk, PATH, "read", (file) => requireWhole(file, segment, () => undefined));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof JournalDamagedError, String(error));
    return error;
  }
}

Deno.test("segment proof: any changed, missing or added byte is found, with its line", async () => {
  const written = await writtenWithSidecars();
  for (const name of written.sealed) {
    const [segment, whole] = [
      segmentOf(written, name),
      contentOf(written.disk, `${SEGMENTS}/${name}`),
    ];
    assert.equal(await damageIn(segment, whole), undefined);
    for (let at = 0; at < whole.length; at++) {
      const lineStart = whole.lastIndexOf(10, Math.max(0, at - 1)) + 1;
      const damage = await damageIn(segment, flipped(whole, at, 1 << (at % 8)));
      assert.ok(damage !== undefined, `byte ${at}`);
      assert.ok(damage.offset <= Math.max(at, lineStart), `byte ${at}: told at ${damage.offset}`);
      assert.ok(await damageIn(segment, whole.slice(0, at)) !== undefined, `cut at ${at}`);
    }
    for (const more of [[10], [0], [10, 10], [...whole.slice(0, 300)]]) {
      const damage = await damageIn(segment, new Uint8Array([...whole, ...more]));
      assert.ok(damage !== undefined, more.join());
    }
  }
});

Deno.test("segment proof: whole lines of another history are found", async () => {
  const written = await writtenWithSidecars();
  const [first = "", second = ""] = written.sealed;
  const content = contentOf(written.disk, `${SEGMENTS}/${first}`);
  const segment = segmentOf(written, first);
  for (
    const change of [
      { chain: segmentOf(written, second).chain },
      { chainBefore: segment.chain },
      { lastLogId: segment.lastLogId + 1 },
      { lastLogId: segment.lastLogId - 1 },
    ]
  ) {
    const damage = await damageIn({ ...segment, ...change }, content);
    assert.ok(damage !== undefined, JSON.stringify(change));
  }
});

Deno.test("segment proof: a batch may be longer than one read", async () => {
  const disk = new MemoryDisk();
  const started = await startOn(disk, { segmentBytes: 1_000 });
  const pad = "x".repeat(100_000);
  for (const size of [1, 15, 2, 30, 1]) {
    await started.journal.append(Array.from({ length: size }, (_, n) => fact({ n, pad }))).durable;
  }
  await proven(started);
  const sealed = namesIn(disk, SEGMENTS).slice(0, -1);
  assert.deepEqual(namesIn(disk, SIDECARS), sealed.map(sidecarOf));
  await started.journal.close();
  for (const name of sealed) {
    const bytes = contentOf(disk, `${SEGMENTS}/${name}`);
    const segment = segmentOf({ disk }, name);
    assert.equal(await damageIn(segment, bytes), undefined);
    assert.ok(await damageIn(segment, flipped(bytes, bytes.length - 1_000)) !== undefined);
  }
});
