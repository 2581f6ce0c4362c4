/** The verdict of an audit, in one line. */

import { assertNever } from "../core/assert_never.ts";
import { counted } from "../core/counted.ts";
import { audit, type AuditOptions } from "./audit.ts";
import { type AuditReport, isOfNewerVersion, problemText } from "./audit_report.ts";
import type { ServedAudit, ServedOutcome } from "./served_audit.ts";
import type { Clock } from "../engine/ports.ts";
import { type FileSystem, withFile } from "../journal/files/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import { writeVerification } from "../journal/files/verification_file.ts";

export interface Verdict {
  /**
   * `differs`: the files are correct, but a server serves something else. `newer`: what a newer
   * version wrote cannot be verified.
   */
  readonly kind: "intact" | "differs" | "newer" | "damaged" | "unusable";
  readonly line: string;
}

/** Whether the journal could be verified, whatever the verdict. */
export function isVerified({ kind }: Verdict): boolean {
  return kind !== "unusable" && kind !== "newer";
}

/** @param isServerNamed Whether the user chose the server, so that it must serve this journal. */
function toVerdict(report: AuditReport, isServerNamed: boolean): Verdict {
  const [first] = report.problems;
  const damage = report.problems.find(({ kind }) => kind !== "foreign");
  if (damage !== undefined && isOfNewerVersion(damage)) {
    return { kind: "newer", line: `not verified: ${problemText(damage)}; use that version` };
  }
  if (damage !== undefined) {
    return { kind: "damaged", line: `damaged: ${problemText(damage)}` };
  }
  if (first !== undefined) {
    return { kind: "unusable", line: `unusable: ${problemText(first)}` };
  }
  const difference = differenceText(report.served, isServerNamed);
  return difference === undefined
    ? { kind: "intact", line: `intact: ${contentText(report)}` }
    : { kind: "differs", line: `intact, but ${difference}; ${contentText(report)}` };
}

function differenceText(
  served: ServedOutcome | undefined,
  isServerNamed: boolean,
): string | undefined {
  switch (served?.kind) {
    case undefined:
    case "same":
    case "lost": // That is damage.
      return undefined;
    case "other":
      return isServerNamed ? `${served.url} serves another journal` : undefined;
    case "differs": {
      const more = served.count === 1 ? "" : `, and ${served.count - 1} more`;
      return `${served.url} serves something else: ${served.reasons[0]}${more}`;
    }
    default:
      return assertNever(served, "served outcome");
  }
}

function contentText(report: AuditReport): string {
  const { head, inventory, snapshots, jobs, served, tornBytes } = report;
  const asServed = served?.kind === "same" ? " as served" : "";
  const torn = tornBytes === 0 ? "" : `; ${tornText(tornBytes)}`;
  return `${counted(head.logId, "entry", "entries")} in ${
    counted(inventory.segments.length, "segment")
  }, ` +
    `${counted(snapshots, "snapshot")}, ${counted(jobs, "job")}${asServed}; ` +
    `head ${head.logId} chain ${head.chain || "none"}${torn}`;
}

/** Describes an incomplete batch at the end, which is not damage. */
export function tornText(bytes: number): string {
  return `${counted(bytes, "byte")} after the last whole batch: a write in progress, ` +
    "or cut short by a crash";
}

export interface JudgedAudit {
  readonly report: AuditReport;
  readonly verdict: Verdict;
  readonly durationMs: number;
}

export interface JudgeOptions extends Omit<AuditOptions, "served"> {
  readonly clock: Clock;
}

/**
 * Verifies a journal, from its first line on.
 *
 * @param ask Asks the server to compare with, if there is one.
 * @param isServerNamed As in `toVerdict`.
 */
export async function judge(
  options: JudgeOptions,
  ask = (): Promise<ServedAudit | undefined> => Promise.resolve(undefined),
  isServerNamed = false,
): Promise<JudgedAudit> {
  const { clock } = options;
  const began = clock.monotonic();
  const report = await audit({ ...options, served: await ask() });
  const durationMs = Math.round(clock.monotonic() - began);
  return { report, verdict: toVerdict(report, isServerNamed), durationMs };
}

/** Where the verdict is stored, and the clock for its time. */
interface RecordPlace {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly clock: Clock;
}

/**
 * Stores the verdict. A damaged one keeps the last intact state beside it, which shows what was
 * lost. If the journal could not be verified, nothing is stored. Rejects when the folder cannot be
 * written.
 */
export async function keepVerdict(
  { fileSystem, layout, clock }: RecordPlace,
  { report, verdict, durationMs }: JudgedAudit,
): Promise<void> {
  if (!isVerified(verdict)) return;
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
 * A running server may have written the last batch and not synced it yet. The verdict must not
 * survive a crash that the batch does not.
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
