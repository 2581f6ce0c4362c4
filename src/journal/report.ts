/** What opening a journal found, as its port tells of it. */

import type { LogId } from "../core/ids.ts";
import type { RecoveryReport } from "../engine/ports.ts";
import type { Mending } from "./mending.ts";
import type { Recovery } from "./recovery.ts";

export function reportOf(
  recovery: Pick<Recovery, "clean" | "entriesReplayed" | "snapshot" | "warnings"> & {
    readonly mending: Pick<Mending, "bytesQuarantined" | "quarantine">;
  },
  recoveredLogId: LogId | null,
  durationMs: number,
): RecoveryReport {
  return {
    clean: recovery.clean,
    entriesReplayed: recovery.entriesReplayed,
    snapshotLogId: recovery.snapshot?.logId ?? null,
    durationMs,
    bytesQuarantined: recovery.mending.bytesQuarantined,
    quarantine: recovery.mending.quarantine,
    recoveredLogId,
    warnings: recovery.warnings,
  };
}
