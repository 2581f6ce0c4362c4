/** Builds that would lose what they acknowledged are caught by tests that the real one passes. */

import assert from "node:assert/strict";
import { until } from "../support/until.ts";
import { acknowledgingWhatItReads, overwriting, withoutPredecessor } from "./broken_logs.ts";
import { FIRST, requireContract, withLog } from "./log_contract.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";

testWithPostgres(
  "broken logs: one that checks less before it inserts is caught",
  async (server) => {
    for (const broken of [withoutPredecessor, overwriting]) {
      const judged = withLog(
        server,
        server.port,
        (log) =>
          requireContract(log, log, async () => {
            await server.query("delete from daybook_batch where first > 1");
          }),
        broken,
      );
      await assert.rejects(judged, assert.AssertionError, broken.name);
      await server.query("delete from daybook_batch");
    }
  },
);

/**
 * A database dies while a commit waits for its standby, and comes back without the standby. The row
 * can be read, but no standby has it: a process that acknowledges it loses it with this machine.
 */
async function requireStandbyWaitedFor(
  server: PostgresServer,
  broken?: Parameters<typeof withLog>[3],
): Promise<void> {
  await withLog(server, server.port, async (log) => {
    await server.awaitStandby("gone");
    let isAcknowledged = false;
    const appended = log.append(FIRST).then(() => isAcknowledged = true);
    await until("its commit waits", () => waits(server, "insert"));
    await server.crash();
    await server.begin();
    await until("it is read back", async () => isAcknowledged || await waits(server, "update"));
    const wasEarly = isAcknowledged;
    await server.awaitNoStandby();
    await appended;
    assert.equal(wasEarly, false, "acknowledged what no standby has");
  }, broken);
}

async function waits(server: PostgresServer, statement: string): Promise<boolean> {
  const rows = await server.query(
    "select query from pg_stat_activity where wait_event = 'SyncRep' and application_name = 'daybook'",
  );
  // The rows of the statement begin on lines of their own.
  return rows.join(" ").includes(`${statement} `);
}

testWithPostgres(
  "broken logs: one that acknowledges what it reads back is caught, and the real one waits",
  async (
    server,
  ) => {
    await requireStandbyWaitedFor(server);
    await server.query("delete from daybook_batch");
    await assert.rejects(
      requireStandbyWaitedFor(server, acknowledgingWhatItReads),
      /acknowledged what no standby has/,
    );
  },
);
