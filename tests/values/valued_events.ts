/** Events with values to be found again, in a journal in files. */

import assert from "node:assert/strict";
import type { Worker } from "node:worker_threads";
import { eventType, type LogId } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { looseForm } from "../../src/explain/likeness/loose_form.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import {
  type FoundPositions,
  LAG_MS,
  Lookup,
  type PastEvents,
  type WantedKeys,
} from "../../src/engine/views/past_events.ts";
import { typeKey, valueKey } from "../../src/engine/views/value_keys.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { systemClock, systemRandom } from "../../src/server/system.ts";
import { IndexThread } from "../../src/values/index_thread.ts";
import { engineOnFiles, type EngineOnFilesOptions } from "../support/engine/engine_on_files.ts";

export const PAID = eventType("shop.Paid");

/** A journal of several segments in a folder, and the search for its events. */
export async function shopIn(
  folder: string,
  { pastEvents, definitions = [] }: Pick<
    Partial<EngineOnFilesOptions>,
    "pastEvents" | "definitions"
  > = {},
) {
  const { engine, journal } = await engineOnFiles({
    folder,
    fileSystem: new DenoFileSystem(),
    clock: systemClock,
    random: systemRandom,
    definitions,
    maxRunning: 1,
    segmentBytes: 64 * 1024,
    pastEvents,
  });
  return { engine, journal, deliver: (facts: readonly JsonObject[]) => paid(engine, facts) };
}

export type Shop = Awaited<ReturnType<typeof shopIn>>;

/** Where they are. */
export async function paid(engine: JobEngine, facts: readonly JsonObject[]): Promise<LogId[]> {
  const events = facts.map((attributes) =>
    ({ eventType: PAID, stratum: "domain", attributes }) as const
  );
  return (await engine.deliver(events)).map(({ logId }) => logId ?? 0);
}

/** Two values each, one of which many share. */
export function orders(first: number, count: number): readonly JsonObject[] {
  return Array.from({ length: count }, (_, at) => ({
    orderId: `order-${first + at}`,
    region: ["EU", "US"][(first + at) % 2] ?? "",
  }));
}

/** The thread that maintains the index of a journal, and its messages. */
export function threadOf(
  folder: string,
  options: Partial<ConstructorParameters<typeof IndexThread>[0]> = {},
) {
  const warnings: string[] = [];
  const threads: Worker[] = [];
  const pastEvents = new IndexThread({
    ...journalLayout(folder),
    clock: systemClock,
    warn: (message) => warnings.push(message),
    unreadable: (logId) => warnings.push(`entry ${logId} is unreadable`),
    onThread: (thread) => threads.push(thread),
    ...options,
  });
  return { pastEvents, warnings, threads };
}

export async function carrying(
  pastEvents: Pick<PastEvents, "find">,
  value: string | number,
  asOf: LogId,
): Promise<readonly LogId[]> {
  const { wanted } = new Lookup().carrying(looseForm(value), 5_000);
  const { positions } = await completely(pastEvents, wanted, asOf);
  return positions.get(valueKey(looseForm(value))) ?? [];
}

export async function ofType(
  pastEvents: Pick<PastEvents, "find">,
  type: string,
  asOf: LogId,
): Promise<readonly LogId[]> {
  const { wanted } = new Lookup().ofType(type, 5_000);
  return (await completely(pastEvents, wanted, asOf)).positions.get(typeKey(type)) ?? [];
}

/**
 * Asks again when an answer is incomplete because its time was over, as on a busy machine. Before
 * that, each must be complete.
 */
export async function completely(
  pastEvents: Pick<PastEvents, "find">,
  wanted: WantedKeys,
  asOf: LogId,
): Promise<FoundPositions> {
  const beganAt = performance.now();
  const found = await pastEvents.find(wanted, asOf);
  if (found.upTo >= asOf) return found;
  assert.ok(performance.now() - beganAt > LAG_MS / 2, `it is complete up to ${found.upTo} only`);
  return await completely(pastEvents, wanted, asOf);
}
