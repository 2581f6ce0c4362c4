/** The bytes of segments, one after the other. */

import type { SegmentInfo } from "../engine/ports.ts";
import { orUnusable } from "./errors.ts";
import { type FileStamp, type FileSystem, isSame, stampAt } from "./file_system.ts";
import type { Layout } from "./layout.ts";

/** Segments to read, as they were when they were listed. */
export interface SegmentSource {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** Oldest first; what was appended since is not read. */
  readonly segments: readonly SegmentInfo[];
}

export interface SegmentContent {
  readonly segment: SegmentInfo;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The file, unless it was changed while it was read, or the system does not tell. */
  readonly stamp: FileStamp | undefined;
}

type Content = Omit<SegmentContent, "segment">;

/** A file whose whole content is being read. */
interface Loading {
  readonly content: Promise<Content>;
}

/** Reads one segment ahead, so that the disk and the processor work side by side. */
export async function* contentsOf(
  { fileSystem, layout, segments }: SegmentSource,
): AsyncGenerator<SegmentContent> {
  let ahead = await load(fileSystem, layout, segments[0]);
  try {
    for (const [index, segment] of segments.entries()) {
      const content = await ahead.content;
      ahead = await load(fileSystem, layout, segments[index + 1]);
      yield { segment, ...content };
    }
  } finally {
    await ahead.content.catch(() => {});
  }
}

/** Returns as soon as the read is under way: it goes on while a segment is scanned. */
async function load(
  fileSystem: FileSystem,
  layout: Layout,
  segment: SegmentInfo | undefined,
): Promise<Loading> {
  if (segment === undefined) {
    return { content: Promise.resolve({ bytes: new Uint8Array(), stamp: undefined }) };
  }
  const path = `${layout.segments}/${segment.name}`;
  const before = await stampAt(fileSystem, path);
  return await orUnusable("read", path, async () => {
    const file = await fileSystem.open(path, "read");
    const content = orUnusable("read", path, () => file.read(0, segment.bytes))
      .finally(() => file.close())
      .then(async (bytes) => ({ bytes, stamp: await sameAt(fileSystem, path, before) }));
    content.catch(() => {}); // It is awaited later, when its turn comes.
    return { content };
  });
}

async function sameAt(
  fileSystem: FileSystem,
  path: string,
  before: FileStamp | undefined,
): Promise<FileStamp | undefined> {
  const isUnchanged = before !== undefined && isSame(before, await stampAt(fileSystem, path));
  return isUnchanged ? before : undefined;
}
