/** What opening a journal found, as its port tells of it. */

import type { LogId } from "../core/ids.ts";
import type { RecoveryReport } from "../engine/ports.ts";
import type { Recovery } from "./recovery.ts";

export function reportOf(
  recovery: Omit<Recovery, "head" | "segments" | "indexes" | "ends" | "found">,
  recoveredLogId: LogId | null,
  durationMs: number,
): RecoveryReport {
  return {
    clean: recovery.clean,
    entriesReplayed: recovery.entriesReplayed,
    snapshotLogId: recovery.snapshot?.logId ?? null,
    durationMs,
    bytesQuarantined: recovery.bytesQuarantined,
    quarantine: recovery.quarantine,
    recoveredLogId,
    warnings: recovery.warnings,
  };
}
