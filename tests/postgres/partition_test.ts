/** The leader and the database are cut off from each other: nothing that was acknowledged is lost. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { DatabaseProxy, type Direction } from "./database_proxy.ts";
import { type Member, withMembers } from "./members.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";
import { leaderOf, SharedLoad } from "./shared_load.ts";

/** Members by name, each with a separate network. */
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
  "partition: a leader that is cut off is replaced, acknowledges nothing and exits with 73",
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

/** Less than the silence after which a leader is replaced. */
const SHORT_MS = 1_000;

testWithPostgres(
  "partition: after lost answers to commits and short interruptions nothing is lost, and the leader stays",
  (
    server,
  ) =>
    apart(server, async (members, proxyOf) => {
      for (const member of members) member.start();
      const leader = await leaderOf(members);
      const load = new SharedLoad(members);
      const proxy = proxyOf(leader);
      const losses = rounds(10, 200);
      while (proxy.lost < losses) {
        const before = proxy.lost;
        proxy.losesNext = true;
        await until("an answer is lost", () => proxy.lost > before);
      }
      proxy.losesNext = false;
      const cuts = Array.from({ length: rounds(1, 10) }, () => CUTS).flat();
      for (const directions of cuts) {
        proxy.cut(...directions);
        await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
        proxy.mend();
        const before = load.acknowledged.length;
        await until("more is acknowledged", () => load.acknowledged.length > before);
      }
      assert.equal(await leaderOf(members), leader);
      await load.judge(server, "shop");
      assert.ok(
        members.every(({ output }) => !output.join("\n").includes("another process leads")),
      );
      console.log(
        `partition: ${proxy.lost} answers lost, ${cuts.length} short cuts, ${load.told}`,
      );
    }),
);
