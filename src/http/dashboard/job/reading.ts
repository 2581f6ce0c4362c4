/** All that the page of a job is made of, read at one point of its life. */

import type { Edge } from "../../edge.ts";
import type { JobEventLogEntry } from "../../../core/event.ts";
import { Annals } from "../../../core/explain/annals.ts";
import type { Citation, Explanation } from "../../../core/explanation.ts";
import type { JobId, LogId } from "../../../core/ids.ts";
import type { JobState } from "../../../core/job_state.ts";
import type { JsonValue } from "../../../core/json.ts";
import { type Timeline, timelineOf } from "../../../core/timeline/timeline.ts";
import { inSlices } from "../../../engine/slices.ts";

/** Entries that are read at a time, so that other work goes on between. */
const PAGE_SIZE = 1_000;
/** Of entries that are not the job's own and are cited, so many are shown. */
const STRANGERS_MAX = 20;

export interface JobReading {
  readonly job: JobState;
  readonly annals: Annals;
  readonly explanation: Explanation<Citation>;
  readonly timeline: Timeline;
  /** The job's own, oldest first. */
  readonly entries: readonly JobEventLogEntry[];
  /** Cited, or asked for, and not the job's own. */
  readonly strangers: readonly JobEventLogEntry[];
  readonly input: ReadInput;
  readonly nowMs: number;
}

/** `sealed`: it is there, and not for everybody who may read. */
export type ReadInput =
  | { readonly kind: "shown"; readonly value: JsonValue | undefined }
  | { readonly kind: "sealed" };

export interface ReadingOptions {
  /** Whether the viewer may see what is under the seal. */
  readonly mayUnseal: boolean;
  /** An entry that the viewer asks for, whoever's it is. */
  readonly wanted: LogId | undefined;
}

/** `undefined` when there is no such job. */
export async function readJob(
  edge: Edge,
  jobId: JobId,
  { mayUnseal, wanted }: ReadingOptions,
): Promise<JobReading | undefined> {
  const explanation = await edge.engine.explain(jobId);
  if (explanation === undefined) return undefined;
  const entries = await readEntries(edge, jobId, explanation.asOf);
  const annals = await inSlices(edge.clock, Annals.gathering(entries));
  const cited = citedIn(explanation);
  const strangers = await readStrangers(
    edge,
    annals,
    wanted === undefined ? cited : [wanted, ...cited],
  );
  const nowMs = edge.clock.now();
  const nearMisses = nearMissEntries(explanation, annals, strangers);
  return {
    job: annals.job,
    annals,
    explanation,
    timeline: timelineOf(annals, { nowMs, nearMisses }),
    entries,
    strangers,
    input: await readInput(edge, annals, mayUnseal),
    nowMs,
  };
}

/** What came after the explanation was made is left for the next time. */
async function readEntries(
  { engine }: Edge,
  jobId: JobId,
  upTo: LogId,
): Promise<readonly JobEventLogEntry[]> {
  const entries: JobEventLogEntry[] = [];
  for (let after = 0; after < upTo;) {
    const page = await engine.history(jobId, after, PAGE_SIZE);
    const last = page.at(-1);
    if (last === undefined) break;
    entries.push(...page.filter(({ logId }) => logId <= upTo));
    after = last.logId;
  }
  return entries;
}

function citedIn(explanation: Explanation<Citation>): readonly LogId[] {
  const { because, completed, waitingFor, next } = explanation;
  const misses = waitingFor.flatMap(({ nearMisses }) => nearMisses);
  return [...misses, ...because, ...completed, ...waitingFor, ...next]
    .flatMap(({ cites }) => cites.map(({ logId }) => logId));
}

async function readStrangers(
  { engine }: Edge,
  { entries }: Annals,
  wanted: readonly LogId[],
): Promise<readonly JobEventLogEntry[]> {
  const logIds = [...new Set(wanted)].filter((logId) => !entries.has(logId));
  const found = await Promise.all(
    logIds.slice(0, STRANGERS_MAX).map((logId) => engine.entries(logId - 1, 1)),
  );
  return found.flat()
    .filter(({ logId }) => logIds.includes(logId))
    .toSorted((left, right) => left.logId - right.logId);
}

function nearMissEntries(
  { waitingFor }: Explanation<Citation>,
  annals: Annals,
  strangers: readonly JobEventLogEntry[],
): readonly JobEventLogEntry[] {
  const cites = waitingFor.flatMap(({ nearMisses }) => nearMisses.flatMap((miss) => miss.cites));
  const logIds = new Set(cites.map(({ logId }) => logId));
  const own = [...logIds].flatMap((logId) => annals.entries.get(logId) ?? []);
  return [...own, ...strangers.filter(({ logId }) => logIds.has(logId))];
}

/** What was removed is shown as far as the journal has it in clear. */
async function readInput(
  { engine }: Edge,
  { job, inputRemoved }: Annals,
  mayUnseal: boolean,
): Promise<ReadInput> {
  const isOpen = job.sealed === undefined || job.input !== undefined;
  if (isOpen || inputRemoved !== undefined) return { kind: "shown", value: job.input };
  if (!mayUnseal) return { kind: "sealed" };
  const outcome = await engine.input(job.jobId);
  return { kind: "shown", value: outcome.ok ? outcome.value.input : undefined };
}
