/** The database has a standby, which is lost, or is promoted while it is behind. */

import assert from "node:assert/strict";
import type { Standing } from "../../src/core/standing.ts";
import { readable } from "../support/http/job_pages.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { type Member, withMembers } from "./members.ts";
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

/** Longer than the silence after which a leader is replaced: waiting commits are not silence. */
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
          await until("it is noticed", () => isLacking(leader));
          const before = await acknowledgedAtLast(primary, leader, members, load);
          await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
          assert.equal(load.acknowledged.length, before);
          assert.ok(members.every(({ isOver }) => !isOver));
          for (const member of members) await requireLacking(member, member === leader);
          await standby.begin();
          await until("more is acknowledged", () => load.acknowledged.length > before);
          assert.equal(await leaderOf(members), leader);
          await load.judge(primary, "shop");
          console.log(`standby: gone for ${OUTAGE_MS / 1_000} s, ${load.told}`);
        })
      );
    }),
);

/** It reports everywhere that writes wait; the other process still follows. */
async function requireLacking(member: Member, leads: boolean): Promise<void> {
  const ready = await fetch(`${member.url}/readyz`);
  assert.equal(ready.status, leads ? 503 : 200);
  const text = await ready.text();
  assert.equal(text.includes("Cannot write: the database has no synchronous standby now"), leads);
  const { shared } = await member.get("/journal") as { shared: Standing };
  assert.equal(shared.database?.standbys, 0);
  const screen = await fetch(`${member.url}/ui/system`, { headers: { accept: "text/html" } });
  assert.match(readable(await screen.text()), /is required, and none is connected: writes wait/);
  assert.match(
    member.output.join("\n"),
    /has no synchronous standby now, which sync=1 requires: nothing is recorded until there is one/,
  );
}

testWithPostgres(
  "standby: with sync=1 nothing is acknowledged while PostgreSQL does not wait for one",
  (
    primary,
  ) =>
    withStandby(primary, async (standby) => {
      const setNames = async (names: string) => {
        await primary.query(`alter system set synchronous_standby_names = '${names}'`);
        await primary.query("select pg_reload_conf()");
      };
      await setNames("standby");
      await until("it is synchronous", () => isSynchronous(primary));
      const url = `${primary.url("shop")}&sync=1`;
      await inFolderKeptOnFailure((folder) =>
        withMembers(folder, { a: url, b: url }, async (members) => {
          for (const member of members) member.start();
          const leader = await leaderOf(members);
          for (const member of members) if (member !== leader) await member.is("following");
          const load = new SharedLoad(members);
          await until("something is acknowledged", () => load.acknowledged.length > 5);
          await standby.crash();
          const before = await acknowledgedAtLast(primary, leader, members, load);
          // As cluster managers do that prefer availability.
          await setNames("");
          await until("it is noticed", () => isLacking(leader));
          await primary.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'daybook'",
          );
          await new Promise((resolve) => setTimeout(resolve, SHORT_OUTAGE_MS));
          assert.equal(load.acknowledged.length, before);
          const lastLogId = Number(
            (await primary.query("select max(last) from daybook_batch"))[0],
          );
          await setNames("standby");
          await standby.begin();
          await until("more is acknowledged", () => load.acknowledged.length > before);
          assert.equal(await leaderOf(members), leader);
          assert.match(
            leader.output.join("\n"),
            /has a synchronous standby again; waiting writes continue/,
          );
          await load.judge(primary, "shop");
          console.log(`standby: not waited for from about logId ${lastLogId} on, ${load.told}`);
        })
      );
    }),
);

const SHORT_OUTAGE_MS = 3_000;

/**
 * How many jobs are acknowledged, once there is no standby, the leader waits for one, and no answer
 * is under way: it has answered requests that were sent after that.
 */
async function acknowledgedAtLast(
  primary: PostgresServer,
  leader: Member,
  members: readonly Member[],
  load: SharedLoad,
): Promise<number> {
  const count = async (from: string) =>
    Number((await primary.query(`select count(*) from ${from}`))[0]);
  let before = NaN;
  await until("no answer is under way", async () => {
    if (await count("pg_stat_replication") > 0) return false;
    const held = await count("pg_stat_activity where wait_event = 'SyncRep'");
    if (held === 0 && !await isLacking(leader)) return false;
    before = load.acknowledged.length;
    for (const member of [leader, ...members]) await member.get("/journal");
    await count("pg_stat_replication");
    return load.acknowledged.length === before;
  });
  return before;
}

async function isLacking(member: Member): Promise<boolean> {
  const { shared } = await member.get("/journal") as { shared: Standing };
  return shared.database?.standbys === 0;
}

async function headOf(member: Member): Promise<number> {
  const { head } = await member.get("/journal") as { head: { logId: number } };
  return head.logId;
}

testWithPostgres(
  "standby: if one that is behind is promoted, all processes exit with 78 and name what is gone",
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
          const [stored] = await primary.query("select max(last) from daybook_batch");
          for (const member of members) {
            await until("it has more", async () => await headOf(member) > Number(stored) + 20);
          }
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
