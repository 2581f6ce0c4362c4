/**
 * Checks that the database's settings keep acknowledged entries safe: before anything is written,
 * and every second from then on. A fail-over or an operator may change them while a process runs.
 */

import { EXIT } from "../core/exit_codes.ts";
import type { DatabaseInForce } from "../core/standing.ts";
import type { Clock } from "../engine/ports.ts";
import type { Retrying, RetryingOptions, Sql } from "./connection.ts";
import { UnfitDatabaseError } from "./place.ts";

const LOOK_MS = 1_000;
const STANDBY_NAMES = "synchronous_standby_names";

/** The safe values of each setting. */
const SAFE: Readonly<Record<string, readonly string[]>> = {
  fsync: ["on"],
  full_page_writes: ["on"],
  synchronous_commit: ["on", "remote_apply"],
  // Every session asks for these, but a pooler may not pass the request on.
  statement_timeout: ["0"],
  idle_session_timeout: ["0"],
  // Only a warning says that the wait for a standby was cancelled.
  client_min_messages: ["notice", "warning", "log"],
  // Lines are sent as text. A database of `SQL_ASCII` stores the bytes that it gets.
  client_encoding: ["UTF8"],
  server_encoding: ["UTF8", "SQL_ASCII"],
};

/** The effects of unsafe settings that lose nothing. */
const EFFECT: Readonly<Record<string, string>> = {
  idle_session_timeout: "so it ends the session of a leader that has nothing to record",
};

/** The encoding of a database cannot be changed. */
const ADVICE: Readonly<Record<string, string>> = {
  server_encoding: "create it with encoding 'UTF8' template template0",
};

/**
 * The condition of a statement that must not run in a session with unsafe settings. The session of
 * the checks may have others: a session takes the settings of its role when it begins.
 */
const IS_SAFE = Object.entries(SAFE).map(([name, values]) =>
  `current_setting('${name}') in (${values.map((value) => `'${value}'`).join()})`
).join(" and ");

export function isSafe(sql: Sql) {
  return sql.unsafe(IS_SAFE);
}

/** How many synchronous standbys are connected. */
export function standbyCount(sql: Sql) {
  return sql`(select count(*) from pg_stat_get_wal_senders()
    where sync_state in ('sync', 'quorum'))`;
}

interface AssuranceOptions extends RetryingOptions {
  /** Receives the settings that were found. */
  readonly inForce: (database: DatabaseInForce) => void;
}

export class Assurance {
  readonly #clock: Clock;
  #lookedMs = -Infinity;
  #isLacking = false;
  #isReported = false;

  /** @param sql A session that does not wait for a standby. */
  constructor(
    private readonly options: AssuranceOptions,
    private readonly sql: Sql,
    private readonly retrying: Retrying,
  ) {
    this.#clock = options.clock;
  }

  /** @throws {UnfitDatabaseError} if the database may lose acknowledged entries. */
  async require(): Promise<void> {
    const { place } = this.options;
    const standbys = await this.#find();
    if (!place.needsStandby || standbys > 0) return;
    const reason = "sync=1 requires a synchronous standby, and none is connected: set " +
      "synchronous_standby_names, or check that one is connected (and that this user may read " +
      "pg_stat_replication)";
    throw new UnfitDatabaseError(place, reason, EXIT.unsafe);
  }

  /**
   * Checks again, at most once a second.
   *
   * @throws {UnfitDatabaseError} if the database may lose acknowledged entries.
   */
  async look(): Promise<void> {
    if (this.#clock.monotonic() - this.#lookedMs < LOOK_MS) return;
    const standbys = await this.#find();
    const { place, warn } = this.options;
    this.#isLacking = place.needsStandby && standbys === 0;
    if (this.#isLacking === this.#isReported) return;
    this.#isReported = this.#isLacking;
    warn(
      this.#isLacking
        ? `${place.shown} has no synchronous standby now, which sync=1 requires: nothing is ` +
          "recorded until there is one"
        : `${place.shown} has a synchronous standby again; waiting writes continue`,
    );
  }

  /** A commit found no standby to wait for. The next check reports it. */
  standbyMissing(): void {
    this.#isLacking = true;
  }

  /** Resolves once the required standby is connected. Throws as `look` does. */
  async standbyConnected(): Promise<void> {
    while (this.#isLacking) {
      await new Promise<void>((resolve) => void this.#clock.setTimer(LOOK_MS, resolve));
      await this.retrying.until(() => this.look());
    }
  }

  async #find(): Promise<number> {
    const { place, inForce } = this.options;
    this.#lookedMs = this.#clock.monotonic();
    const settings = await this.requireSafe(this.sql);
    const [row] = await this.sql<{ may: boolean; standbys: string }[]>`
      select pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may,
        ${standbyCount(this.sql)} as standbys`;
    const standbys = Number(row?.standbys);
    inForce({
      address: place.shown,
      standbyDemanded: place.needsStandby,
      // Users without that role see no standbys, whether or not there are any.
      standbys: row?.may === true || place.needsStandby || standbys > 0 ? standbys : null,
      settings,
    });
    return standbys;
  }

  /**
   * @returns The settings of a session.
   * @throws {UnfitDatabaseError} if one is not safe.
   */
  async requireSafe(sql: Sql): Promise<Readonly<Record<string, string>>> {
    const names = [...Object.keys(SAFE), STANDBY_NAMES];
    const rows = await sql<{ name: string; setting: string }[]>`
      select name, setting from pg_settings where name = any(${names}::text[])`;
    for (const { name, setting } of rows) {
      if (SAFE[name]?.includes(setting) !== false) continue;
      const effect = EFFECT[name] ?? "so it may lose acknowledged entries";
      const reason = `its setting ${name} is ${setting}, ${effect}: ` +
        (ADVICE[name] ?? `set it to ${SAFE[name].join(" or ")}`);
      throw new UnfitDatabaseError(this.options.place, reason, EXIT.unsafe);
    }
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  }
}
