/**
 * The outcomes of one job's attempts that are not durable yet. An outcome cannot be reproduced,
 * since its handler has run. While the disk is full it stays in memory. It is appended with its
 * original time, before any other entry of its job.
 */

import type { EventDraft, FactDraft, JobEventDraft } from "../../../core/event.ts";
import type { EventId, LogId } from "../../../core/ids.ts";
import { withItem } from "../../../core/short_list.ts";
import { JournalFailedError, JournalFullError } from "../../ports.ts";
import type { SettledFact } from "../../events/fan_out.ts";
import type { RunSubject } from "../run_services.ts";

/** An event whose id is known, so that its cause can name it. */
export type NamedFact = FactDraft & { readonly eventId: EventId };

interface End {
  readonly drafts: readonly JobEventDraft[];
  /** Caused by the last draft; ids and times are final. */
  readonly facts: readonly SettledFact[];
  readonly receivedAt: string;
  /** Position of its last entry; absent until it is appended. */
  lastLogId: LogId | undefined;
}

const NO_FACTS: readonly SettledFact[] = [];

function withTime(facts: readonly NamedFact[], occurredAt: string): readonly SettledFact[] {
  return facts.map((fact) => ({ ...fact, occurredAt }));
}

export class PendingOutcomes {
  /** The outcomes that are not durable, oldest first. */
  #ends: End[] = [];
  #isTrying = false;

  constructor(private readonly run: RunSubject) {}

  /** Whether an outcome waits for room on the disk: nothing else may be appended before it. */
  get owed(): boolean {
    // Those that wait are the last: nothing is appended after the first of them.
    return this.#ends.length > 0 && this.#ends.at(-1)?.lastLogId === undefined;
  }

  get areDurable(): boolean {
    return this.#ends.length === 0;
  }

  /**
   * Appends an outcome, or keeps it until there is room.
   *
   * @param facts Events that the last draft causes, in the same batch.
   * @throws {TooManyEntriesError} when the events reach too many jobs.
   * @throws {OverCapacityError} when there is no room now for the jobs that the events of a task
   *   start; not for an outcome that waits for the disk.
   * @throws {Error} when no journal could take it.
   */
  record(drafts: readonly JobEventDraft[], facts: readonly NamedFact[] = []): void {
    const receivedAt = this.run.services.events.now();
    const timed = facts.length === 0 ? NO_FACTS : withTime(facts, receivedAt);
    const end: End = { drafts, facts: timed, receivedAt, lastLogId: undefined };
    const mustWait = this.owed;
    this.#ends = withItem(this.#ends, end);
    if (mustWait) return;
    try {
      this.#append(end, true);
    } catch (error) {
      if (error instanceof JournalFullError) return this.#keep();
      this.#ends.pop();
      // The next start finds out what is on record.
      if (!(error instanceof JournalFailedError)) throw error;
    }
  }

  durable(): void {
    if (this.areDurable) return;
    const { durableLogId } = this.run.services.writer;
    const first = this.#ends.findIndex(({ lastLogId = Infinity }) => lastLogId > durableLogId);
    // Removed together, since there may be thousands, and each `shift` moves all that follow.
    this.#ends.splice(0, first < 0 ? this.#ends.length : first);
  }

  #keep(): void {
    this.run.services.writer.owe(this.run.jobId, () => this.#appendOwed());
    if (this.#isTrying) return;
    this.#isTrying = true;
    this.run.services.diskRetries.later(() => this.#tryAgain());
  }

  #tryAgain(): void {
    this.#isTrying = false;
    if (!this.owed) return;
    try {
      this.run.services.writer.pay(this.run.jobId);
    } catch (error) {
      if (error instanceof JournalFullError) this.#keep();
      else if (!(error instanceof JournalFailedError)) this.run.services.onDefect(error);
    }
  }

  /** @throws {JournalFullError} when there is no room yet. */
  #appendOwed(): void {
    for (const end of this.#ends) if (end.lastLogId === undefined) this.#append(end);
    this.run.advanceSoon();
  }

  /**
   * @param isLimited False for an outcome that waited for the disk or was lost: its attempt has
   *   ended, and cannot fail any more.
   */
  #append(end: End, isLimited = false): void {
    const { facts, receivedAt } = end;
    const group = facts.length === 0 ? end.drafts : this.#withFacts(end, isLimited);
    const onLost = () => {
      end.lastLogId = undefined;
      this.#keep();
    };
    const { writer } = this.run.services;
    end.lastLogId = writer.append(group, "vital", { receivedAt, onLost }).lastLogId;
  }

  #withFacts({ drafts, facts }: End, isLimited: boolean): readonly EventDraft[] {
    const { fanOut, intake, limits } = this.run.services;
    const entriesMax = isLimited ? limits.entriesMax : Infinity;
    const group: EventDraft[] = [...drafts];
    const causedBy = { draft: drafts.length - 1 };
    for (const fact of facts) {
      const caused = { ...fact, causedBy };
      group.push(...fanOut.expand(caused, group.length, undefined, entriesMax));
    }
    // A compensation that failed would leave work to a person.
    const isOfTask = drafts.at(-1)?.eventType === "job.TaskCompleted";
    if (isLimited && isOfTask) intake.requireRoomForStarted(group.filter(isCreation).length);
    return group;
  }
}

function isCreation({ eventType }: EventDraft): boolean {
  return eventType === "job.JobCreated";
}
