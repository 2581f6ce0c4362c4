/** Retries failed and parked jobs as new jobs. Retrying a parked job ends it. */

import { countedFacts } from "../../core/expectations.ts";
import { decide } from "../../core/decide.ts";
import type { Decision, Originated, Rejection, RetryCommand } from "../../core/command.ts";
import {
  correlatedAttributes,
  type FactEntry,
  isCorrelated,
  isFromOutside,
  type JobEventDraft,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { FrameworkAttributes, JobCreatedAttributes } from "../../core/framework_events.ts";
import { type JobId, type LogId, newId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import { GROUP_BYTES_MAX, GroupTooLargeError } from "../ports.ts";
import { each, entryCharacters } from "../entry_pages.ts";
import { type Outcome, rejected, type RetryRequest, unknownJob } from "../requests.ts";
import { isSealed } from "../secrets/sealing.ts";
import { createdIn } from "./job_entries.ts";
import type { TimeShare } from "../pacer.ts";
import type { CreationParts } from "./creation.ts";
import { correlatedEventId } from "./derived_ids.ts";
import { groupSlices, type Slices } from "./slices.ts";

type Retrying = RetryCommand & Originated;

export class Retries {
  constructor(private readonly parts: Omit<CreationParts, "clock">) {}

  /** Rejects as `Creation.create` does. */
  async retry(jobId: JobId, request: RetryRequest): Promise<Outcome<JobState>> {
    const ready = await this.ready(jobId, request);
    if (!ready.ok) return ready;
    const newJobId = newId.job(this.parts.random.ulid());
    return await this.#retryAs(newJobId, ready.value.job, ready.value.input, request);
  }

  /** The job and its input, if a retry of it would be accepted; records nothing. */
  async ready(jobId: JobId, request: RetryRequest): Promise<Outcome<ReadyForRetry>> {
    const { table, sealing, writer } = this.parts;
    const pending = table.pending(jobId);
    if (pending === undefined) return unknownJob(jobId);
    const again = () => this.ready(jobId, request);
    // The retry reads the facts that it reuses from the journal, so they must be durable.
    if (!(await writer.isDurable(pending.head.lastLogId))) return await again();
    const job = table.existing(jobId);
    // Decide before opening the input: a refusal must not need the key, or reveal any of the input.
    const refusal = this.#refusalOf(job, request);
    if (refusal !== undefined) {
      return await writer.onceDurable<Outcome<ReadyForRetry>>(
        pending.head.lastLogId,
        rejected(refusal),
        again,
      );
    }
    if (!isSealed(job)) return { ok: true, value: { job, input: job.input } };
    const opened = await sealing.open(job);
    return opened.ok
      ? { ok: true, value: { job, input: opened.input } }
      : rejected({ message: `Cannot retry job ${job.jobId}: ${opened.reason}`, allowedIn: [] });
  }

  #refusalOf(
    job: JobState,
    { unlessRetriedAfter = Infinity, ...request }: RetryRequest,
  ): Rejection | undefined {
    const retry = this.#newestRetryOf(job);
    if (retry !== undefined && retry.at > unlessRetriedAfter) return retriedAlready(job, retry);
    const about = { newJobId: job.jobId, attributes: job };
    const decision = decide(job, { kind: "retry", ...about, ...request });
    if (!decision.accepted) return decision.rejection;
    const { type } = job;
    if (isTerminal(job) || type === undefined || this.parts.descriptions.canRun(type)) {
      return undefined;
    }
    return {
      message:
        `Cannot retry job ${job.jobId}: this would end it, and the new job would be parked ` +
        `too, since no definition of type ${type} is loaded`,
      allowedIn: [],
    };
  }

  async #retryAs(
    newJobId: JobId,
    retried: JobState,
    input: JsonValue | undefined,
    { unlessRetriedAfter = Infinity, ...request }: RetryRequest,
  ): Promise<Outcome<JobState>> {
    const { descriptions, history, sealing, writer } = this.parts;
    const { attributes, protection } = descriptions.ofRetry(retried, input);
    // Without a trace of its own, the retry continues the trace of the retried job.
    const trace = request.origin?.traceId === undefined
      ? await createdIn(retried, (logIds) => history.at(logIds))
      : {};
    const origin = { ...request.origin, ...trace };
    const record = async (attributes: JobCreatedAttributes): Promise<Outcome<JobState>> => {
      const command = { kind: "retry", ...request, newJobId, attributes, origin } as const;
      const { lastLogId, outcome } = await this.#appended(retried, command, unlessRetriedAfter);
      return outcome.ok
        ? await writer.whenDurable(lastLogId, outcome)
        : await writer.onceDurable(lastLogId, outcome, () => record(attributes));
    };
    if (protection === undefined) return await record(attributes);
    const sealed = await sealing.seal(newJobId, attributes, protection);
    return sealed.ok ? await sealing.keptIf(newJobId, record(sealed.value)) : sealed;
  }

  /** One at a time, since each may hold many megabytes of facts. */
  async #appended(
    retried: JobState,
    command: Retrying,
    unlessRetriedAfter: LogId,
  ): Promise<Appended> {
    using _turn = await this.parts.writer.gatherings.enter();
    const { intake, table, writer } = this.parts;
    try {
      let decided = await this.#decided(retried, command);
      // A parked job may have changed in the meantime.
      while (this.#hasChanged(decided.job)) decided = await this.#decided(retried, command);
      const { job, decision, group } = decided;
      // Another request may have retried the job.
      const retry = this.#newestRetryOf(job);
      if (retry !== undefined && retry.at > unlessRetriedAfter) {
        return { lastLogId: retry.at, outcome: rejected(retriedAlready(job, retry)) };
      }
      if (!decision.accepted) return { lastLogId: 0, outcome: rejected(decision.rejection) };
      intake.requireRoom({ jobs: 1, starts: job.type === undefined ? 0 : 1 });
      const lastLogId = await writer.appendInSlices(group);
      // The job as created, not as it is once it is durable.
      const value = table.pending(command.newJobId)?.whole as JobState;
      return { lastLogId, outcome: { ok: true, value } };
    } catch (error) {
      if (!(error instanceof GroupTooLargeError)) throw error;
      return { lastLogId: 0, outcome: rejected(tooLarge(retried)) };
    }
  }

  /** The decision, with the facts that count for the job. Takes several turns for a large job. */
  async #decided(before: JobState, command: Retrying): Promise<Decided> {
    const { pacer, table, writer } = this.parts;
    const job = table.pending(before.jobId)?.whole ?? before;
    if (!(await writer.isDurable(job.lastLogId))) return await this.#decided(before, command);
    const share = { spentMs: 0 };
    const decision = await pacer.do(share, () => decide(job, command));
    if (!decision.accepted) return { job, decision, group: [] };
    const facts = await this.#factsFor(job, command, share);
    const group = await pacer.all(share, groupSlices([...decision.events, ...facts]));
    return { job, decision, group };
  }

  #hasChanged({ jobId, lastLogId }: JobState): boolean {
    return (this.parts.table.pending(jobId)?.head.lastLogId ?? lastLogId) !== lastLogId;
  }

  #newestRetryOf({ jobId }: JobState): Retry | undefined {
    const { table } = this.parts;
    const pending = table.pending(jobId)?.inFlight("job.JobRetried");
    if (pending !== undefined) {
      const { newJobId } = pending.attributes as FrameworkAttributes["job.JobRetried"];
      return { at: pending.logId, jobId: newJobId };
    }
    const [at, retry] = [table.listed.retriedAt(jobId), table.listed.retryOf(jobId)];
    return at === undefined || retry === undefined ? undefined : { at, jobId: retry };
  }

  /** The events from outside that counted for a job, copied for its retry. */
  async #factsFor(
    job: JobState,
    { newJobId, origin }: Retrying,
    share: TimeShare,
  ): Promise<readonly JobEventDraft[]> {
    const facts: JobEventDraft[] = [];
    let characters = 0;
    const carryOver = (entry: JobEventLogEntry) => {
      if (!isFromOutside(entry)) return;
      facts.push({ ...carriedOver(entry, newJobId), ...origin });
      characters += entryCharacters(entry);
    };
    for await (const page of this.parts.history.pages.of(countedFacts(job))) {
      await this.parts.pacer.all(share, each(page, carryOver));
      if (characters > GROUP_BYTES_MAX) throw new GroupTooLargeError("Cannot carry the facts over");
    }
    return facts;
  }
}

interface Decided {
  readonly job: JobState;
  readonly decision: Decision;
  /** The entries of an accepted retry. */
  readonly group: Slices;
}

/** What became of a retry; the position on which that depends. */
interface Appended {
  readonly lastLogId: LogId;
  readonly outcome: Outcome<JobState>;
}

interface ReadyForRetry {
  readonly job: JobState;
  readonly input: JsonValue | undefined;
}

interface Retry {
  readonly at: LogId;
  readonly jobId: JobId;
}

function retriedAlready({ jobId }: JobState, { jobId: retriedAs }: Retry): Rejection {
  const message = `Cannot retry job ${jobId}: it was already retried`;
  return { message, allowedIn: [], retriedAs };
}

function tooLarge({ jobId }: JobState): Rejection {
  const message =
    `Cannot retry job ${jobId}: what it would reuse, results and events, takes more ` +
    `than ${GROUP_BYTES_MAX / 1_048_576} MiB, the most that is recorded at once`;
  return { message, allowedIn: [] };
}

function carriedOver(entry: JobEventLogEntry, jobId: JobId): JobEventDraft {
  const attributes = isCorrelated(entry)
    ? entry.attributes
    : correlatedAttributes(entry as FactEntry);
  return {
    stratum: "framework",
    eventType: "job.EventCorrelated",
    eventId: correlatedEventId(attributes.eventId, jobId),
    jobId,
    causedBy: entry.logId,
    attributes,
  };
}
