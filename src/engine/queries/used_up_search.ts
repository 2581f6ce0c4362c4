/**
 * Finds who used a quota or a rate that is used up: the type of nearly all jobs that had succeeded
 * before.
 */

import { countText } from "../../core/counted.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType } from "../../core/event.ts";
import { jobFingerprint } from "../../core/error_fingerprint.ts";
import type { LogId } from "../../core/ids.ts";
import type { FailedJob } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { oneLine, shownScalar, shownText } from "../../core/shown_value.ts";
import { pathTo } from "../../explain/likeness/elsewhere.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { isIdentifier } from "../../explain/likeness/own_values.ts";
import { isUsedUp } from "../../explain/past/asked_to_wait.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { FEW_MAX, later, shortened } from "../../explain/words/phrases.ts";
import { Lookup } from "../views/past_events.ts";
import { visitJobs } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { createdNear } from "./similar_jobs.ts";

export interface When {
  readonly logId: LogId;
  readonly at: string;
}

export function firstOf(all: readonly When[]): When | undefined {
  return all.toSorted((one, other) => one.logId - other.logId)[0];
}

/** How many jobs are looked at that had succeeded before what they share was used up. */
const USERS_MAX = 300;
/** The fewest jobs of a type, and the least share, that tell whose they were. */
const USERS_MIN = 20;
/** The same of those that were given what the error names. */
const NAMED_MIN = 10;
const HOUR_MS = 3_600_000;
const USERS_SHARE = 0.75;

/**
 * Of which type nearly all were that had used a quota or a rate before it was used up, if that is
 * another type.
 *
 * @param types The others that fail with the error.
 */
export async function usedBefore(
  inquiry: Inquiry,
  { type, failure, labels }: FailedJob,
  types: readonly string[],
  first: When | undefined,
): Promise<Statement<LogId> | undefined> {
  if (first === undefined || inquiry.upTo !== undefined || !isUsedUp(failure.error)) {
    return undefined;
  }
  const users: JobSummary[] = [];
  const { isAll } = await visitJobs(inquiry, {
    range: {
      ...{ states: ["Done"], types: type === undefined ? types : [type, ...types] },
      ...{ createdAfter: later(first.at, -HOUR_MS), before: first.logId },
    },
    max: USERS_MAX,
    see: (user) => {
      if (user.lastLogId < first.logId) users.push(user);
    },
  });
  const [most] = [...Map.groupBy(users, (user) => user.type).values()]
    .toSorted((one, other) => other.length - one.length);
  const [one] = most ?? [];
  if (most === undefined || one?.type == null || one.type === type) return undefined;
  if (most.length < USERS_MIN || most.length < USERS_SHARE * users.length) return undefined;
  const label = sharedLabels(most, [{ labels }, ...users.filter((user) => user.type !== one.type)]);
  const statement =
    `Of the ${isAll ? "" : "last "}${
      countText(users.length)
    } jobs of these types that were created in the hour before the first of these failures, and ` +
    `had succeeded by then, ${countText(most.length)} were of ${one.type}${label}.`;
  return { statement, cites: [first.logId, one.lastLogId] };
}

/** `, all with label campaign:friday`: what they share, and none of the others has. */
function sharedLabels(
  alike: readonly JobSummary[],
  others: readonly Pick<JobSummary, "labels">[],
): string {
  const has = (name: string, value: string) => ({ labels }: Pick<JobSummary, "labels">) =>
    labels[name] === value;
  const shared = Object.entries(alike[0]?.labels ?? {}).filter(([name, value]) =>
    alike.every(has(name, value)) && !others.some(has(name, value))
  ).map(([name, value]) => oneLine(`${name}:${value}`));
  return shared.length === 0 ? "" : `, all with label ${shortened(shared, FEW_MAX)}`;
}

/** How many names in an error are looked up, and of each, how many of the jobs that were given it. */
const NAMES_MAX = 4;
const GIVEN_MAX = 256;

/** Jobs of another type that were given what an error calls used up, such as the key of an API. */
export async function usersOfNamed(
  inquiry: Inquiry,
  job: FailedJob,
): Promise<Statement<LogId> | undefined> {
  if (inquiry.upTo !== undefined || !isUsedUp(job.failure.error)) return undefined;
  const words = errorText(job.failure.error).match(/[\w.-]*\w/g) ?? [];
  const names = [...new Set(words.filter((word) => isIdentifier("", word)))].slice(0, NAMES_MAX);
  const first = firstAlike(inquiry, job);
  const lookup = new Lookup();
  for (const name of names) lookup.jobsGiven(looseForm(name), GIVEN_MAX);
  const found = await lookup.in(inquiry.parts.pastEvents, inquiry.asOf);
  for (const name of names) {
    const given = found.jobsGiven(looseForm(name), GIVEN_MAX).filter((at) => at < first.logId);
    const told = await toldOf(inquiry, job, { name, given, first });
    if (told !== undefined) return told;
  }
  return undefined;
}

/** When the first of the jobs failed that were created within an hour and failed alike. */
function firstAlike({ parts: { lists } }: Inquiry, job: FailedJob): When {
  const fingerprint = jobFingerprint(job, job.failure);
  const own = { logId: job.failure.because, at: job.endedAt };
  if (fingerprint === undefined) return own;
  const near = lists.inTimes({ fingerprint, ...createdNear(job) });
  const { jobs } = lists.summaries({ ...near, limit: 1, oldestFirst: true });
  return firstOf([
    own,
    ...jobs.flatMap(({ failure, endedAt }) =>
      failure === null || endedAt === null ? [] : { logId: failure.because, at: endedAt }
    ),
  ]) ?? own;
}

interface Named {
  readonly name: string;
  /** Where the jobs were created that were given it. */
  readonly given: readonly LogId[];
  readonly first: When;
}

async function toldOf(
  inquiry: Inquiry,
  job: FailedJob,
  { name, given, first }: Named,
): Promise<Statement<LogId> | undefined> {
  const { parts: { history, pacer, table }, share } = inquiry;
  const since = later(first.at, -HOUR_MS);
  const users: JobSummary[] = [];
  const see = (logId: LogId) => {
    const user = table.listed.summaryAt(logId);
    if (user === undefined || user.type === job.type || user.createdAt <= since) return;
    if (user.state === "Done" && user.lastLogId < first.logId) users.push(user);
  };
  for (const logId of given) await pacer.do(share, () => see(logId));
  const [most = []] = [...Map.groupBy(users, ({ type }) => type).values()]
    .toSorted((one, other) => other.length - one.length);
  const [last, oldest] = [most[0], most.at(-1)];
  if (last === undefined || oldest === undefined || most.length < NAMED_MIN) return undefined;
  const own: JobSummary[] = [];
  await visitJobs(inquiry, {
    range: {
      ...{ states: ["Done"], types: job.type === undefined ? [] : [job.type] },
      ...{ after: oldest.firstLogId, before: first.logId },
    },
    max: USERS_MAX,
    see: (user) => {
      if (user.lastLogId < first.logId) own.push(user);
    },
  });
  if (most.length < USERS_SHARE * (most.length + own.length)) return undefined;
  const [entry] = await history.at([last.firstLogId]);
  const path = isOfType(entry, "job.JobCreated") ? pathTo(name, entry.attributes) : undefined;
  if (path === undefined) return undefined;
  const least = given.length === GIVEN_MAX ? "At least " : "";
  const statement = `${least}${countText(most.length)} jobs of ${last.type ?? "plans"}` +
    `${sharedLabels(most, [job])}, were given the ${shownScalar(name)} that the error names, at ` +
    `${
      shownText(path)
    }. They were created from ${oldest.createdAt} to ${last.createdAt}, and had ` +
    `succeeded before the first of these failures; of ${job.type}, ${countText(own.length)} had ` +
    "meanwhile.";
  return reason(statement, last.firstLogId, last.lastLogId, first.logId);
}
