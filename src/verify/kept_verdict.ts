/** Puts a verdict on record, where `GET /journal` finds it. */

import type { Clock } from "../engine/ports.ts";
import { type FileSystem, withFile } from "../journal/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import { writeVerification } from "../journal/verification_file.ts";
import type { AuditReport } from "./audit.ts";
import type { Verdict } from "./verdict.ts";

export interface JudgedAudit {
  readonly report: AuditReport;
  readonly verdict: Verdict;
  readonly durationMs: number;
}

/** Where the verdict goes, and what tells its time. */
export interface RecordPlace {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly clock: Clock;
}

/**
 * The last intact state stays on record beside damage: it is the witness of what is lost.
 * What is no journal gets none. Rejects when the folder cannot be written.
 */
export async function keepVerdict(
  { fileSystem, layout, clock }: RecordPlace,
  { report, verdict, durationMs }: JudgedAudit,
): Promise<void> {
  if (verdict.kind === "unusable") return;
  await syncLast(fileSystem, layout, report);
  await writeVerification(fileSystem, layout, {
    verdict: verdict.kind === "damaged" ? "damaged" : "intact",
    at: new Date(clock.now()).toISOString(),
    head: report.head,
    proved: report.proved,
    durationMs,
    detail: verdict.line,
    ...(verdict.kind === "damaged" && report.lastIntact ? { lastIntact: report.lastIntact } : {}),
  });
}

/**
 * Beside a running server the last batch may have been written and not synced yet. A witness
 * must not outlive what it saw.
 */
async function syncLast(
  fileSystem: FileSystem,
  { segments }: Layout,
  { inventory }: AuditReport,
): Promise<void> {
  const last = inventory.segments.at(-1);
  if (last === undefined) return;
  await withFile(fileSystem, `${segments}/${last.name}`, "read", (file) => file.syncData());
}
