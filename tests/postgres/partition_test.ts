/** The leader and the database are cut off from each other: nothing that was acknowledged is lost. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { DatabaseProxy, type Direction } from "./database_proxy.ts";
import { type Member, withMembers } from "./members.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";
import { leaderOf, SharedLoad } from "./shared_load.ts";

/** Members by their names, each with a network of its own. */
async function apart(
  server: PostgresServer,
  run: (members: readonly Member[], proxyOf: (member: Member) => DatabaseProxy) => Promise<void>,
): Promise<void> {
  await using a = new DatabaseProxy(server.port);
  await using b = new DatabaseProxy(server.port);
  const urls = { a: server.url("shop", a.port), b: server.url("shop", b.port) };
  await inFolderKeptOnFailure((folder) =>
    withMembers(folder, urls, async (members) => {
      await run(members, (member) => member === members[0] ? a : b);
    })
  );
}

const CUTS: readonly (readonly Direction[])[] = [
  ["toDatabase"],
  ["toProcess"],
  ["toDatabase", "toProcess"],
];

testWithPostgres(
  "partition: a leader that is cut off is taken over, acknowledges nothing and ends with 73",
  (
    server,
  ) =>
    apart(server, async (members, proxyOf) => {
      for (const member of members) member.start();
      const load = new SharedLoad(members);
      const cuts = Array.from({ length: rounds(1, 10) }, () => CUTS).flat();
      for (const directions of cuts) {
        const leader = await leaderOf(members);
        const other = members.find((member) => member !== leader);
        await other?.is("following");
        proxyOf(leader).cut(...directions);
        await other?.is("ready");
        proxyOf(leader).mend();
        assert.equal(await leader.ended(), 73, leader.output.join("\n"));
        leader.start();
      }
      await load.judge(server, "shop");
      console.log(`partition: ${cuts.length} takeovers, ${load.told}`);
    }),
);

/** Less than a leader may be silent. */
const SHORT_MS = 1_000;

/**
 * With its connection a leader loses the lock, so another may be faster: then it ends with 73, and
 * is started again.
 */
testWithPostgres(
  "partition: answers to commits are lost, and short cuts mended: nothing is lost or doubled",
  (
    server,
  ) =>
    apart(server, async (members, proxyOf) => {
      const codes: number[] = [];
      let isOver = false;
      const running = members.map(async (member) => {
        do {
          member.start();
          codes.push(await member.ended());
        } while (!isOver);
      });
      await leaderOf(members);
      const load = new SharedLoad(members);
      const proxies = members.map(proxyOf);
      const losses = rounds(10, 200);
      while (lostBy(proxies) < losses) {
        const before = lostBy(proxies);
        for (const proxy of proxies) proxy.losesNext = true;
        await until("an answer is lost", () => lostBy(proxies) > before);
      }
      for (const proxy of proxies) proxy.losesNext = false;
      const cuts = Array.from({ length: rounds(1, 10) }, () => CUTS).flat();
      for (const directions of cuts) {
        const proxy = proxyOf(await leaderOf(members));
        proxy.cut(...directions);
        await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
        proxy.mend();
        const before = load.acknowledged.length;
        await until("more is acknowledged", () => load.acknowledged.length > before);
      }
      await until("one leads, and the other follows", async () => {
        const statuses = await Promise.all(members.map((member) => member.status()));
        return statuses.toSorted().join() === "following,ready";
      });
      isOver = true;
      await load.judge(server, "shop");
      await Promise.all(running);
      const ousted = codes.filter((code) => code !== 0);
      assert.ok(ousted.every((code) => code === 73), codes.join());
      console.log(
        `partition: ${lostBy(proxies)} answers lost, ${cuts.length} short cuts, ` +
          `${ousted} ousted, ${load.told}`,
      );
    }),
);

function lostBy(proxies: readonly DatabaseProxy[]): number {
  return proxies.reduce((sum, { lost }) => sum + lost, 0);
}
