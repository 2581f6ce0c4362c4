/** Jobs of a real journal as fixtures, from the files that `journal export` writes. */

import type { JobEventLogEntry } from "../core/event.ts";
import { withReferences } from "../core/log_references.ts";
import type { JobStateName } from "../embedded/job.ts";
import { parseExport } from "../export/export_parser.ts";
import type { MemoryContent } from "../journal/memory_journal.ts";
import type { RecordedEvent } from "./recorded_event.ts";

/** A job with its history, as it was when it was exported. */
export interface ExportedJob {
  /** It keeps its id. */
  readonly jobId: string;
  /** `null` for a plan without code. */
  readonly type: string | null;
  /** As it was then. */
  readonly state: JobStateName;
  /** Its own entries, and those that they refer to. */
  readonly entries: readonly RecordedEvent[];
}

/**
 * Reads a file of `deno task journal export`, for `testDaybook` to begin with.
 *
 * @param file What the file holds. Imported as text it needs no permission:
 * `import order from "./order-42.ndjson" with { type: "text" };`.
 * @throws {Error} naming the first line that is not as `journal export` writes it.
 *
 * @example
 * ```ts
 * import { defineJob } from "@daybook/daybook";
 * import { fromExport, testDaybook } from "@daybook/daybook/testing";
 * import * as v from "valibot";
 *
 * const greet = defineJob({
 *   type: "greeting.send",
 *   version: 2,
 *   runs: [1],
 *   input: v.object({ name: v.string() }),
 *   run: (ctx, { name }) => ctx.task("write", () => `Good day, ${name}`),
 * });
 *
 * export async function replay(file: string) {
 *   const journal = fromExport(file);
 *   await using daybook = await testDaybook([greet], { journal });
 *   return (await daybook.wait(journal.jobId)).output;
 * }
 * ```
 */
export function fromExport(file: string): ExportedJob {
  const { job: { jobId, type = null, state }, entries } = parseExport(
    new TextEncoder().encode(file),
  );
  return { jobId, type, state, entries: entries as readonly RecordedEvent[] };
}

/** The same entries as a journal of their own: at positions without gaps, in one batch. */
export function contentOf({ entries }: ExportedJob): Partial<MemoryContent> {
  const recorded = entries as readonly JobEventLogEntry[];
  const positions = new Map(recorded.map(({ logId }, index) => [logId, index + 1]));
  const moved = recorded.map((entry, index) => ({
    ...withReferences(entry, (logId) => positions.get(logId) ?? 0),
    logId: index + 1,
  }));
  return { entries: moved, batches: [1] };
}
