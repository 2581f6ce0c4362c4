/** Whether a process began its journal: then there was no stop before it, clean or not. */

import type { RecoveryReport } from "../engine/ports.ts";

/** What was opened held nothing at all. */
export function isNewJournal(report: RecoveryReport): boolean {
  return report.clean && report.entriesReplayed === 0 && report.snapshotLogId === null &&
    report.bytesQuarantined === 0;
}
