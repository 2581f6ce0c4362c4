/** Connections to PostgreSQL, retries while it does not answer, and the lock of a leader. */

import postgres from "postgres";
import { EXIT } from "../core/exit_codes.ts";
import { durationText } from "../core/duration.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import { dialler } from "./dialler.ts";
import { type Place, UnfitDatabaseError } from "./place.ts";

export type Sql = postgres.Sql;

export interface SessionListener {
  /** The session is lost. */
  readonly onClose?: () => void;
  /** A message arrived on a channel that the session listens on. */
  readonly onNotify?: (channel: string, payload: string) => void;
}

/** Opens a session. */
export type Connect = (listener?: SessionListener) => Sql;

/**
 * A timeout would cancel the wait for a synchronous standby, and leave a commit that no standby has;
 * or it would end an idle session, and with it the lock of a leader. The driver does not send
 * numbers that are 0.
 */
export const WITHOUT_TIME_LIMITS: Readonly<Record<string, string>> = {
  statement_timeout: "0",
  lock_timeout: "0",
  idle_session_timeout: "0",
};

/** A single session. It is never replaced when it is lost, since its lock is lost with it. */
export function session(place: Place, listener: SessionListener = {}): Sql {
  const { onClose = () => {}, onNotify = () => {} } = listener;
  const url = new URL(place.url);
  // Without a host, the driver takes it from the environment.
  const hosts = url.hostname.split(",").filter((host) => host !== "");
  // Given several hosts, the driver would try them without a delay or a warning.
  url.hostname = hosts[0] ?? "";
  // The driver's own `listen` would reconnect without a delay. Its types lack these options.
  const { dial, hangUp } = dialler(hosts, Number(url.port));
  const untyped = { onnotify: onNotify, socket: dial };
  const sql = postgres(url.href, {
    ...untyped,
    // A primary becomes a standby only by a restart, which ends its sessions.
    target_session_attrs: "primary",
    max: 1,
    max_lifetime: null,
    idle_timeout: 0,
    connect_timeout: 5,
    backoff: false,
    onnotice: ({ severity, message = "" }) => {
      if (severity !== "WARNING") return;
      warnings.set(sql, { count: warningsIn(sql).count + 1, last: message });
    },
    onclose: onClose,
    connection: { application_name: "daybook", ...WITHOUT_TIME_LIMITS },
  });
  hangUps.set(sql, hangUp);
  return sql;
}

/** The longest wait for an answer to a statement under way, in seconds. */
const END_SECONDS = 1;

/** Ends a session. The driver alone leaves a socket open whose host does not answer. */
export async function endSession(sql: Sql): Promise<void> {
  await sql.end({ timeout: END_SECONDS });
  hangUps.get(sql)?.();
}

const hangUps = new WeakMap<Sql, () => void>();
const warnings = new WeakMap<Sql, Warnings>();

interface Warnings {
  readonly count: number;
  readonly last: string;
}

/** The warnings that a session has received. Each arrives before the answer it belongs to. */
export function warningsIn(sql: Sql): Warnings {
  return warnings.get(sql) ?? { count: 0, last: "" };
}

/** A statement was cancelled (SQLSTATE 57014). */
export class CancelledError extends Error {
  readonly code = "57014";
}

/**
 * Errors that may go away: failures to connect, as the driver or the system reports them, and
 * PostgreSQL's classes for lack of resources, shutdown and demotion; also a lock that was not free in
 * time (55P03), since a pooler may not pass on that there is no time limit. A pooler that refuses a
 * startup parameter (08P01) will refuse it again.
 */
const TRANSIENT = /^CONNECT|^E[A-Z]+$|^(?!08P01)(?:08|53|57|58|40)...$|^25006$|^55P03$/;
/** The code of a server that takes no writes. */
const READ_ONLY = "25006";

/** SQLSTATEs for users, privileges, databases and schemas. */
export const ACCESS_DENIED = /^(?:28...|3D000|3F000|42501)$/;
const TABLE_MISSING = "42P01";

/** What an error says about the database itself; any other error as it is. */
export function unfitness(place: Place, error: unknown): unknown {
  const [code, reason] = [codeOf(error), errorMessage(error)];
  if (ACCESS_DENIED.test(code)) return new UnfitDatabaseError(place, reason, EXIT.denied, error);
  if (code !== TABLE_MISSING) return error;
  const advice =
    "a table of the journal was dropped or renamed. Put it back, from a backup of the " +
    "database if need be. If there is none, start again: a start creates the table again, empty, and " +
    "says what to do about entries that are gone";
  return new UnfitDatabaseError(place, `${reason}: ${advice}`, EXIT.unsafe, error);
}

/** Whether a retry may succeed. */
function isTransient(error: unknown): boolean {
  return TRANSIENT.test(codeOf(error));
}

const DELAY_MIN_MS = 50;
const DELAY_MAX_MS = 1_000;
/** Time between two warnings. */
const WARNING_INTERVAL_MS = 10_000;

export interface RetryingOptions {
  readonly place: Place;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** How long PostgreSQL may stay silent; unlimited if absent. */
  readonly answerMsMax?: number;
}

/** Retries an operation until PostgreSQL answers. */
export class Retrying {
  #warnedMs = -Infinity;
  /** Whether PostgreSQL was silent for too long. No further attempts are made. */
  #isOver = false;
  #sessions: readonly Sql[] = [];

  constructor(private readonly options: RetryingOptions) {}

  /** These sessions write. */
  uses(...sessions: readonly Sql[]): void {
    this.#sessions = sessions;
  }

  /** Reports nothing more: the sessions are ended on purpose. */
  end(): void {
    this.#warnedMs = Infinity;
  }

  /**
   * Leaves a server that takes no writes; the sessions continue on the next one. The driver keeps
   * such a session forever if it does not notice, when it connects, that the server is a standby.
   */
  leaveStandby(error: unknown): void {
    if (codeOf(error) !== READ_ONLY) return;
    for (const sql of this.#sessions) hangUps.get(sql)?.();
  }

  /**
   * Rejects only with errors that a retry would not change, or when PostgreSQL is silent for too
   * long.
   */
  async until<Result>(run: (isAgain: boolean) => Promise<Result>): Promise<Result> {
    const { place, clock, answerMsMax } = this.options;
    if (answerMsMax === undefined) return await this.#repeat(run);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const reason = `it has not answered for ${durationText(answerMsMax)}`;
    const error = new JournalUnusableError("use", place.shown, reason);
    const cancel = clock.setTimer(answerMsMax, () => {
      this.#isOver = true;
      reject(error);
    });
    return await Promise.race([this.#repeat(run), late]).finally(cancel);
  }

  async #repeat<Result>(run: (isAgain: boolean) => Promise<Result>): Promise<Result> {
    for (let delayMs = DELAY_MIN_MS, isAgain = false;; isAgain = true) {
      try {
        return await run(isAgain);
      } catch (error) {
        if (!isTransient(error) || this.#isOver) throw unfitness(this.options.place, error);
        this.leaveStandby(error);
        this.#warn(error);
        await this.#pause(delayMs);
        delayMs = Math.min(2 * delayMs, DELAY_MAX_MS);
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.options.clock.setTimer(delayMs, resolve));
  }

  #warn(error: unknown): void {
    const { place, clock, warn } = this.options;
    if (clock.monotonic() - this.#warnedMs < WARNING_INTERVAL_MS) return;
    this.#warnedMs = clock.monotonic();
    const reason = codeOf(error) === LEFT_BY_DRIVER ? "it is a standby" : errorMessage(error);
    warn(`${place.shown} does not answer; retrying: ${reason}`);
  }
}

/** The driver's code for a server that is not what `target_session_attrs` asks for. */
const LEFT_BY_DRIVER = "CONNECTION_DESTROYED";

/** The code that the driver, the system or PostgreSQL gave an error; empty if there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

// The advisory lock of a journal's leader. It belongs to a session and ends with it.

/** The same key for all processes that share a journal. */
function lockKey(sql: Sql, journal: string) {
  return sql`hashtextextended(${`daybook ${journal}`}, 0)`;
}

/** Matches the row of `pg_locks` while a session holds the lock. */
export function lockOf(sql: Sql, journal: string) {
  return sql`locktype = 'advisory' and objsubid = 1 and granted
    and database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32) | objid::bigint = ${lockKey(sql, journal)}::bigint`;
}

/** Tries to take the lock; whether the session now holds it. */
export async function tryLock(sql: Sql, journal: string): Promise<boolean> {
  const [row] = await sql<{ locked: boolean }[]>`
    select pg_try_advisory_lock(${lockKey(sql, journal)}::bigint) as locked`;
  return row?.locked === true;
}
