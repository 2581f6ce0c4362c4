/**
 * Carries out a repair plan, after the whole folder was copied, in an order in which it may stop
 * after any step: the next repair then finds the same damage, or the note of what was lost.
 */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { Projection } from "../engine/writer/projection.ts";
import { journalFlag, JournalUnusableError, orUnusable } from "../journal/errors.ts";
import {
  copyBeginning,
  type FileSystem,
  type OpenFile,
  withFile,
  writeNew,
} from "../journal/files/file_system.ts";
import { FileJournal } from "../journal/file_journal.ts";
import { DAMAGED, type Layout, quarantineName } from "../journal/layout.ts";
import {
  quarantineTail,
  removeRepairNote,
  type RepairedAttributes,
  writeRepairNote,
} from "../journal/open/repair.ts";
import { SnapshotStore } from "../journal/write/snapshot_store.ts";
import { type CutPlan, isNothing, type Loss, type RepairPlan } from "./repair_plan.ts";
import { readSegment } from "../journal/read/segment_listing.ts";
import type { Clock, Random } from "../engine/ports.ts";
import { counted } from "../core/counted.ts";
import { problemText } from "../verify/audit_report.ts";

interface RepairMeans {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Cuts the journal and sets damaged files aside. A copy of the journal exists, and its lock is
 * held.
 *
 * @param fact What is to be recorded afterwards, if anything is lost.
 * @throws {JournalUnusableError}
 */
export async function applyPlan(
  means: RepairMeans,
  layout: Layout,
  plan: RepairPlan,
  fact: RepairedAttributes | undefined,
): Promise<void> {
  const { fileSystem } = means;
  if (fact !== undefined) await writeRepairNote(fileSystem, layout, fact);
  const store = new SnapshotStore(fileSystem, layout);
  for (const { file } of plan.snapshots) {
    const path = `${layout.snapshots}/${file}`;
    await orUnusable("set aside", path, () => store.setAside(file, DAMAGED));
  }
  if (plan.loss !== undefined) await removeIndex(fileSystem, layout);
  if (plan.cut !== undefined) await cut(means, layout, plan.cut);
}

/** The index may have jobs that are lost, and would prove that to the next start. */
async function removeIndex(fileSystem: FileSystem, { index }: Layout): Promise<void> {
  if (await fileSystem.kind(index) !== "folder") return;
  for (const name of await fileSystem.list(index)) {
    const path = `${index}/${name}`;
    await orUnusable("remove", path, () => fileSystem.remove(path));
  }
}

/** Moves the last segment first, so that the damage stays in place until the end. */
async function cut(means: RepairMeans, layout: Layout, plan: CutPlan): Promise<void> {
  const { fileSystem, random } = means;
  const { quarantine } = layout;
  await orUnusable("create", quarantine, () => fileSystem.makeFolder(quarantine));
  for (const { name } of plan.later.toReversed()) await moveAway(means, layout, name);
  const { segment, offset, damage } = plan;
  // A segment that is in its place stays, even if it becomes empty. Otherwise the one before it
  // would be appended to again, and backups that hold that one as full would no longer match.
  const isInPlace = segment.firstLogId === damage.batch.firstLogId;
  if (offset === 0 && !isInPlace) return await moveAway(means, layout, segment.name);
  const bytes = await readSegment(fileSystem, layout, segment.name, offset, segment.bytes);
  await quarantineTail(fileSystem, layout, segment.name, { offset, bytes }, random.ulid());
}

async function moveAway(
  { fileSystem, random }: RepairMeans,
  { segments, quarantine }: Layout,
  name: string,
): Promise<void> {
  const path = `${segments}/${name}`;
  const aside = `${quarantine}/${quarantineName(name, 0, random.ulid())}`;
  await orUnusable("move", path, async () => {
    await fileSystem.rename(path, aside);
    await fileSystem.syncFolder(quarantine);
    await fileSystem.syncFolder(segments);
  });
}

/**
 * Records what was lost, by opening the journal as a start does. Its lock must be free.
 *
 * @throws {JournalDamagedError} when the repair has not made it whole.
 * @throws {JournalLockedError} when a server took the lock first; the note stays for the next
 * repair.
 * @throws {JournalUnusableError}
 */
export async function recordRepair(
  means: RepairMeans,
  layout: Layout,
  fact: RepairedAttributes,
  warn: (message: string) => void,
): Promise<void> {
  const { fileSystem, clock, random } = means;
  const { journal } = await FileJournal.open({
    folder: layout.folder,
    fileSystem,
    clock,
    random,
    consumer: new Projection(),
    firstFacts: [{ stratum: "framework", eventType: "journal.Repaired", attributes: fact }],
    warn,
  });
  await journal.close();
  await removeRepairNote(fileSystem, layout);
}

/**
 * @param folder The folder of the journal.
 * @param note What an unfinished repair has cut and not recorded.
 * @param isApplied Whether the repair is carried out, not only described.
 */
export function repairText(
  folder: string,
  plan: RepairPlan,
  note: RepairedAttributes | undefined,
  isApplied: boolean,
): readonly string[] {
  if (isNothing(plan) && note === undefined) return ["there is nothing to repair"];
  const { cut, snapshots, loss } = plan;
  const verb = (would: string, does: string) => isApplied ? does : `would ${would}`;
  const lines: string[] = [];
  if (cut !== undefined) {
    const { segment, offset, later, damage } = cut;
    lines.push(
      problemText({ kind: "damage", damage }),
      offset === 0
        ? `${verb("move", "moves")} segment ${segment.name} to quarantine/`
        : `${verb("cut", "cuts")} segment ${segment.name} at byte ${offset}; ` +
          "the rest goes to quarantine/",
      ...later.map(({ name }) => `${verb("move", "moves")} segment ${name} to quarantine/`),
    );
  }
  for (const { file, reason } of snapshots) {
    lines.push(`${verb("rename", "renames")} snapshot ${file} to ${file}.damaged: ${reason}`);
  }
  if (loss !== undefined) lines.push(...lossText(loss));
  if (note !== undefined) {
    const last = note.lostFrom + note.lostEntries - 1;
    const lost = `what an unfinished repair lost: logId ${note.lostFrom} to ${last}`;
    lines.push(`${verb("record", "records")} ${lost}`);
  }
  if (!isApplied) {
    lines.push(`to do it: deno task journal repair --apply${journalFlag(folder)}`);
  }
  return lines;
}

function lossText({ from, last, readable, jobCount, jobs, shown }: Loss): readonly string[] {
  const lines = [
    ...shown,
    `lost: logId ${from} to ${last}, ${counted(last - from + 1, "entry", "entries")}; ` +
    `${counted(readable, "whole line")} of them can still be read`,
  ];
  if (jobCount === 0) return lines;
  const more = jobCount > jobs.length ? `, and ${jobCount - jobs.length} more` : "";
  return [...lines, `they concern ${counted(jobCount, "job")}: ${jobs.join(", ")}${more}`];
}

const PART_BYTES = 4 * 1024 * 1024;

/** The suffix of a copy until it is complete. */
const UNFINISHED = "-unfinished";

/**
 * Copies a folder, except some of its members, to a new folder beside it. The new name appears once
 * everything is on disk and has been compared byte for byte.
 *
 * @param parent The folder that contains both.
 * @param without Names in the folder that are not copied.
 * @throws {JournalUnusableError}
 */
export async function copyFolder(
  fileSystem: FileSystem,
  from: string,
  to: string,
  parent: string,
  without: readonly string[],
): Promise<void> {
  await copyInto(fileSystem, from, to + UNFINISHED, without);
  await orUnusable("create", to, async () => {
    await fileSystem.rename(to + UNFINISHED, to);
    await fileSystem.syncFolder(parent);
  });
}

/**
 * Removes incomplete copies. Nothing relied on them, and their source still exists, since they
 * would have been completed before it changed.
 *
 * @param begin The beginning of their paths.
 * @throws {JournalUnusableError}
 */
export async function removeUnfinished(
  fileSystem: FileSystem,
  begin: string,
  parent: string,
): Promise<void> {
  for (const name of await orUnusable("list", parent, () => fileSystem.list(parent))) {
    const path = join(parent, name);
    if (!path.startsWith(join(begin)) || !path.endsWith(UNFINISHED)) continue;
    if (await orUnusable("read", path, () => fileSystem.kind(path)) !== "folder") continue;
    await removeFolder(fileSystem, path);
  }
}

async function removeFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  for (const name of await orUnusable("list", folder, () => fileSystem.list(folder))) {
    const path = `${folder}/${name}`;
    const kind = await orUnusable("read", path, () => fileSystem.kind(path));
    if (kind === "folder") await removeFolder(fileSystem, path);
    else await orUnusable("remove", path, () => fileSystem.remove(path));
  }
  await orUnusable("remove", folder, () => fileSystem.remove(folder));
}

async function copyInto(
  fileSystem: FileSystem,
  from: string,
  to: string,
  without: readonly string[] = [],
): Promise<void> {
  await orUnusable("create", to, () => fileSystem.makeFolder(to));
  const names = await orUnusable("list", from, () => fileSystem.list(from));
  for (const name of names.filter((name) => !without.includes(name))) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    const kind = await orUnusable("read", source, () => fileSystem.kind(source));
    if (kind === "folder") await copyInto(fileSystem, source, target);
    else if (kind === "file") await copyFile(fileSystem, source, target);
    else throw new JournalUnusableError("copy", source, `it is a ${kind}; move it elsewhere`);
  }
  await orUnusable("sync", to, () => fileSystem.syncFolder(to));
}

async function copyFile(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  await orUnusable("copy to", to, () =>
    withFile(fileSystem, from, "read", async (source) => {
      const size = await source.size();
      await writeNew(fileSystem, to, (target) => copyBeginning(source, target, size));
    }));
  await orUnusable("compare", to, () =>
    withFile(
      fileSystem,
      from,
      "read",
      (source) => withFile(fileSystem, to, "read", (target) => requireEqual(source, target)),
    ));
}

async function requireEqual(source: OpenFile, target: OpenFile): Promise<void> {
  const size = await source.size();
  if (size !== await target.size()) throw new Error("it has another length");
  for (let at = 0; at < size; at += PART_BYTES) {
    const part = await source.read(at, PART_BYTES);
    const copied = await target.read(at, PART_BYTES);
    if (!Buffer.from(part).equals(copied)) throw new Error(`it differs after byte ${at}`);
  }
}
