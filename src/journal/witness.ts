/** What a verification once found intact is a witness at every start after it. */

import type { JournalHead, SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
import { type Layout, segmentName } from "./layout.ts";
import { readVerification, witnessOf } from "./verification_file.ts";

/**
 * Nothing in whole lines tells that the last of them are missing; the verdict of
 * `journal verify` does.
 *
 * @throws {JournalDamagedError} when the journal ends before what was found intact.
 */
export async function requireWitnessed(
  fileSystem: FileSystem,
  layout: Layout,
  head: JournalHead,
  active: SegmentInfo | undefined,
): Promise<void> {
  const verification = await readVerification(fileSystem, layout);
  const witness = verification === null ? undefined : witnessOf(verification);
  if (witness === undefined || witness.logId <= head.logId) return;
  const { name, bytes } = active ?? { name: segmentName(1), bytes: 0 };
  throw new JournalDamagedError(
    { segment: name, offset: bytes, logId: head.logId + 1 },
    `the journal ends at logId ${head.logId}, and was found intact up to ${witness.logId} at ` +
      `${witness.at}: entries that were acknowledged are gone ` +
      "(--accept-snapshot-ahead goes on without them). Restore a backup; where this is an older " +
      "journal on purpose, move its verification.json away",
  );
}
