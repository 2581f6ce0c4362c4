/** The database has a standby: it is lost, or it takes the place of the primary and is behind. */

import assert from "node:assert/strict";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { withMembers } from "./members.ts";
import { PostgresServer, testWithPostgres } from "./postgres_server.ts";
import { leaderOf, requireNoticed, SharedLoad } from "./shared_load.ts";

async function withStandby(
  primary: PostgresServer,
  run: (standby: PostgresServer) => Promise<void>,
): Promise<void> {
  const standby = await PostgresServer.standbyOf(primary);
  try {
    await run(standby);
  } finally {
    await standby.end();
  }
}

async function isSynchronous(primary: PostgresServer): Promise<boolean> {
  return (await primary.query("select sync_state from pg_stat_replication"))[0] === "sync";
}

/** Longer than a leader may be silent: that commits wait is no silence. */
const OUTAGE_MS = 9_000;

testWithPostgres(
  "standby: while a synchronous one is gone nothing is acknowledged, and the leader stays",
  (
    primary,
  ) =>
    withStandby(primary, async (standby) => {
      await primary.query("alter system set synchronous_standby_names = 'standby'");
      await primary.query("select pg_reload_conf()");
      await until("it is synchronous", () => isSynchronous(primary));
      const url = `${primary.url("shop")}&sync=1`;
      await inFolderKeptOnFailure((folder) =>
        withMembers(folder, { a: url, b: url }, async (members) => {
          for (const member of members) member.start();
          const leader = await leaderOf(members);
          const load = new SharedLoad(members);
          await until("something is acknowledged", () => load.acknowledged.length > 5);
          await standby.crash();
          await until("a commit waits", () => commitWaits(primary));
          const before = load.acknowledged.length;
          await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
          assert.equal(load.acknowledged.length, before);
          assert.ok(members.every(({ isOver }) => !isOver));
          await standby.begin();
          await until("more is acknowledged", () => load.acknowledged.length > before);
          assert.equal(await leaderOf(members), leader);
          await load.judge(primary, "shop");
          console.log(`standby: gone for ${OUTAGE_MS / 1_000} s, ${load.told}`);
        })
      );
    }),
);

async function commitWaits(primary: PostgresServer): Promise<boolean> {
  const rows = await primary.query("select pid from pg_stat_activity where wait_event = 'SyncRep'");
  return rows.length > 0;
}

testWithPostgres(
  "standby: one that is behind and is promoted ends all processes with 78, which name what is gone",
  (
    primary,
  ) =>
    withStandby(primary, async (standby) => {
      await using network = new DatabaseProxy(primary.port);
      const url = primary.url("shop", network.port);
      await inFolderKeptOnFailure((folder) =>
        withMembers(folder, { a: url, b: url }, async (members) => {
          for (const member of members) member.start();
          await leaderOf(members);
          const load = new SharedLoad(members);
          await until("something is acknowledged", () => load.acknowledged.length > 5);
          await standby.crash();
          const before = load.acknowledged.length;
          await until("more is acknowledged", () => load.acknowledged.length > before + 20);
          await primary.crash();
          await standby.begin();
          await standby.promote();
          network.to = standby.port;
          const [last] = await standby.query("select max(last) from daybook_batch");
          for (const member of members) await requireNoticed(member, Number(last));
          await load.giveUp();
        })
      );
    }),
);
