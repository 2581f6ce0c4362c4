/**
 * What the last verification found, as a file in the folder of the journal. Another process
 * writes it while the server runs. What it found intact is a witness of the end at a start.
 */

import { crc32 } from "node:zlib";
import * as v from "valibot";
import type { Verification } from "../engine/ports.ts";
import { type FileSystem, withFile, writeNew } from "./file_system.ts";
import { type Layout, TEMPORARY } from "./layout.ts";

/** A file that is longer is not one of ours. */
const BYTES_MAX = 64 * 1024;

const logId = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const head = { logId, chain: v.string() };

const schema = v.object({
  verdict: v.picklist(["intact", "damaged"]),
  at: v.pipe(v.string(), v.isoTimestamp()),
  head: v.object(head),
  proved: v.exactOptional(v.nullable(v.object({ firstLogId: logId, lastLogId: logId }))),
  durationMs: v.pipe(v.number(), v.minValue(0)),
  detail: v.string(),
  lastIntact: v.optional(v.object({ ...head, at: v.pipe(v.string(), v.isoTimestamp()) })),
});

/** The end of a journal that was found to be intact, and when. */
export type Witness = NonNullable<Verification["lastIntact"]>;

/** What the verdict knows of the last intact state: of that itself, or of one before it. */
export function toWitness({ verdict, head, at, lastIntact }: Verification): Witness | undefined {
  return verdict === "intact" ? { ...head, at } : lastIntact;
}

/** What was found last; `null` when nothing can be read that has the right shape. */
export async function readVerification(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<Verification | null> {
  try {
    if (await fileSystem.kind(layout.verification) !== "file") return null;
    const result = v.safeParse(schema, JSON.parse(await readText(fileSystem, layout.verification)));
    return result.success ? toVerification(result.output) : null;
  } catch {
    return null; // As when it was never verified.
  }
}

function toVerification({ lastIntact, ...rest }: v.InferOutput<typeof schema>): Verification {
  return lastIntact === undefined ? rest : { ...rest, lastIntact };
}

/**
 * Replaces what was found last, in one step, and returns when that is on disk. Two processes
 * may do so side by side: they write to names of their own, and the later one stays.
 */
export async function writeVerification(
  fileSystem: FileSystem,
  layout: Layout,
  verification: Verification,
): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(verification, null, 2) + "\n");
  if (bytes.length > BYTES_MAX) {
    throw new RangeError(`Cannot write the verification: it has more than ${BYTES_MAX} bytes`);
  }
  const temporary = temporaryName(layout, bytes);
  try {
    await writeNew(fileSystem, temporary, bytes);
    await fileSystem.rename(temporary, layout.verification);
  } catch (error) {
    if (await fileSystem.kind(temporary) === "file") await fileSystem.remove(temporary);
    throw error;
  }
  await fileSystem.syncFolder(layout.folder);
}

function temporaryName({ verification }: Layout, bytes: Uint8Array): string {
  return `${verification}.${crc32(bytes).toString(16).padStart(8, "0")}${TEMPORARY}`;
}

async function readText(fileSystem: FileSystem, path: string): Promise<string> {
  const bytes = await withFile(
    fileSystem,
    path,
    "read",
    (file) => file.read(0, BYTES_MAX + 1),
  );
  if (bytes.length > BYTES_MAX) throw new RangeError(`Cannot use ${path}: it is too long`);
  return new TextDecoder().decode(bytes);
}
