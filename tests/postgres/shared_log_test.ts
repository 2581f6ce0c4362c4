/** The shared log in PostgreSQL, and the test double that journal tests use. */

import assert from "node:assert/strict";
import { SharedLogDouble } from "../support/journal/shared_log_double.ts";
import { until } from "../support/until.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { batch, FIRST, requireContract, SECOND, withLog } from "./log_contract.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";

Deno.test("shared log: the test double appends only after the last batch", async () => {
  const log = new SharedLogDouble();
  await requireContract(log, log, () => Promise.resolve(void (log.batches = [FIRST])));
});

testWithPostgres("shared log: PostgreSQL does the same, even with crashes and lost answers", async (
  server,
) => {
  await withLog(server, server.port, async (log) => {
    await withLog(server, server.port, (other) =>
      requireContract(log, other, async () => {
        await server.query("delete from daybook_batch where first > 1");
      }));
    await server.query("delete from daybook_batch");
    // Appended while it is down: the append is retried until it succeeds.
    await server.crash();
    const appended = log.append(FIRST);
    await server.begin();
    await appended;
    assert.deepEqual(await log.read(0), [FIRST]);
  });
  await server.query("delete from daybook_batch");
  await requireOnceThroughLostAnswers(server);
});

testWithPostgres(
  "shared log: a cancelled wait for a standby acknowledges nothing",
  async (
    server,
  ) => {
    await withLog(server, server.port, async (log) => {
      await log.append(FIRST);
      await server.awaitStandby("nobody");
      let isAppended = false;
      const appended = log.append(SECOND).then(() => isAppended = true);
      const waiting = "from pg_stat_activity where wait_event = 'SyncRep'";
      let cancelled = 0;
      await until("it was cancelled three times", async () => {
        cancelled += (await server.query(`select pg_cancel_backend(pid) ${waiting}`)).length;
        return cancelled >= 3;
      });
      await until(
        "it waits again",
        async () => (await server.query(`select pid ${waiting}`)).length > 0,
      );
      assert.equal(isAppended, false);
      await server.awaitNoStandby();
      await appended;
      assert.equal((await log.read(0)).length, 2);
    });
  },
);

testWithPostgres("shared log: a session that cannot write is left for another one", async (
  server,
) => {
  await withLog(server, server.port, async (log) => {
    await log.append(FIRST);
    const found = "pg_stat_activity where application_name = 'daybook' and query like '%insert%'";
    const [pid] = await server.query(`select pid from ${found}`);
    await server.query("alter system set default_transaction_read_only = on");
    await server.query("select pg_reload_conf()");
    // Once a new session has it, PostgreSQL has told the others.
    await until("sessions are read-only", async () => {
      return (await server.query("show default_transaction_read_only"))[0] === "on";
    });
    const appended = log.append(SECOND);
    await until("the session is left", async () => {
      return (await server.query(`select 1 from pg_stat_activity where pid = ${pid}`)).length === 0;
    });
    await server.query("alter system reset default_transaction_read_only");
    await server.query("select pg_reload_conf()");
    await appended;
    assert.equal((await log.read(0)).length, 2);
  });
});

/** Answers are lost in transit: recorded batches are neither doubled nor lost. */
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
