/** Jobs of a real journal as fixtures, from the files that `journal export` writes. */

import type { JobEventLogEntry } from "../core/event.ts";
import { foldAll } from "../core/job_fold.ts";
import { isTerminal } from "../core/job_state.ts";
import { withReferences } from "../core/log_references.ts";
import type { JobStateName } from "../embedded/job.ts";
import type { DefinitionRegistry } from "../engine/definition_registry.ts";
import type { Clock } from "../engine/ports.ts";
import { checkHistory } from "../tools/history_check.ts";
import { isSealed } from "../engine/secrets/sealing.ts";
import { parseExport } from "../tools/export_parser.ts";
import type { MemoryContent } from "./memory_journal.ts";
import type { JsonObject } from "../core/json.ts";

/** A job with its history, as it was when it was exported. */
export interface ExportedJob {
  /** Its id, which it keeps. */
  readonly jobId: string;
  /** `null` for a plan without code. */
  readonly type: string | null;
  /** Its state when it was exported. */
  readonly state: JobStateName;
  /** Its own entries, and those that they refer to. */
  readonly entries: readonly RecordedEvent[];
}

/**
 * Reads a file written by `deno task journal export`, for `testDaybook` to start with.
 *
 * @param file The content of the file. Imported as text, it needs no permission:
 * `import order from "./order-42.ndjson" with { type: "text" };`.
 * @throws {TypeError} when it is the name of a file, or not text.
 * @throws {Error} naming the first line that `journal export` would not have written.
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
  requireText(file);
  const { job: { jobId, type = null, state }, entries } = parseExport(
    new TextEncoder().encode(file),
  );
  return { jobId, type, state, entries: entries as readonly RecordedEvent[] };
}

/** Rejects a file name, or the result of a reader, given instead of the file's content. */
function requireText(file: unknown): void {
  const isName = typeof file === "string" && /^[^\n{[]+$/.test(file);
  if (typeof file === "string" && !isName) return;
  const given = isName ? `${JSON.stringify(file.slice(0, 100))}` : `a value of type ${typeof file}`;
  throw new TypeError(
    `Cannot read an exported job from ${given}: pass the content of the file, such as ` +
      "await Deno.readTextFile(name)",
  );
}

/** The same entries as a journal of their own: renumbered without gaps, in one batch. */
export function toContent({ entries }: ExportedJob): Partial<MemoryContent> {
  const recorded = entries as readonly JobEventLogEntry[];
  const positions = new Map(recorded.map(({ logId }, index) => [logId, index + 1]));
  const moved = recorded.map((entry, index) => ({
    ...withReferences(entry, (logId) => positions.get(logId) ?? 0),
    logId: index + 1,
  }));
  return { entries: moved, batches: [1] };
}

/**
 * Checks that today's definitions take the course that the job has on record.
 *
 * @param entries With positions from 1 on, as the journal of the test has them.
 * @throws {Error} saying what does not fit, and at which line of the file.
 */
export async function requireFit(
  jobId: string,
  entries: readonly JobEventLogEntry[],
  registry: DefinitionRegistry,
  clock: Clock,
): Promise<void> {
  const job = foldAll(entries.filter((entry) => entry.jobId === jobId));
  const lack = registry.lackFor(job);
  const definition = registry.running(job) ?? registry.get(job.type);
  if (job.type === undefined || isSealed(job)) return;
  if (definition === undefined || (lack !== undefined && !isTerminal(job))) {
    throw new Error(`Cannot start with job ${jobId}: ${lack}`);
  }
  const entriesAt = (logIds: readonly number[]) =>
    Promise.resolve(logIds.flatMap((logId) => entries.slice(logId - 1, logId)));
  const verdict = await checkHistory(definition, job, { clock, entriesAt });
  if (!("logId" in verdict)) return;
  const { type, version } = definition;
  // The first line of the file describes the job; entries begin on the second.
  throw new Error(
    `Cannot start with job ${jobId}: ${type} version ${version} does not fit what version ` +
      `${job.definitionVersion} did: line ${verdict.logId + 1} of the file ${verdict.message}`,
  );
}

/** An entry of the journal, as `GET /events` returns it. */
export interface RecordedEvent {
  /** Its position: 1, 2, 3, ... */
  readonly logId: number;
  /** `framework` for what Daybook itself records, `domain` for what others report. */
  readonly stratum: "framework" | "domain" | "coordination";
  /** Unique in the journal. */
  readonly eventId: string;
  /** Such as `job.TaskCompleted`, or `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** RFC 3339, by the manual clock unless the sender gives another time. */
  readonly occurredAt: string;
  /** RFC 3339, by the manual clock. */
  readonly receivedAt: string;
  /** The job it is about. */
  readonly jobId?: string;
  /** The step it is about. */
  readonly taskId?: string;
  /** The attempt it is about. */
  readonly executionId?: string;
  /** Its trace, if it has one. */
  readonly traceId?: string;
  /** Its span in that trace. */
  readonly spanId?: string;
  /** Who caused it: the name beside the token. */
  readonly actor?: string;
  /** The position of the entry that caused it. */
  readonly causedBy?: number;
  /** Its content. */
  readonly attributes: JsonObject;
}
