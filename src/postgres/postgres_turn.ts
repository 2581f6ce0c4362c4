/**
 * Whose turn it is to lead: who holds an advisory lock, which ends with its session. That is the
 * session that appends, so the last append of a leader is over when its lock is free. A leader that
 * stands still or is cut off keeps its session; so it also says each second that it is alive, and
 * one that has said nothing for a while loses the lock. Safety needs none of this: the log refuses
 * whoever is too late.
 */

import type { WhyLeading, Writer } from "../core/standing.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import type { Membership } from "../journal/membership.ts";
import type { Turn } from "../journal/shared_log.ts";
import { type Retrying, type RetryingOptions, session, type Sql } from "./connection.ts";
import { lockKey, tryLock } from "./lock.ts";

const BEAT_MS = 1_000;
/** A leader that has said nothing for as long is taken to be gone. */
const SILENT_MS = 6_000;

interface LeaderRow extends Writer {
  readonly silent_ms: string;
}

export class PostgresTurn implements Turn {
  readonly #options: RetryingOptions;
  readonly #membership: Membership;
  readonly #retrying: Retrying;
  /** Appends, and holds the lock. */
  readonly #sql: Sql;
  /** An append may wait for a standby; the beat that says that the leader is alive does not. */
  readonly #alive: Sql;
  readonly #clock: Clock;
  #isHeld = false;
  #isEnded = false;
  /** Why the lock was got. */
  #why: WhyLeading = "first";
  /** The leader whose session was ended here. */
  #deposed: string | undefined;
  #cancelBeat: (() => void) | undefined;

  constructor(options: RetryingOptions, retrying: Retrying, membership: Membership) {
    this.#sql = session(options.place, { onClose: () => this.#isHeld = false });
    this.#alive = session(options.place);
    this.#options = options;
    this.#membership = membership;
    this.#clock = options.clock;
    this.#retrying = retrying;
  }

  /** The session that holds the lock, for appending. */
  get session(): Sql {
    return this.#sql;
  }

  async take(): Promise<WhyLeading | undefined> {
    return await this.#retrying.until(async () => {
      if (this.#isHeld) return this.#why;
      const { journal } = this.#options.place;
      const [row] = await this.#sql<LeaderRow[]>`
        select writer, url, extract(epoch from clock_timestamp() - seen) * 1000 as silent_ms
        from daybook_leader where journal = ${journal}`;
      this.#membership.ledBy(row && { writer: row.writer, url: row.url });
      this.#why = row === undefined ? "first" : row.writer === this.#deposed ? "silent" : "ended";
      if (await this.#lock()) return this.#why;
      if (row === undefined || Number(row.silent_ms) < SILENT_MS) return undefined;
      // A session that was ended may give its lock back a moment later.
      [this.#why, this.#deposed] = ["silent", row.writer];
      return await this.#depose(row) ? this.#why : undefined;
    });
  }

  async lead(overtaken: () => void): Promise<void> {
    await this.#retrying.until(() => this.#say());
    this.#beatLater(overtaken);
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    this.#cancelBeat?.();
    await Promise.all([this.#sql.end({ timeout: 1 }), this.#alive.end({ timeout: 1 })]);
  }

  async #lock(): Promise<boolean> {
    return this.#isHeld ||= await tryLock(this.#sql, this.#options.place.journal);
  }

  /** Ends the session of a leader that is taken to be gone. */
  async #depose({ url, silent_ms }: LeaderRow): Promise<boolean> {
    const seconds = Math.round(Number(silent_ms) / 1_000);
    const key = lockKey(this.#sql, this.#options.place.journal);
    this.#options.warn(`the leader at ${url} has been silent for ${seconds} s: taking over`);
    try {
      await this.#sql`
        select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and objsubid = 1 and granted
          and database = (select oid from pg_database where datname = current_database())
          and (classid::bigint << 32) | objid::bigint = ${key}::bigint`;
    } catch (error) {
      this.#options.warn(`cannot end the session of the silent leader: ${errorMessage(error)}`);
    }
    return await this.#lock();
  }

  #beatLater(overtaken: () => void): void {
    if (this.#isEnded) return;
    this.#cancelBeat = this.#clock.setTimer(BEAT_MS, () => void this.#beat(overtaken));
  }

  async #beat(overtaken: () => void): Promise<void> {
    try {
      if (!await this.#isStillLeader()) return overtaken();
      // A session that was lost has lost the lock.
      if (!this.#isHeld) await this.#lock();
    } catch {
      // Appends tell when the database is back, and who leads then.
    }
    this.#beatLater(overtaken);
  }

  async #say(): Promise<void> {
    const { writer, url } = this.#membership.self;
    const { journal } = this.#options.place;
    await this.#alive`
      insert into daybook_leader (journal, writer, url, seen)
      values (${journal}, ${writer}, ${url}, clock_timestamp())
      on conflict (journal) do update
      set writer = excluded.writer, url = excluded.url, seen = excluded.seen`;
  }

  async #isStillLeader(): Promise<boolean> {
    const rows = await this.#alive`
      update daybook_leader set seen = clock_timestamp()
      where journal = ${this.#options.place.journal} and writer = ${this.#membership.self.writer}
        and set_config('synchronous_commit', 'local', true) = 'local'
      returning 1`;
    return rows.length === 1;
  }
}
