/**
 * Elects the leader: the process that holds an advisory lock, which ends with its session. That
 * session also appends, so a leader's last append has ended once its lock is free. A session can be
 * lost although its leader is healthy: a leader that still answers gets time to take its lock
 * again. A leader that hangs or is cut off keeps its session. So leaders also send a heartbeat
 * every second, and one that has been silent for a while loses the lock. Safety does not depend on
 * any of this: the log refuses appends of an earlier leader.
 */

import type { DatabaseInForce, WhyLeading, Writer } from "../core/standing.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import type { LeadListener, Membership, Turn } from "../journal/write/shared_log.ts";
import { Assurance } from "./assurance.ts";
import {
  type Connect,
  endSession,
  lockOf,
  type Retrying,
  type RetryingOptions,
  type Sql,
  tryLock,
  unfitness,
} from "./connection.ts";
import { UnfitDatabaseError } from "./place.ts";

const BEAT_MS = 1_000;
/** A leader that has been silent for this long is presumed dead. */
const SILENT_MS = 6_000;

/** Longer than a database takes for an answer, and shorter than that silence. */
const STALL_MS = 3_000;

interface Look {
  /** `null` until a process has led. */
  readonly writer: string | null;
  readonly url: string;
  readonly seen: string | null;
  readonly silent_ms: string;
  readonly is_free: boolean;
}

interface Seen {
  readonly leader: Writer | undefined;
  /** The time since its last heartbeat. */
  readonly heardMs: number;
  /** How much of that says that it is dead. */
  readonly silentMs: number;
  /** Whether no session holds the lock. */
  readonly isFree: boolean;
}

export interface TurnOptions extends RetryingOptions {
  readonly membership: Membership;
  /** Whether a process answers and says that it leads. */
  readonly answers: (leader: Writer) => Promise<boolean>;
}

export class PostgresTurn implements Turn {
  readonly #membership: Membership;
  readonly assurance: Assurance;
  /** Appends, and holds the lock. */
  readonly #sql: Sql;
  /** Sends the heartbeat. Unlike an append, it never waits for a standby. */
  readonly #alive: Sql;
  readonly #clock: Clock;
  #isHeld = false;
  #isLeading = false;
  #isEnded = false;
  /** Whether the session was lost since the last check. */
  #wasLost = false;
  /** When this process began to look who leads. */
  #beganMs: number | undefined;
  #hasNamesake = false;
  #answeredMs: number | undefined;
  /**
   * When the database became reachable again, or continued after it had stood still. Before that, no
   * leader could send a heartbeat.
   */
  #reachedMs = -Infinity;
  /** The last heartbeat, by the clock of the database; `undefined` before the first look. */
  #seen: string | null | undefined;
  /** When it was sent, or first seen. */
  #heardAtMs = 0;
  /** Why this process got the lock. */
  #why: WhyLeading = "first";
  /** The leader whose session this process ended. */
  #deposed: string | undefined;
  #cancelBeat: (() => void) | undefined;

  constructor(
    connect: Connect,
    private readonly options: TurnOptions,
    private readonly retrying: Retrying,
  ) {
    this.#sql = connect({ onClose: () => this.#lost() });
    this.#alive = connect();
    this.#membership = options.membership;
    this.#clock = options.clock;
    retrying.uses(this.#sql, this.#alive);
    const inForce = (database: DatabaseInForce) => this.#membership.inForce(database);
    this.assurance = new Assurance({ ...options, inForce }, this.#alive, retrying);
  }

  /** The session that holds the lock; appends use it too. */
  get session(): Sql {
    return this.#sql;
  }

  async take(): Promise<WhyLeading | undefined> {
    this.#membership.asks();
    this.#beganMs ??= this.#clock.monotonic();
    this.#answeredMs ??= this.#beganMs;
    return await this.retrying.until(async () => {
      await this.assurance.look();
      if (this.#isHeld) {
        this.#membership.answered();
        return this.#why;
      }
      const { leader, heardMs, silentMs, isFree } = await this.#look();
      this.#membership.answered();
      this.#membership.ledBy(leader);
      if (leader !== undefined) this.#warnOfNamesake(leader, heardMs);
      this.#why = leader === undefined ? "first" : "ended";
      if (leader !== undefined) {
        const isSilent = leader.writer === this.#deposed || silentMs >= SILENT_MS;
        if (!isSilent && (!isFree || await this.#isHealthy(leader))) return undefined;
        // The holder of the lock may have got it just now, and not have replaced that row yet.
        if (!isFree && this.#lookedMs < STALL_MS) return undefined;
        if (!isFree) await this.#depose(leader, silentMs);
        // An ended session may release its lock a moment later.
        if (leader.writer === this.#deposed) this.#why = "silent";
      }
      return await this.#lock() ? this.#why : undefined;
    });
  }

  async pass(): Promise<void> {
    this.#deposed = undefined;
    this.#isHeld = false;
    // If this fails, the lock still ends with its session.
    await this.#sql`select pg_advisory_unlock_all()`.catch(() => {});
  }

  async lead(listener: LeadListener): Promise<void> {
    await this.retrying.until(() => this.#announce());
    this.#isLeading = true;
    this.#beatLater(listener);
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    this.#cancelBeat?.();
    this.retrying.end();
    await Promise.all([endSession(this.#sql), endSession(this.#alive)]);
  }

  async #look(): Promise<Seen> {
    const { journal } = this.options.place;
    const [row] = await this.#sql<Look[]>`
      select writer, url, seen::text, extract(epoch from clock_timestamp() - seen) * 1000 as silent_ms,
        not exists (select from pg_locks where ${lockOf(this.#sql, journal)}) as is_free
      from (select) as always left join daybook_leader on journal = ${journal}`;
    const nowMs = this.#clock.monotonic();
    const wasStill = nowMs - (this.#answeredMs ?? nowMs) > STALL_MS;
    this.#answeredMs = nowMs;
    if (this.#wasLost || wasStill) [this.#wasLost, this.#reachedMs] = [false, nowMs];
    const heardMs = nowMs - this.#heardAt(nowMs, row);
    // It has sent a heartbeat since its session was ended, so it is not dead.
    if (heardMs < SILENT_MS) this.#deposed = undefined;
    return {
      leader: row === undefined || row.writer === null
        ? undefined
        : { writer: row.writer, url: row.url },
      heardMs,
      silentMs: Math.min(heardMs, nowMs - this.#reachedMs),
      isFree: row?.is_free === true,
    };
  }

  /** For how long this process has been looking who leads. */
  get #lookedMs(): number {
    return this.#clock.monotonic() - (this.#beganMs ?? Infinity);
  }

  /** The clock of the database counts only for the first look, since it may be set. */
  #heardAt(nowMs: number, row: Look | undefined): number {
    const seen = row?.seen ?? null;
    const isFirst = this.#seen === undefined;
    if (seen !== this.#seen) {
      this.#heardAtMs = isFirst ? nowMs - Math.max(0, Number(row?.silent_ms)) : nowMs;
    }
    this.#seen = seen;
    return this.#heardAtMs;
  }

  /**
   * A row with the address of this process may be from an earlier run of it, which sends no
   * heartbeats.
   */
  #warnOfNamesake({ writer, url }: Writer, heardMs: number): void {
    if (url !== this.#membership.self.url || heardMs > this.#lookedMs - BEAT_MS) return;
    if (this.#hasNamesake) return;
    this.#hasNamesake = true;
    this.options.warn(
      `another process, ${writer}, leads the journal under the address of this one, ${url}: give ` +
        "each process an --advertise of its own; until then this one answers only reads",
    );
  }

  /**
   * A healthy leader that lost its session takes its lock again. An earlier run of this process,
   * which had the same URL, does not.
   */
  async #isHealthy(leader: Writer): Promise<boolean> {
    return this.#membership.otherUrl !== undefined && await this.options.answers(leader);
  }

  async #lock(): Promise<boolean> {
    return this.#isHeld ||= await tryLock(this.#sql, this.options.place.journal);
  }

  #lost(): void {
    this.#wasLost = true;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    // Deferred, since the driver has not discarded the connection yet. If it fails, the next beat
    // retries.
    if (this.#isLeading) queueMicrotask(() => void this.#lock().catch(() => {}));
  }

  /** Ends the session of a leader that is presumed dead. */
  async #depose({ writer, url }: Writer, silentMs: number): Promise<void> {
    const { place: { journal }, warn } = this.options;
    const isFirst = this.#deposed !== writer;
    if (isFirst) {
      const seconds = Math.round(silentMs / 1_000);
      warn(`the leader at ${url} has been silent for ${seconds} s: taking over`);
    }
    this.#deposed = writer;
    try {
      await this.#sql`
        select pg_terminate_backend(pid) from pg_locks where ${lockOf(this.#sql, journal)}`;
    } catch (error) {
      if (!isFirst) return;
      warn(
        `cannot end the session of the silent leader: ${errorMessage(error)}; it leads until its ` +
          "session ends. Use the same database user on all machines, or grant this one " +
          "pg_signal_backend",
      );
    }
  }

  #beatLater(listener: LeadListener): void {
    if (this.#isEnded) return;
    this.#cancelBeat = this.#clock.setTimer(BEAT_MS, () => void this.#beat(listener));
  }

  async #beat(listener: LeadListener): Promise<void> {
    this.#membership.asks();
    try {
      const isStillLeader = await this.#isStillLeader();
      this.#membership.answered();
      if (!isStillLeader) {
        // A leader that this one replaced may have written its row late, and a fail-over may undo
        // rows.
        await listener.doubted();
        await this.#announce();
      }
      if (this.#wasLost) {
        this.#wasLost = false;
        // A fail-over may have removed entries that this process has. The check is not awaited,
        // since it may wait for a standby.
        void listener.doubted().catch(() => {});
      }
      // The lock was lost with the session.
      if (!this.#isHeld) await this.#lock();
      await this.assurance.look();
    } catch (error) {
      const reason = unfitness(this.options.place, error);
      if (reason instanceof UnfitDatabaseError) return listener.lost(reason);
      this.retrying.leaveStandby(error);
      // Appends find out when the database is back, and who leads then.
    }
    this.#beatLater(listener);
  }

  async #announce(): Promise<void> {
    const { writer, url } = this.#membership.self;
    const { journal } = this.options.place;
    await this.#alive`
      insert into daybook_leader (journal, writer, url, seen)
      values (${journal}, ${writer}, ${url}, clock_timestamp())
      on conflict (journal) do update
      set writer = excluded.writer, url = excluded.url, seen = excluded.seen`;
  }

  async #isStillLeader(): Promise<boolean> {
    const rows = await this.#alive`
      update daybook_leader set seen = clock_timestamp()
      where journal = ${this.options.place.journal} and writer = ${this.#membership.self.writer}
        and set_config('synchronous_commit', 'local', true) = 'local'
      returning 1`;
    return rows.length === 1;
  }
}
