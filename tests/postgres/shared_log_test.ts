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
import { freePort, type PostgresServer, testWithPostgres } from "./postgres_server.ts";

function batch(firstLogId: number, chain: string, previousChain: string): SharedBatch {
  const bytes = new TextEncoder().encode(`\n{"chain":"${chain}"}\n`);
  return { firstLogId, lastLogId: firstLogId + 1, previousChain, chain, bytes };
}

const FIRST = batch(1, "one", "");
const SECOND = batch(3, "two", "one");

/**
 * What holds of every shared log.
 *
 * @param other The same one, as another process has it.
 */
async function requireContract(
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

/** Nobody is kept waiting for what is there; and no message, no news. */
async function requireNews(log: SharedLog, other: SharedLog): Promise<void> {
  // That it begins to listen may count as a message.
  while (await other.news(2, 50));
  const began = performance.now();
  const news = other.news(2, 60_000);
  await log.append(SECOND);
  assert.equal(await news, true);
  assert.ok(performance.now() - began < 30_000);
  assert.equal(await other.news(2, 60_000), true);
  assert.equal(await other.news(4, 50), false);
}

Deno.test("shared log: the double appends behind the last batch, and refuses all else", async () => {
  const log = new SharedLogDouble();
  await requireContract(log, log, () => Promise.resolve(void (log.batches = [FIRST])));
});

async function withLog(
  server: PostgresServer,
  port: number,
  run: (log: SharedLog) => Promise<void>,
): Promise<void> {
  const place = placeIn(server.url("shop", port));
  const sql = session(place);
  const retrying = new Retrying({ place, clock: systemClock, warn: () => {} });
  const log = new PostgresLog(sql, { place, clock: systemClock }, retrying);
  try {
    await retrying.until(() => sql.unsafe(TABLES));
    await run(log);
  } finally {
    await log.end();
    await sql.end({ timeout: 1 });
  }
}

testWithPostgres("shared log: PostgreSQL does the same, through crashes and lost answers", async (
  server,
) => {
  await withLog(server, server.port, async (log) => {
    await withLog(server, server.port, (other) =>
      requireContract(log, other, async () => {
        await server.query("delete from daybook_batch where first > 1");
      }));
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
  const port = freePort();
  await using proxy = new LossyProxy(port, server.port);
  await withLog(server, port, async (log) => {
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

/** Closes a connection instead of passing on what comes back. */
class LossyProxy {
  losesNext = false;
  lost = 0;
  readonly #listener: Deno.Listener;
  readonly #open = new Set<Deno.Conn>();

  constructor(port: number, private readonly to: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    void this.#accept();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) void this.#serve(client).catch(() => {});
  }

  async #serve(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.to });
    for (const connection of [client, server]) this.#open.add(connection);
    void pass(client, (bytes) => server.write(bytes));
    await pass(server, async (bytes) => {
      if (this.losesNext && holdsInsert(bytes)) {
        this.losesNext = false;
        this.lost++;
        client.close();
        return 0;
      }
      return await client.write(bytes);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // It is closed already.
      }
    }
    return Promise.resolve();
  }
}

/** What PostgreSQL answers to an insert that took place. */
function holdsInsert(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).includes("INSERT 0 1");
}

async function pass(from: Deno.Conn, to: (bytes: Uint8Array) => Promise<number>): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      for (let sent = 0; sent < count;) {
        const more = await to(buffer.subarray(sent, count));
        if (more === 0) return;
        sent += more;
      }
    }
  } catch {
    // The other end is gone.
  }
}
