/**
 * What the database promises: looked at before anything is written, and each second from then on. A
 * fail-over or an operator may change it while a process runs.
 */

import type { DatabaseInForce } from "../core/standing.ts";
import type { Clock } from "../engine/ports.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import type { Retrying, RetryingOptions, Sql } from "./connection.ts";
import type { Place } from "./place.ts";

/** The database cannot be used as it is; each reason has its exit code. */
export class UnfitDatabaseError extends JournalUnusableError {
  override readonly name = "UnfitDatabaseError";

  constructor(place: Place, reason: string, override readonly exitCode: number, cause?: unknown) {
    super("use", place.shown, reason, cause);
  }
}

const EXIT_UNSAFE = 76;
const LOOK_MS = 1_000;
const STANDBY_NAMES = "synchronous_standby_names";

/** Values that each setting may have. */
const SAFE: Readonly<Record<string, readonly string[]>> = {
  fsync: ["on"],
  full_page_writes: ["on"],
  synchronous_commit: ["on", "remote_apply"],
  // Every session asks for it, but a pooler may not pass that on.
  statement_timeout: ["0"],
};

/** How many synchronous standbys are connected. */
export function standbyCount(sql: Sql) {
  return sql`(select count(*) from pg_stat_get_wal_senders()
    where sync_state in ('sync', 'quorum'))`;
}

export interface AssuranceOptions extends RetryingOptions {
  /** Takes what was found. */
  readonly inForce: (database: DatabaseInForce) => void;
}

export class Assurance {
  readonly #options: AssuranceOptions;
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #retrying: Retrying;
  #lookedMs = -Infinity;
  #isLacking = false;
  #isToldOf = false;

  /** @param sql A session that does not wait for a standby. */
  constructor(options: AssuranceOptions, sql: Sql, retrying: Retrying) {
    this.#options = options;
    this.#sql = sql;
    this.#clock = options.clock;
    this.#retrying = retrying;
  }

  /** @throws {UnfitDatabaseError} if it does not promise what it has to. */
  async require(): Promise<void> {
    const { place } = this.#options;
    const standbys = await this.#find();
    if (!place.needsStandby || standbys > 0) return;
    const reason = "sync=1 asks for a synchronous standby, and there is none: set " +
      "synchronous_standby_names, or see that one is connected (and that this user may read " +
      "pg_stat_replication)";
    throw new UnfitDatabaseError(place, reason, EXIT_UNSAFE);
  }

  /**
   * Looks again, if the last time was a second ago.
   *
   * @throws {UnfitDatabaseError} if it may lose what was acknowledged.
   */
  async look(): Promise<void> {
    if (this.#clock.monotonic() - this.#lookedMs < LOOK_MS) return;
    const standbys = await this.#find();
    const { place, warn } = this.#options;
    this.#isLacking = place.needsStandby && standbys === 0;
    if (this.#isLacking === this.#isToldOf) return;
    this.#isToldOf = this.#isLacking;
    warn(
      this.#isLacking
        ? `${place.shown} has no synchronous standby now, which sync=1 asks for: nothing is ` +
          "recorded until there is one"
        : `${place.shown} has a synchronous standby again, and takes what waited for that`,
    );
  }

  /** There was none to wait for: the next look tells. */
  lacks(): void {
    this.#isLacking = true;
  }

  /** Resolves when there is what has to be there. Throws as `look` does. */
  async given(): Promise<void> {
    while (this.#isLacking) {
      await new Promise<void>((resolve) => void this.#clock.setTimer(LOOK_MS, resolve));
      await this.#retrying.until(() => this.look());
    }
  }

  async #find(): Promise<number> {
    const { place, inForce } = this.#options;
    this.#lookedMs = this.#clock.monotonic();
    const settings = await this.#settings();
    const [row] = await this.#sql<{ may: boolean; standbys: string }[]>`
      select pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may,
        ${standbyCount(this.#sql)} as standbys`;
    const standbys = Number(row?.standbys);
    inForce({
      address: place.shown,
      standbyDemanded: place.needsStandby,
      // Who may not read their states sees none.
      standbys: row?.may === true || place.needsStandby || standbys > 0 ? standbys : null,
      settings,
    });
    return standbys;
  }

  /** @throws {UnfitDatabaseError} if one of them is not safe. */
  async #settings(): Promise<Readonly<Record<string, string>>> {
    const names = [...Object.keys(SAFE), STANDBY_NAMES];
    const rows = await this.#sql<{ name: string; setting: string }[]>`
      select name, setting from pg_settings where name = any(${names}::text[])`;
    for (const { name, setting } of rows) {
      if (SAFE[name]?.includes(setting) !== false) continue;
      const reason = `its setting ${name} is ${setting}, so it may lose what was acknowledged: ` +
        `set it to ${SAFE[name].join(" or ")}`;
      throw new UnfitDatabaseError(this.#options.place, reason, EXIT_UNSAFE);
    }
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  }
}
