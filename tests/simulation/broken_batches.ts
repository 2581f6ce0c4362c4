/** Journals that are broken on purpose: nothing ties the lines of a batch together. */

import { Buffer } from "node:buffer";
import type { LogId } from "../../src/core/ids.ts";
import type { Appended, Journal, UnplacedEvent, Urgency } from "../../src/engine/ports.ts";
import type { OpenFile, OpenMode } from "../../src/journal/files/file_system.ts";
import { parseSegmentName } from "../../src/journal/layout.ts";
import {
  LINE_END,
  linePrefix,
  resolveCause,
  writeCrc,
} from "../../src/journal/format/line_codec.ts";
import { SegmentScanner } from "../../src/journal/read/segment_scanner.ts";
import { PassingDisk } from "../support/journal/journal_disk.ts";

/** Each entry commits by itself: a crash may keep half of a group. To be used with tiny batches. */
export function withoutBatches(journal: Journal): Journal {
  return new Proxy(journal, {
    get(target, name) {
      if (name === "append") {
        return (group: readonly UnplacedEvent[], urgency?: Urgency, receivedAt?: string) =>
          appendEach(target, group, urgency, receivedAt);
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function appendEach(
  journal: Journal,
  group: readonly UnplacedEvent[],
  urgency?: Urgency,
  receivedAt?: string,
): Appended {
  const parts: Appended[] = [];
  for (const event of group) {
    const causedBy = causeIn(event, parts);
    const alone = causedBy === undefined ? event : { ...event, causedBy };
    parts.push(journal.append([alone], urgency, receivedAt));
  }
  for (const { durable } of parts) durable.catch(() => {});
  return {
    entries: parts.flatMap(({ entries }) => entries),
    durable: Promise.all(parts.map(({ durable }) => durable)).then(() => {}),
  };
}

function causeIn({ causedBy }: UnplacedEvent, before: readonly Appended[]): LogId | undefined {
  if (typeof causedBy !== "object") return resolveCause(causedBy, 1, 1);
  return before[causedBy.draft]?.entries[0]?.logId;
}

/**
 * Reads the tail of a segment as if its lines did not name their batch: each counts as a separate
 * one, so a torn batch looks like damage between whole lines.
 */
export class ReadsNoBatchIds extends PassingDisk {
  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const file = await super.open(path, mode);
    const firstLogId = parseSegmentName(path.split("/").at(-1) ?? "");
    if (mode !== "read" || firstLogId === undefined) return file;
    const read = async (offset: number, length: number) => {
      const bytes = await file.read(offset, length);
      return offset === 0 ? withoutIds(bytes, firstLogId) : bytes;
    };
    return { ...file, read };
  }
}

/** Whole batches are unchanged: only the lines after them are separate. */
function withoutIds(
  bytes: Uint8Array<ArrayBuffer>,
  firstLogId: LogId,
): Uint8Array<ArrayBuffer> {
  const scanner = new SegmentScanner(bytes, firstLogId, undefined);
  while (scanner.next() !== undefined);
  const tail = Buffer.from(bytes.subarray(scanner.end)).toString("latin1");
  const lines = tail.split("\n").map((line) => onItsOwn(line));
  return Uint8Array.from([
    ...bytes.subarray(0, scanner.end),
    ...Buffer.from(lines.join("\n"), "latin1"),
  ]);
}

const LINE = /^\{"logId":(\d+),"batch":\d+,(.*),"crc":"[0-9a-f]{8}"\}$/;

/** A whole line, with its own position as its batch. */
function onItsOwn(line: string): string {
  const [, logId = "", rest = ""] = LINE.exec(line) ?? [];
  if (logId === "" || !endsWithCrc(line)) return line;
  return sealed(linePrefix(Number(logId), Number(logId)) + rest);
}

function endsWithCrc(line: string): boolean {
  return sealed(line.slice(0, line.lastIndexOf(',"crc":"'))) === line;
}

/** The line with this body, whose characters stand for bytes. */
function sealed(body: string): string {
  const line = Buffer.from(body + LINE_END, "latin1");
  writeCrc(line, 0, line.length);
  return line.toString("latin1").trimEnd();
}
