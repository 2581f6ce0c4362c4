/** What a shared log does: the one in PostgreSQL, and the double that tests of the journal use. */

import assert from "node:assert/strict";
import { systemClock } from "../../src/server/system.ts";
import {
  LostHistoryError,
  OvertakenError,
  type SharedBatch,
  type SharedLog,
} from "../../src/journal/shared_log.ts";
import { Retrying, session } from "../../src/postgres/connection.ts";
import { TABLES } from "../../src/postgres/fitness.ts";
import { placeIn } from "../../src/postgres/place.ts";
import { PostgresLog } from "../../src/postgres/postgres_log.ts";
import { SharedLogDouble } from "../support/journal/shared_log_double.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";

function batch(firstLogId: number, chain: string, previousChain: string): SharedBatch {
  const bytes = new TextEncoder().encode(`\n{"chain":"${chain}"}\n`);
  return { firstLogId, lastLogId: firstLogId + 1, previousChain, chain, bytes };
}

const FIRST = batch(1, "one", "");
const SECOND = batch(3, "two", "one");

/** What holds of every shared log. */
async function requireContract(log: SharedLog, forget: () => Promise<void>): Promise<void> {
  assert.equal(await log.lastLogId(), 0);
  assert.deepEqual(await log.read(0), []);
  await log.append(FIRST);
  await assert.rejects(log.append(batch(1, "other", "")), OvertakenError);
  await assert.rejects(log.append(batch(3, "two", "not one")), OvertakenError);
  await assert.rejects(log.append(batch(5, "late", "two")), LostHistoryError);
  await log.append(SECOND);
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

Deno.test("shared log: the double appends behind the last batch, and refuses all else", async () => {
  const log = new SharedLogDouble();
  await requireContract(log, () => Promise.resolve(void (log.batches = [FIRST])));
});

async function withLog(
  server: PostgresServer,
  port: number,
  run: (log: SharedLog) => Promise<void>,
): Promise<void> {
  const place = placeIn(server.url("shop", port));
  const sql = session(place);
  const retrying = new Retrying({ place, clock: systemClock, warn: () => {} });
  try {
    await retrying.until(() => sql.unsafe(TABLES));
    await run(new PostgresLog(sql, place.journal, retrying));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

testWithPostgres("shared log: PostgreSQL does the same, through crashes and lost answers", async (
  server,
) => {
  await withLog(server, server.port, async (log) => {
    await requireContract(log, async () => {
      await server.query("delete from daybook_batch where first > 1");
    });
    await server.query("delete from daybook_batch");
    // Appended while it is down: it is tried until it is there.
    await server.crash();
    const appended = log.append(FIRST);
    await server.begin();
    await appended;
    assert.deepEqual(await log.read(0), [FIRST]);
  });
  await server.query("delete from daybook_batch");
  await requireOnceThroughLostAnswers(server);
});

/** Answers are lost once they are on their way: what was recorded is neither doubled nor lost. */
async function requireOnceThroughLostAnswers(server: PostgresServer): Promise<void> {
  await using proxy = new DatabaseProxy(server.port);
  await withLog(server, proxy.port, async (log) => {
    let chain = "";
    for (let index = 0; index < 20; index++) {
      proxy.losesNext = index % 2 === 1;
      const next = batch(1 + 2 * index, `chain${index}`, chain);
      await log.append(next);
      chain = next.chain;
    }
    assert.ok(proxy.lost > 0);
    assert.equal((await log.read(0)).length, 20);
  });
}
