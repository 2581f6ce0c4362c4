/**
 * Checks whether a database can hold a journal. A database that could lose acknowledged entries is
 * refused before anything is written.
 */

import { errorMessage } from "../core/thrown.ts";
import { type Assurance, UnfitDatabaseError } from "./assurance.ts";
import { codeOf, type Retrying, type Sql, WITHOUT_TIME_LIMITS } from "./connection.ts";
import type { Place } from "./place.ts";

/** Created by the first start that has the rights to do so. */
export const TABLES = `\
create table if not exists daybook_batch (
  journal text not null, first bigint not null, last bigint not null,
  prev text not null, chain text not null, lines bytea not null,
  primary key (journal, first), unique (journal, prev));
alter table daybook_batch alter column lines set storage external;
create table if not exists daybook_leader (
  journal text primary key, writer text not null, url text not null, seen timestamptz not null);
create table if not exists daybook_key (
  journal text not null, name text not null, key text not null, primary key (journal, name));`;

const EXIT_POOLER = 72;
const EXIT_NO_RIGHTS = 77;

/** SQLSTATEs for users, rights and databases. */
const NO_RIGHTS = /^(?:28...|3D000|42501)$/;

/** What poolers answer to startup parameters they do not support. */
const REFUSED_BY_POOLER = "08P01";
const ADVICE = "connect to PostgreSQL itself, or to a pooler in session mode that has " +
  `ignore_startup_parameters = ${Object.keys(WITHOUT_TIME_LIMITS).join()}`;

/** @throws {UnfitDatabaseError} */
export async function requireFit(
  place: Place,
  sql: Sql,
  other: Sql,
  retrying: Retrying,
  assurance: Assurance,
): Promise<void> {
  try {
    await retrying.until(async () => {
      await requireSessions(place, sql, other);
      await assurance.require();
      await requireTables(place, sql);
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === REFUSED_BY_POOLER) {
      const reason = `a pooler is in between and refuses the connection (${
        errorMessage(error)
      }): ${ADVICE}`;
      throw new UnfitDatabaseError(place, reason, EXIT_POOLER, error);
    }
    if (!NO_RIGHTS.test(code)) throw error;
    throw new UnfitDatabaseError(place, errorMessage(error), EXIT_NO_RIGHTS, error);
  }
}

/** How long to wait for an answer that needs a session another connection holds. */
const SESSION_MS = 3_000;

/**
 * A pooler in transaction mode moves a connection to another session as soon as a second connection
 * keeps the first session busy, or makes it wait when there is no other session. A lock would then
 * belong to nobody. Such a pooler may not support prepared statements either. A pooler in statement
 * mode refuses `begin`.
 */
async function requireSessions(place: Place, sql: Sql, other: Sql): Promise<void> {
  const pid = async () =>
    (await sql<{ pid: number }[]>`select pg_backend_pid() as pid`.simple())[0]?.pid;
  const before = await pid();
  const during = await other.begin(async (begun) => {
    await begun`select 1`.simple();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, SESSION_MS);
    return await Promise.race([pid(), late]).finally(() => clearTimeout(timer));
  }).catch(async (error: unknown) => {
    // After a pooler has closed a connection, the driver reports the reason with the next query.
    await other`select 1`.simple();
    throw error;
  });
  if (before === during) return;
  const reason = `PostgreSQL is behind a pooler in transaction mode: ${ADVICE}`;
  throw new UnfitDatabaseError(place, reason, EXIT_POOLER);
}

async function requireTables(place: Place, sql: Sql): Promise<void> {
  const [row] = await sql<{ there: boolean }[]>`
    select to_regclass('daybook_batch') is not null and to_regclass('daybook_leader') is not null
      and to_regclass('daybook_key') is not null as there`;
  if (row?.there === true) return;
  try {
    // Without the lock, two processes starting together would both create the tables, and one would
    // fail.
    await sql.unsafe(`select pg_advisory_xact_lock(hashtext('daybook tables'));\n${TABLES}`);
  } catch (error) {
    if (codeOf(error) !== "42501") throw error;
    const reason =
      `it has no tables for a journal, and ${errorMessage(error)}. A user with the rights has ` +
      `to run this, and grant select, insert, update and delete:\n${TABLES}`;
    throw new UnfitDatabaseError(place, reason, EXIT_NO_RIGHTS, error);
  }
}
