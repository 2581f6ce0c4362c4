/** The lock of who leads a journal. It belongs to a session, and ends with it. */

import type { Sql } from "./connection.ts";

/** The same for all processes of a journal. */
export function lockKey(sql: Sql, journal: string) {
  return sql`hashtextextended(${`daybook ${journal}`}, 0)`;
}

/** Whether the session has the lock now. */
export async function tryLock(sql: Sql, journal: string): Promise<boolean> {
  const [row] = await sql<{ locked: boolean }[]>`
    select pg_try_advisory_lock(${lockKey(sql, journal)}::bigint) as locked`;
  return row?.locked === true;
}
