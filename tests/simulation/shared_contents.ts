/** The content of the simulated database, and of the folders of its processes. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import { runToEnd } from "../../src/core/work.ts";
import type { JournalHead } from "../../src/engine/ports.ts";
import { sealedBatch } from "../../src/journal/write/shared_copy.ts";
import type { Row, SimulatedDatabase } from "./simulated_database.ts";
import type { World } from "./world.ts";

/** The content of the rows; throws unless they are one chain. */
export function entriesOf(rows: readonly Row[]): readonly JobEventLogEntry[] {
  let head: JournalHead = { logId: 0, chain: "" };
  return rows.flatMap(({ first, last, prev, chain, lines }) => {
    const batch = { firstLogId: first, lastLogId: last, previousChain: prev, chain, bytes: lines };
    const { entries, lastLogId } = runToEnd(sealedBatch(batch, head));
    head = { logId: lastLogId, chain };
    return entries;
  });
}

/** The lines in a machine's folder. */
export function linesOf({ storage }: World): readonly string[] {
  const texts = storage.filesIn("data", "journal", "segments")
    .filter(([name]) => name.endsWith(".ndjson"))
    .map(([, file]) => new TextDecoder().decode(file.read(0, file.size)));
  return texts.join("\n").split("\n").filter((line) => line.trim() !== "");
}

export function linesIn({ rows }: SimulatedDatabase): readonly string[] {
  const texts = rows.map(({ lines }) => new TextDecoder().decode(lines));
  return texts.join("\n").split("\n").filter((line) => line !== "");
}

/** Whether the database has every whole line of a folder. */
export function isCopyOf(world: World, database: SimulatedDatabase): boolean {
  const recorded = new Set(linesIn(database));
  return linesOf(world).every((line) => recorded.has(line) || !/^\{.*,"crc":"\w{8}"\}$/.test(line));
}
