/** Plans the repair of a journal. Pure, except that it reads what would be lost. */

import { Buffer } from "node:buffer";
import type { JobId, LogId } from "../core/ids.ts";
import type { FrameworkAttributes } from "../core/framework_events.ts";
import type { JournalHead, SegmentInfo } from "../engine/ports.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import { type Layout, parseSnapshotName } from "../journal/layout.ts";
import type { WalkedDamage } from "../verify/segment_walk.ts";
import type { AuditReport } from "../verify/audit_report.ts";
import { readSegment } from "../journal/read/segment_listing.ts";
import { parseJsonText } from "../core/json_text.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import { chainIn, crcHolds, isCommit, LINE_START, NEWLINE } from "../journal/format/line_bytes.ts";

export interface RepairPlan {
  readonly snapshots: readonly { readonly file: string; readonly reason: string }[];
  readonly cut: CutPlan | undefined;
  readonly loss: Loss | undefined;
}

/** Cuts everything from a position on. */
export interface CutPlan {
  readonly damage: WalkedDamage;
  readonly segment: SegmentInfo;
  /** Byte offset in the segment; 0 cuts all of it. */
  readonly offset: number;
  /** Segments after it, oldest first. */
  readonly later: readonly SegmentInfo[];
}

/** Acknowledged entries that the repair loses. */
export interface Loss {
  readonly from: LogId;
  /** As far as can be known. */
  readonly last: LogId;
  /** Whole lines that can still be read. */
  readonly readable: number;
  readonly jobCount: number;
  /** The first of these jobs. */
  readonly jobs: readonly JobId[];
  readonly previousHead: FrameworkAttributes["journal.Repaired"]["previousHead"];
  /** What else shows that they were recorded, and what can be done instead. */
  readonly shown: readonly string[];
}

/** @throws {JournalUnusableError} when what would be lost cannot be read. */
export async function planRepair(
  report: AuditReport,
  fileSystem: FileSystem,
  layout: Layout,
): Promise<RepairPlan> {
  const cut = planCut(report);
  const end = cut === undefined ? report.head.logId : cut.damage.batch.firstLogId - 1;
  return {
    cut,
    snapshots: snapshotsToSetAside(report, end),
    loss: await findLoss(report, cut, end, fileSystem, layout),
  };
}

export function isNothing({ snapshots, cut, loss }: RepairPlan): boolean {
  return snapshots.length === 0 && cut === undefined && loss === undefined;
}

/**
 * Cuts from the first damage on, in the order of the files. Positions cannot order damage, since
 * segments may be out of place.
 */
function planCut({ problems, inventory }: AuditReport): CutPlan | undefined {
  const indexes = new Map(inventory.segments.map(({ name }, index) => [name, index]));
  const damages = problems.flatMap((problem) => problem.kind === "damage" ? [problem.damage] : []);
  const [damage] = damages.toSorted((left, right) =>
    (indexes.get(left.segment) ?? 0) - (indexes.get(right.segment) ?? 0) ||
    left.batch.offset - right.batch.offset
  );
  if (damage === undefined) return undefined;
  const at = indexes.get(damage.segment) ?? -1;
  const segment = inventory.segments[at];
  if (segment === undefined) throw new TypeError(`Cannot find segment ${damage.segment}`);
  const { offset } = damage.batch;
  return { damage, segment, offset, later: inventory.segments.slice(at + 1) };
}

/** Damaged snapshots, and those that cover entries after the end. */
function snapshotsToSetAside(
  { problems, inventory }: AuditReport,
  end: LogId,
): RepairPlan["snapshots"] {
  return inventory.snapshots.flatMap((file) => {
    const found = problems.find((problem) => problem.kind === "snapshot" && problem.file === file);
    if (found?.kind === "snapshot") return [{ file, reason: found.reason }];
    const isAfter = (parseSnapshotName(file) ?? 0) > end;
    return isAfter ? [{ file, reason: "it covers entries that are cut away" }] : [];
  });
}

async function findLoss(
  { inventory, disproof, losses: cached }: AuditReport,
  cut: CutPlan | undefined,
  end: LogId,
  fileSystem: FileSystem,
  layout: Layout,
): Promise<Loss | undefined> {
  const losses = new Losses();
  if (cut !== undefined) {
    const take = async ({ name, bytes }: SegmentInfo, from: number) =>
      losses.take(await readSegment(fileSystem, layout, name, from, bytes));
    await take(cut.segment, cut.offset);
    for (const segment of cut.later) await take(segment, 0);
  }
  const snapshotted = inventory.snapshots.map((file) => parseSnapshotName(file) ?? 0);
  const least = cut === undefined ? end : end + 1;
  const verified = disproof?.kind === "beyond"
    ? [{ last: disproof.witness.logId, reason: disproof.reason }]
    : [];
  const witnesses = [...verified, ...cached];
  const positions = witnesses.map(({ last }) => last);
  const last = Math.max(least, losses.lastLogId, ...positions, ...snapshotted);
  if (last === end) return undefined;
  return {
    from: end + 1,
    last,
    readable: losses.readable,
    jobCount: losses.jobs.size,
    jobs: [...losses.jobs].slice(0, JOBS_LISTED_MAX),
    previousHead: losses.head,
    shown: witnesses.map(({ reason }) => reason),
  };
}

const JOBS_LISTED_MAX = 20;

/** What can still be read of the lines that a repair cuts away. */
class Losses {
  /** The number of whole lines. */
  readable = 0;
  /** The largest position among them; 0 when there is none. */
  lastLogId: LogId = 0;
  /** The last end of a batch among them. */
  head: JournalHead | undefined;
  readonly jobs = new Set<JobId>();

  /** Takes bytes that may begin anywhere. A line whose beginning is damaged is found by its end. */
  take(bytes: Uint8Array<ArrayBuffer>): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let start = 0; start < buffer.length;) {
      const newline = buffer.indexOf(NEWLINE, start);
      const end = newline < 0 ? buffer.length : newline;
      const whole = wholeLineIn(buffer, start, end);
      if (whole !== undefined) this.#takeLine(buffer, whole, end);
      start = end + 1;
    }
  }

  #takeLine(buffer: Buffer, start: number, end: number): void {
    const text = buffer.toString("utf8", start, end);
    const entry = entryIn(text);
    if (entry === undefined) return;
    this.readable++;
    this.lastLogId = Math.max(this.lastLogId, entry.logId);
    if (entry.jobId !== undefined) this.jobs.add(entry.jobId);
    if (!isCommit(buffer, end)) return;
    this.head = { logId: entry.logId, chain: chainIn({ text, start: 0, end: text.length }) };
  }
}

/** The start of the whole line that ends at `end`, if there is one. */
function wholeLineIn(buffer: Buffer, start: number, end: number): number | undefined {
  if (crcHolds(buffer, start, end)) return start;
  const later = buffer.subarray(0, end).lastIndexOf(LINE_START);
  return later > start && crcHolds(buffer, later, end) ? later : undefined;
}

function entryIn(text: string): Pick<JobEventLogEntry, "logId" | "jobId"> | undefined {
  try {
    const entry = parseJsonText(text) as JobEventLogEntry | null;
    return typeof entry?.logId === "number" ? entry : undefined;
  } catch {
    return undefined;
  }
}
