/**
 * Finds the job that had to do with what the error of another one is about: it was given the same
 * value, and did its work when others of its type, beside jobs that went through, had not.
 */

import { ascending } from "../../core/ascending.ts";
import { jobFingerprint } from "../../core/error_fingerprint.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { type FailedJob, findTask, type JobState } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { doneMeanwhile, doneWithin } from "../../explain/ended/done_meanwhile.ts";
import { isSameInput } from "../../explain/ended/repeated_work.ts";
import { pathTo } from "../../explain/likeness/elsewhere.ts";
import { isIdentifier, type OwnValue, ownValues } from "../../explain/likeness/own_values.ts";
import type { RivalStatement } from "../../explain/statements/evidence.ts";
import { Lookup } from "../views/past_events.ts";
import type { Inquiry } from "./query_parts.ts";
import { VALUES_MAX } from "./sender_search.ts";
import { hasEnded, isSameOrRetry, takenFromPeers } from "./similar_jobs.ts";
import {
  type Given,
  type ReadJob,
  type Rival,
  setApart,
  toldOfRival,
  valueText,
} from "./told_of_rival.ts";
import { DONE_BEFORE, findDoneTwice, submitter } from "./twin_search.ts";

/** A value that more jobs were given does not identify the thing that an error is about. */
const FEW_MAX = 9;
/** Of so many jobs with a value the positions are looked up. */
const FOUND_MAX = 256;
/** How many of those before a failure are read, and how many of these may be a rival. */
const READ_MAX = 16;
const NEAR_MAX = 8;
/** How many are compared with others, and with how many jobs that went through. */
const LOOKED_AT_MAX = 3;
const PEERS_MAX = 8;
/** The fewest of these that tell, if many jobs were given the value. */
const PEERS_MIN = 2;

/** A shorter value that is not a word of its own occurs by chance. */
const NAMED_LENGTH_MIN = 4;
/** Errors about the state of a thing, which another job may have changed. */
const OF_STATE =
  /\b(already|exists|duplicate|conflict|locked|in use|taken|not found|no such|gone|deleted|404|409|410|412|423)\b/i;
/** Errors about something of which other jobs took too much. */
const OF_SHORTAGE =
  /\b(?:insufficient[ _-](?!perm|priv|right|scope|access|auth)|(?:not enough|depleted|used up|sold out|out of stock|quota|funds)\b)/i;

/** The newest of those with a value before a position, and how many there are. */
interface AllGiven {
  readonly newest: readonly Given[];
  readonly count: number;
}

/** A job with others beside it that were given its value. */
interface Peer {
  readonly kind: "another value" | "same value" | "failed alike";
  readonly beside: readonly Given[];
  /** By the step after which a rival did it, when that completed here; and the failed task. */
  readonly from: ReadonlyMap<TaskId | undefined, LogId>;
  readonly to: LogId;
}

/** The last job that was given the value that the error is about. */
export async function withSameValue(
  inquiry: Inquiry,
  job: FailedJob,
  read: ReadJob,
): Promise<RivalStatement | undefined> {
  let left = LOOKED_AT_MAX;
  for (const own of disputed(job)) {
    const [given] = await jobsGiven(inquiry, [{ own, before: job.failure.because }], READ_MAX);
    if (given === undefined) continue;
    const isFew = given.count <= FEW_MAX;
    const rivals = (await rivalsAmong(inquiry, job, own, given)).slice(0, left);
    left -= rivals.length;
    const peers = rivals.length === 0 ? [] : await peersOf(inquiry, job, rivals, given);
    for (const rival of rivals) {
      const apart = isFew ? await setApart(inquiry, rival.rival) : "";
      const odd = await oddity(inquiry, job, rival, peers, isFew);
      if (apart === "" && odd === undefined) continue;
      return await toldOfRival(inquiry, job, { ...rival, apart, isLate: odd === "late" }, read);
    }
    if (!OF_SHORTAGE.test(job.failure.error.message)) continue;
    const takers = given.newest.filter(({ type }) => type === job.type);
    const twice = await findDoneTwice(inquiry, job, takers, valueText(own, takers[0]?.path));
    if (twice !== undefined) return twice;
  }
  return undefined;
}

/** What its error is about. */
function disputed(job: FailedJob): readonly OwnValue[] {
  const given = ownValues(job).filter(({ from }) => from === "input");
  const error = job.failure.error.message;
  const words = new Set(error.match(/[\p{L}\p{N}]+/gu));
  const named = given.map((own) => ({ ...own, text: `${own.value}` })).filter(({ text }) =>
    text.length >= NAMED_LENGTH_MIN ? error.includes(text) : words.has(text)
  );
  if (named.length > 0) return named.slice(0, VALUES_MAX);
  if (!OF_STATE.test(error)) return [];
  return given.filter(({ path, value }) => isIdentifier(path, value)).slice(0, VALUES_MAX);
}

interface Wanted {
  readonly own: OwnValue;
  /** The position before which the jobs were created. */
  readonly before: LogId;
}

/** The jobs that were given each value; `undefined` if all that are found are later. */
async function jobsGiven(
  { parts: { pastEvents, history }, asOf }: Inquiry,
  wanted: readonly Wanted[],
  max: number,
): Promise<readonly (AllGiven | undefined)[]> {
  const lookup = new Lookup();
  for (const { own } of wanted) lookup.jobsGiven(own.loose, FOUND_MAX);
  const found = await lookup.in(pastEvents, asOf);
  const all = wanted.map(({ own, before }) => {
    const positions = found.jobsGiven(own.loose, FOUND_MAX);
    const earlier = positions.filter((logId) => logId < before);
    const isKnown = earlier.length > 0 || positions.length < FOUND_MAX;
    return { own, isKnown, count: earlier.length, read: new Set(earlier.slice(0, max)) };
  });
  const newest = new Map(all.map((one) => [one, [] as Given[]]));
  for await (const page of history.pages.of(ascending(all.flatMap(({ read }) => [...read])))) {
    for (const entry of page) {
      const { logId, jobId } = entry;
      if (!isOfType(entry, "job.JobCreated") || jobId === undefined) continue;
      for (const [{ own, read }, given] of newest) {
        const path = read.has(logId) ? pathTo(own.value, entry.attributes) : undefined;
        if (path === undefined) continue;
        const by = present({ actor: submitter(entry) });
        given.unshift({ logId, jobId, type: entry.attributes.type, path, ...by });
      }
    }
  }
  return all.map((one) =>
    one.isKnown ? { newest: newest.get(one) ?? [], count: one.count } : undefined
  );
}

/** None that failed in the same way. The latest come first, and those that failed last. */
async function rivalsAmong(
  { parts: { table, pacer }, share, asOf }: Inquiry,
  job: FailedJob,
  own: OwnValue,
  { newest, count }: AllGiven,
): Promise<readonly Rival[]> {
  const error = errorText(job.failure.error);
  const rivals: Rival[] = [];
  const see = (given: Given) => {
    const rival = table.job(given.jobId);
    if (rival === undefined || rival.lastLogId > asOf || isSameOrRetry(rival, job)) return;
    if (rival.state === "Failed" && errorText(rival.failure.error) === error) return;
    // What is done again and again with one input went through before.
    const isAgain = rival.type === job.type && !DONE_BEFORE.test(error) && isSameInput(rival, job);
    if (isAgain) return;
    const meanwhile = rival.state === "Failed" ? undefined : doneMeanwhile(job, rival);
    rivals.push({ ...given, rival, own, meanwhile });
  };
  for (const given of newest.slice(0, NEAR_MAX)) await pacer.do(share, () => see(given));
  // Jobs of its type do not compete for what several of them went through with.
  const isLikeIt = ({ rival }: Rival) => rival.type === job.type && rival.state === "Done";
  const isCommon = count > FEW_MAX || rivals.filter(isLikeIt).length > 1;
  return rivals.filter((one) => !isCommon || !isLikeIt(one)).toSorted((one, other) =>
    Number(one.rival.state === "Failed") - Number(other.rival.state === "Failed") ||
    other.rival.lastLogId - one.rival.lastLogId
  );
}

/** Jobs of its type that went through, or failed alike, with those that were given their value. */
async function peersOf(
  inquiry: Inquiry,
  job: FailedJob,
  rivals: readonly Rival[],
  { newest }: AllGiven,
): Promise<readonly Peer[]> {
  const { parts: { table, pacer }, share, asOf } = inquiry;
  const [{ own }] = rivals as readonly [Rival, ...Rival[]];
  const spanOf = (peer: JobState) => {
    const failing = findTask(peer, job.failure.taskId ?? MAIN_TASK);
    const from = new Map(rivals.map(({ meanwhile }) => {
      const after = meanwhile?.after;
      const task = after && findTask(peer, after);
      return [after, task?.status === "completed" ? task.completedBy : peer.firstLogId];
    }));
    return {
      from,
      to: peer.state === "Failed"
        ? peer.failure.because
        : failing?.status === "completed"
        ? failing.completedBy
        : peer.lastLogId,
    };
  };
  const withOther = (peer: JobState) => {
    const other = ownValues(peer).find(({ from, path, loose }) =>
      from === "input" && path === own.path && loose !== own.loose
    );
    return other && { own: other, ...spanOf(peer) };
  };
  const fingerprint = jobFingerprint(job, job.failure);
  const done = await takenFromPeers(inquiry, job, withOther, { max: PEERS_MAX, least: 1 }) ?? [];
  const alike = fingerprint === undefined
    ? []
    : await takenFromPeers(inquiry, job, withOther, { filter: { fingerprint }, least: 1 }) ?? [];
  const others = [...done, ...alike];
  const wanted = others.map(({ own, to }) => ({ own, before: to }));
  const given = await jobsGiven(inquiry, wanted, NEAR_MAX);
  const same: Peer[] = [];
  const see = ({ jobId }: Given) => {
    const peer = table.job(jobId);
    if (peer?.state !== "Done" || peer.lastLogId > asOf) return;
    const span = spanOf(peer);
    const beside = newest.filter(({ logId }) => logId < span.to);
    same.push({ kind: "same value", beside, ...span });
  };
  for (const given of newest.filter(({ type }) => type === job.type)) {
    await pacer.do(share, () => see(given));
  }
  return [
    ...same,
    ...others.flatMap((peer, at): readonly Peer[] => {
      const beside = given[at]?.newest;
      const kind = at < done.length ? "another value" : "failed alike";
      return beside === undefined ? [] : [{ kind, beside, from: peer.from, to: peer.to }];
    }),
  ];
}

/**
 * Whether jobs that went through had none of its type beside them, or not at that time, or had all of
 * them done by then, where this one was late.
 */
async function oddity(
  { parts: { table, pacer }, share }: Inquiry,
  job: FailedJob,
  { rival, meanwhile, own }: Rival,
  peers: readonly Peer[],
  isFew: boolean,
): Promise<"odd" | "late" | undefined> {
  // One of its type that had succeeded before leaves nothing behind, except by errors of state.
  const isPast = rival.type === job.type && hasEnded(rival, job.firstLogId) &&
    !OF_STATE.test(errorText(job.failure.error));
  if (isPast && rival.state === "Done") return undefined;
  if (rival.state === "Failed" || rival.type === job.type) return isFew ? "odd" : undefined;
  const hadEnded = hasEnded(rival, job.failure.because);
  const did = (jobId: JobId, { from, to }: Peer) => {
    const other = table.job(jobId);
    if (other === undefined) return false;
    const since = from.get(meanwhile?.after) ?? 0;
    return meanwhile === undefined
      ? hasEnded(other, to) === hadEnded
      : doneWithin(other, since, to) !== undefined;
  };
  const count = { "another value": 0, "same value": 0, "failed alike": 0 };
  let [alikeHaving, ended] = [0, 0];
  for (const peer of peers) {
    count[peer.kind]++;
    const beside = peer.beside.filter(({ type }) => type === rival.type);
    let isSame = false;
    for (const { jobId } of beside) isSame ||= await pacer.do(share, () => did(jobId, peer));
    if (isSame && peer.kind !== "failed alike") return undefined;
    if (isSame) alikeHaving++;
    else if (beside.length > 0) ended++;
  }
  if (2 * alikeHaving < count["failed alike"]) return undefined;
  const isLate = meanwhile === undefined && !hadEnded && ended >= PEERS_MIN;
  if (isFew) return isLate ? "late" : "odd";
  const isSince = meanwhile !== undefined || count["same value"] > 0;
  return isSince && count["another value"] >= PEERS_MIN && isIdentifier(own.path, own.value)
    ? "odd"
    : undefined;
}
