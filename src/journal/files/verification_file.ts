/**
 * The result of the last verification, in a file in the folder of the journal. Another process may
 * write it while the server runs. A start uses it as a witness: the journal must not end before
 * what was found intact.
 */

import { crc32 } from "node:zlib";
import * as v from "valibot";
import type { Verification } from "../../engine/ports.ts";
import { type FileSystem, readText, replaceFile } from "./file_system.ts";
import { type Layout, TEMPORARY } from "../layout.ts";

/** A longer file is not a verification result. */
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

/** The end of a journal that was found intact, and when. */
export type Witness = NonNullable<Verification["lastIntact"]>;

/**
 * The last intact state: that of this verification, or of an earlier one if this one found damage.
 */
export function toWitness({ verdict, head, at, lastIntact }: Verification): Witness | undefined {
  return verdict === "intact" ? { ...head, at } : lastIntact;
}

/** Reads the last result; `null` if there is no valid one. */
export async function readVerification(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<Verification | null> {
  try {
    if (await fileSystem.kind(layout.verification) !== "file") return null;
    const text = await readText(fileSystem, layout.verification, BYTES_MAX);
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success ? toVerification(result.output) : null;
  } catch {
    return null; // Treated as never verified.
  }
}

function toVerification({ lastIntact, ...rest }: v.InferOutput<typeof schema>): Verification {
  return lastIntact === undefined ? rest : { ...rest, lastIntact };
}

/**
 * Atomically replaces the last result, and resolves when the new one is on disk. Two processes may
 * do so at the same time: they write to different temporary files, and the later one wins.
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
  await replaceFile(fileSystem, layout.verification, bytes, temporaryName(layout, bytes));
}

function temporaryName({ verification }: Layout, bytes: Uint8Array): string {
  return `${verification}.${crc32(bytes).toString(16).padStart(8, "0")}${TEMPORARY}`;
}
