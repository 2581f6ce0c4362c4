/** The contract of every shared log, whatever its implementation. */

import assert from "node:assert/strict";
import {
  LostHistoryError,
  OvertakenError,
  type SharedBatch,
  type SharedLog,
} from "../../src/journal/write/shared_log.ts";
import { Assurance } from "../../src/postgres/assurance.ts";
import { type Connect, Retrying, session, type Sql } from "../../src/postgres/connection.ts";
import { TABLES } from "../../src/postgres/fitness.ts";
import { placeIn } from "../../src/postgres/place.ts";
import { PostgresLog } from "../../src/postgres/postgres_log.ts";
import { systemClock } from "../../src/server/system.ts";
import type { PostgresServer } from "./postgres_server.ts";

export function batch(firstLogId: number, chain: string, previousChain: string): SharedBatch {
  const bytes = new TextEncoder().encode(`\n{"chain":"${chain}"}\n`);
  return { firstLogId, lastLogId: firstLogId + 1, previousChain, chain, bytes };
}

export const FIRST = batch(1, "one", "");
export const SECOND = batch(3, "two", "one");

/** A wait for existing batches resolves at once; without a message there is no news. */
async function requireNews(log: SharedLog, other: SharedLog): Promise<void> {
  // The start of listening may count as a message.
  while (await other.news(2, 500));
  const began = performance.now();
  const news = other.news(2, 60_000);
  await log.append(SECOND);
  assert.equal(await news, true);
  assert.ok(performance.now() - began < 30_000);
  assert.equal(await other.news(2, 60_000), true);
  assert.equal(await other.news(4, 50), false);
}

/**
 * The contract of every shared log.
 *
 * @param other The same log in another process.
 */
export async function requireContract(
  log: SharedLog,
  other: SharedLog,
  forget: () => Promise<void>,
): Promise<void> {
  assert.equal(await log.lastLogId(), 0);
  assert.deepEqual(await log.read(0), []);
  await log.append(FIRST);
  await assert.rejects(log.append(batch(1, "other", "")), OvertakenError);
  await assert.rejects(log.append(batch(3, "two", "not one")), OvertakenError);
  await assert.rejects(log.append(batch(5, "late", "two")), LostHistoryError);
  await requireNews(log, other);
  assert.deepEqual(await log.read(0), [FIRST, SECOND]);
  assert.deepEqual(await log.read(2), [SECOND]);
  assert.equal(await log.chainAt(2), "one");
  assert.equal(await log.chainAt(3), undefined);
  assert.equal(await log.lastLogId(), 4);
  const rivals = ["a", "b", "c"].map((chain) => log.append(batch(5, chain, "two")));
  const results = await Promise.allSettled(rivals);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  await forget();
  await assert.rejects(log.append(batch(7, "more", "a")), LostHistoryError);
}

/**
 * The one in PostgreSQL.
 *
 * @param broken Wraps the connection to the database, in a build that is broken on purpose.
 */
export async function withLog(
  server: PostgresServer,
  port: number,
  run: (log: SharedLog) => Promise<void>,
  broken: (sql: Sql) => Sql = (sql) => sql,
  database = "postgres",
): Promise<void> {
  const place = placeIn(server.url("shop", port, "postgres", database));
  const connect: Connect = (listener) => session(place, listener);
  const sql = connect();
  const options = { place, clock: systemClock, warn: () => {}, inForce: () => {} };
  const retrying = new Retrying(options);
  retrying.uses(sql);
  const assurance = new Assurance(options, sql, retrying);
  const log = new PostgresLog(connect, broken(sql), options, retrying, assurance);
  try {
    await retrying.until(() => sql.unsafe(TABLES));
    await run(log);
  } finally {
    await log.end();
    await sql.end({ timeout: 1 });
  }
}
