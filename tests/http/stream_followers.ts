/** Readers of filtered streams that read at any pace, leave and resume, and what they must see. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { TestApp } from "../support/http/http_app.ts";
import { type EventReader, open, type ServerSentMessage } from "../support/http/http_stream.ts";

export interface Followed {
  /** The job whose stream is read; without it, that of the journal. */
  readonly ofJob?: string | undefined;
  readonly jobId?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly stratum?: string | undefined;
  readonly onlyTransitions: boolean;
}

/** Resumes after the last position that it received, wherever it left. */
export class Follower {
  /** The position of each message with data, in order of arrival. */
  readonly seen: number[] = [];
  lastId: number;
  #reader: EventReader | undefined;
  #pending: Promise<readonly ServerSentMessage[]> | undefined;

  constructor(
    private readonly app: TestApp,
    readonly wanted: Followed,
    readonly start: number,
  ) {
    this.lastId = start;
  }

  /** Requests a chunk, unless one is pending, and takes what has arrived. */
  async read(): Promise<void> {
    this.#reader ??= await this.#open();
    this.#pending ??= this.#reader.messages();
    const messages = await Promise.race([this.#pending, this.app.clock.settle(3)]);
    if (messages === undefined) return;
    this.#pending = undefined;
    // The stream stalled for too long, and was closed.
    if (messages.length === 0) this.#reader = undefined;
    this.#take(messages);
  }

  /** Unread messages are lost, and come again. */
  async leave(): Promise<void> {
    await this.#reader?.leave();
    await this.#pending;
    this.#reader = undefined;
    this.#pending = undefined;
  }

  #open(): Promise<EventReader> {
    return open(this.app, pathOf(this.wanted), { "last-event-id": String(this.lastId) });
  }

  #take(messages: readonly ServerSentMessage[]): void {
    for (const { id, data } of messages) {
      this.lastId = id;
      if (data === undefined) continue;
      assert.equal(data.logId, id);
      this.seen.push(id);
    }
  }
}

function pathOf({ ofJob, jobId, types, stratum, onlyTransitions }: Followed): string {
  const query = new URLSearchParams();
  if (jobId !== undefined && ofJob === undefined) query.set("jobId", jobId);
  if (types !== undefined) query.set("types", types.join(","));
  if (stratum !== undefined) query.set("stratum", stratum);
  if (onlyTransitions) query.set("only", "transitions");
  return `${ofJob === undefined ? "" : `/jobs/${ofJob}`}/stream?${query}`;
}

/** Exactly the positions that a follower must see, from the journal alone. */
export async function expectedBy(
  { wanted, start }: Follower,
  { engine, journal }: TestApp,
): Promise<readonly number[]> {
  const entries = await journal.read(start, engine.headLogId);
  return entries.filter((entry) => isWanted(wanted, entry, engine)).map(({ logId }) => logId);
}

function isWanted(
  { ofJob, jobId, types, stratum, onlyTransitions }: Followed,
  entry: JobEventLogEntry,
  engine: TestApp["engine"],
): boolean {
  const job = ofJob ?? jobId;
  return (job === undefined || entry.jobId === job) &&
    (types === undefined || types.includes(entry.eventType)) &&
    (stratum === undefined || entry.stratum === stratum) &&
    (!onlyTransitions || engine.transitionAt(entry) !== undefined);
}
