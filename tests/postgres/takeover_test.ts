/**
 * When one leader follows another, nothing that was acknowledged is lost, doubled or done twice.
 */

import assert from "node:assert/strict";
import { TABLES } from "../../src/postgres/fitness.ts";
import { rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { withMembers } from "./members.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";
import { leaderOf, SharedLoad } from "./shared_load.ts";

function journals(server: PostgresServer, ...names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, server.url("shop")]));
}

/** As soon as a process leads, or a moment later, when a new leader has much to do. */
function moment(): Promise<void> {
  return new Promise((resolve) =>
    setTimeout(resolve, Math.random() < 0.5 ? 0 : 1_000 * Math.random())
  );
}

testWithPostgres("takeover: when leaders are killed under load, nothing is lost or done twice", (
  server,
) =>
  inFolderKeptOnFailure((folder) =>
    withMembers(folder, journals(server, "a", "b", "c"), async (members) => {
      for (const member of members) member.start();
      await leaderOf(members);
      const load = new SharedLoad(members);
      const takeovers: number[] = [];
      const kills = rounds(3, 100);
      for (let kill = 0; kill < kills; kill++) {
        const leader = await leaderOf(members);
        await moment();
        const others = members.filter((member) => member !== leader);
        await others[0]?.is("following");
        await leader.kill();
        const killed = performance.now();
        await leaderOf(others);
        takeovers.push(performance.now() - killed);
        leader.start();
      }
      await load.judge(server, "shop");
      takeovers.sort((a, b) => a - b);
      console.log(
        `takeover: ${kills} kills, ${load.told}; a takeover took ` +
          `${takeovers[kills >> 1]?.toFixed(0)} ms, at most ${takeovers.at(-1)?.toFixed(0)} ms`,
      );
    })
  ));

/**
 * Every process gets the lock at once, and assumes that the leader is gone. So each takes over as
 * soon as it runs, and the previous leader is refused: safety depends on the insert alone.
 */
async function giveTheLockToAll(server: PostgresServer): Promise<void> {
  await server.query(
    `create function public.pg_try_advisory_lock(bigint) returns boolean language sql as 'select true';
    alter database postgres set search_path = public, pg_catalog;
    ${TABLES}
    create function unheard() returns trigger language plpgsql as
      'begin new.seen := to_timestamp(0); return new; end';
    create trigger unheard before insert or update on daybook_leader
      for each row execute function unheard();`,
  );
}

testWithPostgres(
  "takeover: with a lock that all can hold, processes replace each other and lose nothing",
  (
    server,
  ) =>
    inFolderKeptOnFailure((folder) =>
      withMembers(folder, journals(server, "a", "b"), async (members) => {
        await giveTheLockToAll(server);
        const codes: number[] = [];
        const ousts = rounds(4, 40);
        const restarting = members.map(async (member) => {
          do {
            member.start();
            codes.push(await member.ended());
          } while (codes.length < ousts);
        });
        const load = new SharedLoad(members);
        await Promise.race(restarting);
        await until("one is left", () => members.filter(({ isOver }) => !isOver).length === 1);
        await load.judge(server, "shop");
        await Promise.all(restarting);
        // The last one was stopped.
        assert.deepEqual(new Set(codes.slice(0, -1)), new Set([73]));
        console.log(`takeover with a lock that all have: ${codes.length - 1} ousted, ${load.told}`);
      })
    ),
);
