/** All data on the page of a job, read as of one moment. */

import { inOrder } from "../../core/ascending.ts";
import type { GaugeLease } from "../../http/capacity/limits.ts";
import type { HttpDeps, JobLogPort } from "../../http/routing/http_deps.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { findDowntimes } from "../../explain/past/timing.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import type { Citation, Explanation } from "../../explain/statements/explanation.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { Scope } from "../../access/tokens.ts";
import type { Commands } from "../parts/curl.tsx";
import type { RefusedForm } from "../form.tsx";
import type { Drawing } from "./drawing.ts";
import type { ScaleName } from "./time_scale.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import { buildingTimeline, type Timeline } from "../timeline/timeline.ts";
import type { Account } from "../../engine/queries/explainer.ts";
import { type EntryPath, type ShownEntry, shownEntry } from "../parts/entries.tsx";
import { jobEntryPath } from "../parts/links.tsx";
import { EntryPages } from "../../engine/entry_pages.ts";

/** How many cited entries that are not the job's own are shown. */
const FOREIGN_MAX = 20;
/** How many of the last log lines are shown. */
const LOG_LINES = 50;

interface JobReading {
  readonly job: JobState;
  readonly outlined: OutlinedHistory;
  readonly explanation: Explanation<Citation>;
  readonly timeline: Timeline;
  /** Cited or requested entries that are not the job's own. */
  readonly foreignEntries: readonly ShownEntry[];
  readonly input: ReadInput;
  /** The log of its code. */
  readonly log: Awaited<ReturnType<JobLogPort["read"]>>;
  readonly nowMs: number;
}

/** `sealed`: there is an input, but the viewer may not see it. */
type ReadInput =
  | { readonly kind: "shown"; readonly value: JsonValue | undefined }
  | { readonly kind: "sealed" };

interface ReadingOptions {
  /** Whether the viewer may see a sealed input. */
  readonly mayUnseal: boolean;
  /** The entry that the viewer requested, whichever job it belongs to. */
  readonly wanted: LogId | undefined;
}

/** What the sections of the page share. */
export interface JobScreenState extends JobReading {
  readonly page: EntryPage;
  readonly scale: ScaleName;
  readonly drawing: Drawing;
  /** The page of tasks, from 1; one drawing has room for `LANES_MAX`. */
  readonly tasksPage: number;
  /** The path of this page, to which forms redirect. */
  readonly returnTo: string;
  may(scope: Scope): boolean;
  /** On this page if it shows the entry, otherwise on the page of the job that does. */
  readonly pathOf: EntryPath;
  readonly curl: Commands;
  /** The command that exports the job with the entries that its explanation cites. */
  readonly exportCommand: string | undefined;
  /** The form of an event that was refused; its id is that of the expectation. */
  readonly refused: RefusedForm | undefined;
}

export interface JobProps {
  readonly state: JobScreenState;
}

/** `undefined` if there is no such job. */
export async function readJob(
  deps: HttpDeps,
  jobId: JobId,
  { mayUnseal, wanted }: ReadingOptions,
  { hold }: GaugeLease,
): Promise<JobReading | undefined> {
  const account = await (await deps.engine.explanations()).explainer.account(jobId, hold);
  if (account === undefined) return undefined;
  const { explanation, outlined } = account;
  await deps.admission.enter("large");
  const nowMs = deps.clock.now();
  const foreignEntries = await readForeignEntries(deps, account, wanted);
  const timeline = await deps.admission.inSlices(buildingTimeline(outlined, {
    nowMs,
    nearMisses: nearMissEntries(account),
    downtimes: findDowntimes(outlined, account.foreignEntries),
  }));
  return {
    job: outlined.job,
    outlined,
    explanation,
    timeline,
    foreignEntries,
    input: await readInput(deps, outlined, mayUnseal),
    log: await deps.jobLog.read(jobId, LOG_LINES),
    nowMs,
  };
}

/** The cited entries and the requested one that are not the job's own. */
async function readForeignEntries(
  deps: HttpDeps,
  { explanation, outlined, foreignEntries }: Account,
  wanted: LogId | undefined,
): Promise<readonly ShownEntry[]> {
  const cited = [...new Set(citedIn(explanation))]
    .flatMap((logId) => foreignEntries.get(logId) ?? [])
    .slice(0, FOREIGN_MAX);
  const isThere = wanted === undefined || outlined.isOwn(wanted) ||
    cited.some(({ logId }) => logId === wanted);
  const asked = isThere ? [] : await deps.engine.entries(wanted - 1, 1);
  const all = inOrder([...cited, ...asked.filter(({ logId }) => logId === wanted)]);
  const shown: ShownEntry[] = [];
  for (const entry of all) shown.push(await shownEntry(deps, entry, ENTRY_JSON_MAX));
  return shown;
}

/** The most relevant first. */
function citedIn(explanation: Explanation<Citation>): readonly LogId[] {
  const { because, completed, waitingFor, next } = explanation;
  const misses = waitingFor.flatMap(({ nearMisses }) => nearMisses);
  return [...misses, ...because, ...completed, ...waitingFor, ...next]
    .flatMap(({ cites }) => cites.map(({ logId }) => logId));
}

function nearMissEntries(
  { explanation, outlined, foreignEntries }: Account,
): readonly JobEventLogEntry[] {
  const misses = explanation.waitingFor.flatMap(({ nearMisses }) => nearMisses);
  const cites = new Set(misses.flatMap((miss) => miss.cites.map(({ logId }) => logId)));
  return [...cites].flatMap((logId) =>
    outlined.entries.get(logId) ?? foreignEntries.get(logId) ?? []
  );
}

/** Of an input that was removed, the parts that the journal has in clear text are shown. */
async function readInput(
  { engine }: HttpDeps,
  { job, inputRemoved }: OutlinedHistory,
  mayUnseal: boolean,
): Promise<ReadInput> {
  const isOpen = job.sealed === undefined || job.input !== undefined;
  if (isOpen || inputRemoved !== undefined) return { kind: "shown", value: job.input };
  if (!mayUnseal) return { kind: "sealed" };
  const outcome = await engine.input(job.jobId);
  return { kind: "shown", value: outcome.ok ? outcome.value.input : undefined };
}

/** The selection of entries on a job's page. */
export const ORDERS = ["oldest", "newest"] as const;
type EntryOrder = (typeof ORDERS)[number];

export interface EntryPage {
  readonly entries: readonly ShownEntry[];
  readonly order: EntryOrder;
  /**
   * From 1. Pages are counted from the oldest entry in either order, so that their content does not
   * shift.
   */
  readonly number: number;
  readonly count: number;
  readonly total: number;
  /** The requested entry. */
  readonly wanted: LogId | undefined;
}

interface EntryPageRequest {
  readonly order: EntryOrder;
  /** The page; the last one if not given. */
  readonly number: number | undefined;
  readonly wanted: LogId | undefined;
}

const PAGE_SIZE = 50;
/** Characters of an entry's JSON on the page; a link leads to all of it. */
const ENTRY_JSON_MAX = 3_000;

/**
 * A page always has the same entries; only the last page grows.
 *
 * @param logIds The positions of all entries, the oldest first.
 */
export async function readEntryPage(
  deps: HttpDeps,
  logIds: readonly LogId[],
  { order, number, wanted }: EntryPageRequest,
): Promise<EntryPage> {
  const count = Math.max(1, Math.ceil(logIds.length / PAGE_SIZE));
  const place = wanted === undefined ? -1 : logIds.indexOf(wanted);
  const chosen = place >= 0 ? Math.floor(place / PAGE_SIZE) + 1 : number ?? count;
  const shown = Math.min(count, chosen);
  const entries: ShownEntry[] = [];
  const { engine, reading } = deps;
  const pages = new EntryPages(engine.history, reading);
  for await (const page of pages.of(logIds.slice((shown - 1) * PAGE_SIZE, shown * PAGE_SIZE))) {
    for (const entry of page) entries.push(await shownEntry(deps, entry, ENTRY_JSON_MAX));
  }
  return {
    entries: order === "oldest" ? entries : entries.toReversed(),
    order,
    number: shown,
    count,
    total: logIds.length,
    wanted,
  };
}

/** Links within the page need no reload. */
export function entryPaths({ entries }: EntryPage, { foreignEntries, job }: JobReading): EntryPath {
  const shown = new Set([...entries, ...foreignEntries].map(({ logId }) => logId));
  return (logId) => shown.has(logId) ? `#entry-${logId}` : jobEntryPath(job.jobId, logId);
}
