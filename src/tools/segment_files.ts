/** Reads and writes the files of segments, for tools that work on them as a whole. */

import { orUnusable } from "../journal/errors.ts";
import { type FileSystem, readBetween, replaceFile } from "../journal/file_system.ts";
import { type Layout, TEMPORARY } from "../journal/layout.ts";

/** The bytes of a segment between two offsets. @throws {JournalUnusableError} */
export function readSegment(
  fileSystem: FileSystem,
  { segments }: Layout,
  name: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = `${segments}/${name}`;
  return orUnusable("read", path, () => readBetween(fileSystem, path, start, end));
}

/** Writes a whole segment, which gets its name once it is on disk. @throws {JournalUnusableError} */
export function writeSegment(
  fileSystem: FileSystem,
  { segments: folder }: Layout,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const path = `${folder}/${name}`;
  const place = { folder, path, temporary: path + TEMPORARY };
  return orUnusable(
    "write",
    path,
    () => replaceFile(fileSystem, place, (file) => file.write(0, bytes)),
  );
}
