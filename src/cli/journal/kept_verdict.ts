/** Puts a verdict on record, where `GET /journal` finds it. */

import { reasonOf } from "../../journal/errors.ts";
import { type FileSystem, withFile } from "../../journal/file_system.ts";
import type { Layout } from "../../journal/layout.ts";
import { writeVerification } from "../../journal/verification_file.ts";
import { withCommand } from "../../permission_advice.ts";
import type { Terminal } from "../terminal.ts";
import type { AuditReport } from "./audit.ts";
import type { JournalTools } from "./tools.ts";
import type { Verdict } from "./verdict.ts";

export interface JudgedAudit {
  readonly report: AuditReport;
  readonly verdict: Verdict;
  readonly durationMs: number;
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

/**
 * The last intact state stays on record beside damage: it is the witness of what is lost.
 * What is no journal gets none; a folder that cannot be written only warns.
 */
export async function keepVerdict(
  { fileSystem, clock }: JournalTools,
  terminal: Terminal,
  layout: Layout,
  { report, verdict, durationMs }: JudgedAudit,
): Promise<void> {
  if (verdict.kind === "unusable") return;
  try {
    await syncLast(fileSystem, layout, report);
    await writeVerification(fileSystem, layout, {
      verdict: verdict.kind === "damaged" ? "damaged" : "intact",
      at: new Date(clock.now()).toISOString(),
      head: report.head,
      durationMs,
      detail: verdict.line,
      ...(verdict.kind === "damaged" && report.lastIntact ? { lastIntact: report.lastIntact } : {}),
    });
  } catch (error) {
    const message = `the verdict is not kept: ${reasonOf(error, layout.folder)}`;
    const isForbidden = error instanceof Deno.errors.NotCapable;
    terminal.err(`daybook: ${isForbidden ? withCommand(message, {}) : message}`);
  }
}
