/** The advisory lock of a journal's leader. It belongs to a session and ends with it. */

import type { Sql } from "./connection.ts";

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
