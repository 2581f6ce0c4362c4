/** Finds the newest usable snapshot, and replays the entries after it. */

import type { JournalConsumer, SegmentInfo } from "../engine/ports.ts";
import { failureReason, JournalDamagedError, orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
import { requireKind } from "./folder.ts";
import { AHEAD, DAMAGED, type Layout, segmentName } from "./layout.ts";
import type { ReadingProgress } from "./options.ts";
import { replay, type Replayed } from "./replay.ts";
import type { SegmentVerdict } from "./sidecar_store.ts";
import { type Snapshot, SnapshotStore } from "./snapshot_store.ts";
import type { LastSnapshot } from "./snapshots.ts";

interface ChoiceOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly consumer: JournalConsumer;
  /** Verdicts on segments that are unchanged since then, by segment name. */
  readonly trusted: ReadonlyMap<string, SegmentVerdict>;
  readonly acceptSnapshotAhead: boolean;
  readonly progress: ReadingProgress;
}

interface Choice {
  readonly replayed: Replayed;
  readonly snapshot: LastSnapshot | null;
  readonly warnings: readonly string[];
}

/**
 * @throws {JournalDamagedError} when a snapshot covers entries that are gone, unless that is
 * accepted, or when the journal itself is damaged.
 * @throws {JournalUnusableError}
 */
export async function replayFromNewest(
  options: ChoiceOptions,
  segments: readonly SegmentInfo[],
): Promise<Choice> {
  const { fileSystem, layout, consumer, trusted, progress } = options;
  const source = { fileSystem, layout, consumer, segments, trusted, progress };
  const store = new SnapshotStore(fileSystem, layout);
  const warnings: string[] = [];
  for (const name of await orUnusable("list", layout.snapshots, () => store.names())) {
    const snapshot = await load(options, store, name, warnings);
    if (snapshot === undefined) continue;
    const replayed = await replay(source, snapshot);
    if (typeof replayed !== "string") {
      return { replayed, snapshot: { logId: snapshot.logId, file: name }, warnings };
    }
    if (replayed === "ahead") await acceptAhead(options, segments, store, name, snapshot);
    // Most snapshots rely on caches, which a command does not have.
    const isExpected = replayed === "refused" && consumer.known === undefined;
    if (!isExpected) warnings.push(WARNINGS[replayed](name));
  }
  const replayed = await replay(source, undefined);
  if (typeof replayed === "string") throw new TypeError(`Cannot replay everything: ${replayed}`);
  return { replayed, snapshot: null, warnings };
}

const WARNINGS = {
  refused: (name: string) =>
    `Did not use snapshot ${name}: another version wrote it, or it needs an index that is not here`,
  ahead: (name: string) => `Set aside snapshot ${name}: the journal ends before it`,
};

async function load(
  { fileSystem, layout }: ChoiceOptions,
  store: SnapshotStore,
  name: string,
  warnings: string[],
): Promise<Snapshot | undefined> {
  const path = `${layout.snapshots}/${name}`;
  await requireKind(fileSystem, path, ["file"]);
  const snapshot = await store.read(name);
  if (typeof snapshot !== "string") return snapshot;
  warnings.push(await setAside(store, name, path, snapshot));
  return undefined;
}

/**
 * Sets a damaged snapshot aside and returns a warning. Even a failure to rename it is only a
 * warning.
 */
async function setAside(
  store: SnapshotStore,
  name: string,
  path: string,
  flaw: string,
): Promise<string> {
  try {
    await store.setAside(name, DAMAGED);
    return `Set aside snapshot ${name}: ${flaw}`;
  } catch (error) {
    return `Did not use snapshot ${name}: ${flaw}; nor could it be set aside: ` +
      failureReason(error, path);
  }
}

async function acceptAhead(
  { layout, acceptSnapshotAhead }: ChoiceOptions,
  segments: readonly SegmentInfo[],
  store: SnapshotStore,
  name: string,
  { logId }: Snapshot,
): Promise<void> {
  if (acceptSnapshotAhead) {
    const path = `${layout.snapshots}/${name}`;
    return await orUnusable("set aside", path, () => store.setAside(name, AHEAD));
  }
  const last = segments.at(-1);
  const location = { segment: last?.name ?? segmentName(1), offset: last?.bytes ?? 0, logId };
  throw new JournalDamagedError(
    location,
    `snapshot ${name} covers logId ${logId}, but the journal ends before it: acknowledged ` +
      "entries are lost (--accept-snapshot-ahead continues without them); in a copy made while " +
      "Daybook ran, delete its snapshots instead: they are caches",
  );
}
