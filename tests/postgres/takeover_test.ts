/**
 * When one leader follows another, nothing that was acknowledged is lost, doubled or done twice.
 */

import { rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
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
