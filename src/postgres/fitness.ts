/**
 * Checks whether a database can hold a journal. A database that could lose acknowledged entries is
 * refused before anything is written.
 */

import { EXIT } from "../core/exit_codes.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Assurance } from "./assurance.ts";
import {
  ACCESS_DENIED,
  codeOf,
  type Connect,
  endSession,
  type Retrying,
  type Sql,
  WITHOUT_TIME_LIMITS,
} from "./connection.ts";
import { type Place, UnfitDatabaseError } from "./place.ts";

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

const TABLE_NAMES = ["daybook_batch", "daybook_leader", "daybook_key"];
/** What keeps two processes from recording at the same place: a table, and columns of an index. */
const UNIQUE = [
  ["daybook_batch", "journal, first"],
  ["daybook_batch", "journal, prev"],
  ["daybook_leader", "journal"],
  ["daybook_key", "journal, name"],
] as const;
const PRIVILEGES = ["select", "insert", "update", "delete"];

/** What poolers answer to startup parameters they do not support. */
const REFUSED_BY_POOLER = "08P01";
const ADVICE = "connect to PostgreSQL itself, or to a pooler in session mode that has " +
  `ignore_startup_parameters = ${Object.keys(WITHOUT_TIME_LIMITS).join()}`;

/** @throws {UnfitDatabaseError} */
export async function requireFit(
  place: Place,
  connect: Connect,
  sql: Sql,
  retrying: Retrying,
  assurance: Assurance,
): Promise<void> {
  const other = connect();
  try {
    await retrying.until(async () => {
      await requireSessions(place, sql, other);
      await assurance.require();
      await requireTables(place, sql);
    });
  } catch (error) {
    if (codeOf(error) !== REFUSED_BY_POOLER) throw error;
    const reason = `a pooler is in between and refuses the connection (${
      errorMessage(error)
    }): ${ADVICE}`;
    throw new UnfitDatabaseError(place, reason, EXIT.pooler, error);
  } finally {
    await endSession(other);
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
  throw new UnfitDatabaseError(place, reason, EXIT.pooler);
}

async function requireTables(place: Place, sql: Sql): Promise<void> {
  if (!await hasTables(place, sql)) await createTables(place, sql);
  await requireSafeTables(place, sql);
}

/** Someone else may have created the tables, or copied them without their indexes. */
async function requireSafeTables(place: Place, sql: Sql): Promise<void> {
  const flaws = await sql<{ flaw: string }[]>`
    select name || ' is not a permanent table, so a crash may empty it' as flaw
    from unnest(${TABLE_NAMES}::text[]) as name join pg_class on oid = to_regclass(name)
    where relpersistence <> 'p'
    union all
    select name || ' has no unique index on (' || columns || ')'
    from unnest(${UNIQUE.map(([name]) => name)}::text[], ${UNIQUE.map(([, key]) => key)}::text[])
      as needed(name, columns)
    where not exists (
      select from pg_index
      where indrelid = to_regclass(name) and indisunique and indisvalid and indpred is null
        and columns = (select string_agg(attname, ', ' order by at)
          from unnest(indkey::int2[]) with ordinality as indexed(number, at)
          join pg_attribute on attrelid = indrelid and attnum = number))`;
  if (flaws.length === 0) return;
  const reason = `${flaws.map(({ flaw }) => flaw).join("; ")}. Daybook makes them as:\n${TABLES}`;
  throw new UnfitDatabaseError(place, reason, EXIT.unsafe);
}

/** @throws {UnfitDatabaseError} if this user may not use them. */
async function hasTables(place: Place, sql: Sql): Promise<boolean> {
  const rows = await sql<{ name: string; there: boolean; lacking: string | null; who: string }[]>`
    select name, to_regclass(name) is not null as there, quote_ident(current_user) as who,
      (select string_agg(privilege, ', ') from unnest(${PRIVILEGES}::text[]) as privilege
        where not has_table_privilege(to_regclass(name), privilege)) as lacking
    from unnest(${TABLE_NAMES}::text[]) as name`;
  if (!rows.every(({ there }) => there)) return false;
  const lacking = rows.filter(({ lacking }) => lacking !== null);
  const [first] = lacking;
  if (first === undefined) return true;
  const what = lacking.map(({ name, lacking }) => `${lacking} on ${name}`).join("; ");
  const reason = `user ${first.who} lacks privileges for its tables (${what}). A user with the ` +
    `rights has to run this:\ngrant ${PRIVILEGES.join(", ")} on ${TABLE_NAMES.join(", ")} ` +
    `to ${first.who};`;
  throw new UnfitDatabaseError(place, reason, EXIT.denied);
}

async function createTables(place: Place, sql: Sql): Promise<void> {
  try {
    // Without the lock, two processes starting together would both create the tables, and one would
    // fail.
    await sql.unsafe(`select pg_advisory_xact_lock(hashtext('daybook tables'));\n${TABLES}`);
  } catch (error) {
    if (!ACCESS_DENIED.test(codeOf(error))) throw error;
    const reason =
      `it has no tables for a journal, and ${errorMessage(error)}. A user with the rights has ` +
      `to run this, and grant ${PRIVILEGES.join(", ")}:\n${TABLES}`;
    throw new UnfitDatabaseError(place, reason, EXIT.noTables, error);
  }
}
