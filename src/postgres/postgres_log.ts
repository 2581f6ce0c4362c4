/**
 * The batches of a journal as rows of a table. Appending is one conditional insert: it adds a batch
 * at a position, after a given chain, if nothing is there yet. So the database itself refuses the
 * loser of a race.
 */

import { Buffer } from "node:buffer";
import type { LogId } from "../core/ids.ts";
import type { Clock } from "../engine/ports.ts";
import {
  LostHistoryError,
  missingEntries,
  OvertakenError,
  type SharedBatch,
  type SharedLog,
} from "../journal/write/shared_log.ts";
import { type Assurance, isSafe, standbyCount } from "./assurance.ts";
import {
  CancelledError,
  type Connect,
  endSession,
  type Retrying,
  type RetryingOptions,
  type Sql,
  warningsIn,
} from "./connection.ts";
import type { Place } from "./place.ts";

/** The most bytes that one read returns. */
const READ_BYTES_MAX = 8 * 1024 * 1024;

/** Throws on bytes that are not UTF-8, which would come back as others. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Row {
  readonly first: string;
  readonly last: string;
  readonly prev: string;
  readonly chain: string;
  /** As hexadecimal digits. */
  readonly lines: string;
}

export class PostgresLog implements SharedLog {
  readonly #journal: string;
  readonly #needsStandby: boolean;
  readonly #news: PostgresNews;

  constructor(
    connect: Connect,
    private readonly sql: Sql,
    { place, clock }: Pick<RetryingOptions, "place" | "clock">,
    private readonly retrying: Retrying,
    private readonly assurance: Assurance,
  ) {
    this.#news = new PostgresNews(connect, place, clock);
    this.#journal = place.journal;
    this.#needsStandby = place.needsStandby;
  }

  async append(batch: SharedBatch): Promise<void> {
    for (let isDurable = false, isAgain = false; !isDurable; isAgain = true) {
      await this.assurance.standbyConnected();
      isDurable = await this.retrying.until((again) => this.#put(batch, isAgain || again));
    }
    this.#news.notify(batch.lastLogId);
  }

  /** @returns Whether the batch is durable, on a standby too where one is required. */
  async #put(batch: SharedBatch, isAgain: boolean): Promise<boolean> {
    const { count } = warningsIn(this.sql);
    if (!await this.#insert(batch)) {
      await this.assurance.requireSafe(this.sql);
      // If the answer to an earlier insert was lost, the row may be there already.
      if (!isAgain || await this.chainAt(batch.lastLogId) !== batch.chain) {
        throw await this.#refusal(batch);
      }
      if (!await this.#barrier()) return false;
    }
    // Cancelling the wait for a standby only causes a warning: the commit is local, and no standby
    // has it.
    const warned = warningsIn(this.sql);
    if (warned.count > count) throw new CancelledError(warned.last);
    // PostgreSQL may have been reconfigured meanwhile not to wait for a standby.
    if (!this.#needsStandby || await this.#hasStandby()) return true;
    this.assurance.standbyMissing();
    return false;
  }

  async #hasStandby(): Promise<boolean> {
    const [row] = await this.sql<{ standbys: string }[]>`
      select ${standbyCount(this.sql)} as standbys`;
    return Number(row?.standbys) > 0;
  }

  async end(): Promise<void> {
    await this.#news.end();
  }

  news(after: LogId, withinMs: number): Promise<boolean> {
    return this.#news.next(after, withinMs);
  }

  /**
   * Inserts the batch only behind the last one that this process knows: a fail-over may have removed
   * batches. And only in a session whose commits are durable.
   *
   * @returns Whether the row was inserted.
   */
  async #insert(batch: SharedBatch): Promise<boolean> {
    const { firstLogId, lastLogId, previousChain, chain, bytes } = batch;
    const rows = await this.sql`
      insert into daybook_batch (journal, first, last, prev, chain, lines)
      select ${this.#journal}, ${firstLogId}::bigint, ${lastLogId}::bigint, ${previousChain},
        ${chain}, convert_to(${decoder.decode(bytes)}, 'UTF8')
      where coalesce(
        (select last = ${firstLogId}::bigint - 1 and chain = ${previousChain} from daybook_batch
          where journal = ${this.#journal} order by first desc limit 1),
        ${firstLogId}::bigint = 1) and ${isSafe(this.sql)}
      on conflict do nothing
      returning first`;
    return rows.length === 1;
  }

  async #refusal({ firstLogId }: SharedBatch): Promise<Error> {
    const lastLogId = await this.lastLogId();
    if (lastLogId >= firstLogId) return new OvertakenError();
    const seenLogId = firstLogId - 1;
    return seenLogId === lastLogId
      ? new OvertakenError()
      : new LostHistoryError(missingEntries(lastLogId, seenLogId));
  }

  /**
   * A batch that is in the table may not have reached the synchronous standby yet. A later commit
   * returns only once it has.
   *
   * @returns Whether there was one.
   */
  async #barrier(): Promise<boolean> {
    const rows = await this.sql`
      update daybook_batch set last = last
      where journal = ${this.#journal} and first = (
        select max(first) from daybook_batch where journal = ${this.#journal})
        and ${isSafe(this.sql)}
      returning first`;
    return rows.length === 1;
  }

  async read(after: LogId): Promise<readonly SharedBatch[]> {
    const rows = await this.retrying.until(() =>
      this.sql<Row[]>`
        select first, last, prev, chain, encode(lines, 'hex') as lines from (
          select *, sum(length(lines)) over (order by first) - length(lines) as before
          from (select * from daybook_batch where journal = ${this.#journal} and first > ${after}
            order by first limit 512) as following
        ) as next where before < ${READ_BYTES_MAX} order by first`
    );
    return rows.map(({ first, last, prev, chain, lines }) => ({
      firstLogId: Number(first),
      lastLogId: Number(last),
      previousChain: prev,
      chain,
      // Copied, since a small buffer is a view of a larger one that would stay in memory.
      bytes: Uint8Array.from(Buffer.from(lines, "hex")),
    }));
  }

  async chainAt(logId: LogId): Promise<string | undefined> {
    const [row] = await this.retrying.until(() =>
      this.sql<{ chain: string; last: string }[]>`
        select chain, last from daybook_batch where journal = ${this.#journal} and first <= ${logId}
        order by first desc limit 1`
    );
    return row !== undefined && Number(row.last) === logId ? row.chain : undefined;
  }

  async lastLogId(): Promise<LogId> {
    const [row] = await this.retrying.until(() =>
      this.sql<{ last: string }[]>`
        select last from daybook_batch where journal = ${this.#journal}
        order by first desc limit 1`
    );
    return Number(row?.last ?? 0);
  }
}

/**
 * One channel for all journals of a database: a channel name may not be longer than a journal's
 * name.
 */
const CHANNEL = "daybook";
/** Under load, a notification stands for the appends of this time. */
const NOTIFY_EVERY_MS = 5;

/**
 * Notifies other processes of appends, and receives their notifications. Nothing depends on them: a
 * notification may be lost, so every wait for one has a time limit.
 */
class PostgresNews {
  readonly #sql: Sql;
  readonly #journal: string;
  #isListening = false;
  /** Settles when the others know of all appends. */
  #sending: Promise<void> | undefined;
  /** The last position to notify the others of. */
  #appended: LogId = 0;
  #heard: LogId = 0;
  /** Ends the wait for a notification. */
  #over: (isNews: boolean) => void = () => {};

  constructor(
    connect: Connect,
    { journal }: Place,
    private readonly clock: Pick<Clock, "setTimer">,
  ) {
    this.#journal = journal;
    this.#sql = connect({
      onClose: () => this.#isListening = false,
      onNotify: (_, message) => this.#hear(message),
    });
  }

  /** Notifies the others without waiting for it. One notification may stand for many appends. */
  notify(lastLogId: LogId): void {
    this.#appended = lastLogId;
    this.#sending ??= this.#send();
  }

  async #send(): Promise<void> {
    for (let sent = 0; sent < this.#appended;) {
      sent = this.#appended;
      const message = `${this.#journal} ${sent}`;
      // Nothing depends on it, so the database need not sync it.
      await this.#sql`
        select set_config('synchronous_commit', 'off', true), pg_notify(${CHANNEL}, ${message})`
        .catch(() => {});
      await new Promise<void>((resolve) => void this.clock.setTimer(NOTIFY_EVERY_MS, resolve));
    }
    this.#sending = undefined;
  }

  /** See `SharedLog.news`. */
  async next(after: LogId, withinMs: number): Promise<boolean> {
    if (!this.#isListening) void this.#listen();
    if (this.#heard > after) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#over = resolve;
    const cancel = this.clock.setTimer(withinMs, () => resolve(false));
    const isNews = await promise;
    cancel();
    return isNews;
  }

  async end(): Promise<void> {
    this.#appended = 0;
    await endSession(this.#sql);
    await this.#sending;
  }

  async #listen(): Promise<void> {
    this.#isListening = true;
    try {
      await this.#sql.unsafe(`listen ${CHANNEL}`);
      // Notifications of earlier appends were missed, so the waiting reader reads now.
      this.#over(true);
    } catch {
      this.#isListening = false;
    }
  }

  #hear(message: string): void {
    const [journal, logId] = message.split(" ");
    if (journal !== this.#journal) return;
    this.#heard = Number(logId);
    this.#over(true);
  }
}
