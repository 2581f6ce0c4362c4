/** The bytes of segments, one after the other. */

import type { SegmentInfo } from "../engine/ports.ts";
import { orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
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
}

/** A file whose whole content is being read. */
interface Loading {
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

/** Reads one segment ahead, so that the disk and the processor work side by side. */
export async function* contentsOf(
  { fileSystem, layout, segments }: SegmentSource,
): AsyncGenerator<SegmentContent> {
  let ahead = await load(fileSystem, layout, segments[0]);
  try {
    for (const [index, segment] of segments.entries()) {
      const bytes = await ahead.bytes;
      ahead = await load(fileSystem, layout, segments[index + 1]);
      yield { segment, bytes };
    }
  } finally {
    await ahead.bytes.catch(() => {});
  }
}

/** Returns as soon as the read is under way: it goes on while a segment is scanned. */
async function load(
  fileSystem: FileSystem,
  layout: Layout,
  segment: SegmentInfo | undefined,
): Promise<Loading> {
  if (segment === undefined) return { bytes: Promise.resolve(new Uint8Array()) };
  const path = `${layout.segments}/${segment.name}`;
  return await orUnusable("read", path, async () => {
    const file = await fileSystem.open(path, "read");
    const bytes = orUnusable("read", path, () => file.read(0, segment.bytes))
      .finally(() => file.close());
    bytes.catch(() => {}); // It is awaited later, when its turn comes.
    return { bytes };
  });
}
