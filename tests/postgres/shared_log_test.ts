/** What a shared log does: the one in PostgreSQL, and the double that tests of the journal use. */

import assert from "node:assert/strict";
import { SharedLogDouble } from "../support/journal/shared_log_double.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { batch, FIRST, requireContract, withLog } from "./log_contract.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";

Deno.test("shared log: the double appends behind the last batch, and refuses all else", async () => {
  const log = new SharedLogDouble();
  await requireContract(log, () => Promise.resolve(void (log.batches = [FIRST])));
});

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
