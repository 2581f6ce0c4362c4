/** A working leader that loses its sessions keeps leading. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { pause, until } from "../support/until.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { type Member, withMembers } from "./members.ts";
import { testWithPostgres } from "./postgres_server.ts";
import { leaderOf, SharedLoad } from "./shared_load.ts";

/** Less than the silence after which a leader is replaced, and more than a takeover needs. */
const OUTAGE_MS = 2_000;

/** Two processes, the first of which leads while the other follows. */
function withPair(
  journals: Readonly<Record<string, string>>,
  run: (members: readonly Member[]) => Promise<void>,
): Promise<void> {
  return inFolderKeptOnFailure((folder) =>
    withMembers(folder, journals, async (members) => {
      const [leader, follower] = members;
      leader?.start();
      await leader?.is("ready");
      follower?.start();
      await follower?.is("following");
      await run(members);
    })
  );
}

testWithPostgres(
  "reconnect: a leader whose connections break, or whose database restarts, keeps leading",
  async (server) => {
    await using network = new DatabaseProxy(server.port);
    const journals = { a: server.url("shop", network.port), b: server.url("shop") };
    await withPair(journals, async (members) => {
      const [leader] = members;
      const load = new SharedLoad(members);
      const more = async () => {
        const before = load.acknowledged.length;
        await until("more is acknowledged", () => load.acknowledged.length > before + 2);
      };
      const breaks = rounds(5, 50);
      for (let count = 0; count < breaks; count++) {
        network.drop();
        await more();
      }
      network.cut("toDatabase", "toProcess");
      network.drop();
      await pause(OUTAGE_MS);
      network.mend();
      await more();
      await server.crash();
      await server.begin();
      await more();
      assert.equal(await leaderOf(members), leader);
      await load.judge(server, "shop");
      const [opened] = await server.query(
        "select count(*) from daybook_batch where convert_from(lines, 'UTF8') like '%WriterOpened%'",
      );
      assert.equal(opened, "1");
      console.log(`reconnect: ${breaks + 2} times, ${load.told}`);
    });
  },
);

/** More than the silence after which a leader is replaced. */
const STALL_MS = 8_000;

testWithPostgres(
  "reconnect: a database that stands still costs no leader its lead",
  (server) =>
    withPair({ a: server.url("shop"), b: server.url("shop") }, async (members) => {
      const [leader, follower] = members;
      const load = new SharedLoad(members);
      for (let stalls = rounds(3, 20); stalls > 0; stalls--) {
        await server.freeze();
        await pause(STALL_MS);
        await server.thaw();
        await load.acknowledges();
        // A takeover would begin now.
        await pause(1_000);
        assert.ok(await leaderOf(members) === leader, follower?.output.join("\n"));
      }
      await load.judge(server, "shop");
    }),
);

testWithPostgres(
  "reconnect: setting the clock of the database costs no leader its lead, and saves no frozen one",
  (server) =>
    withPair({ a: server.url("shop"), b: server.url("shop") }, async (members) => {
      const [leader, follower] = members;
      // What the followers see is the same.
      const setClock = (hours: number) =>
        server.query(`update daybook_leader set seen = seen - interval '${hours} hours'`);
      for (let sets = rounds(3, 20); sets > 0; sets--) {
        await setClock(1);
        await pause(1_500);
      }
      assert.ok(await leaderOf(members) === leader, follower?.output.join("\n"));
      leader?.signal("SIGSTOP");
      await setClock(-1);
      await follower?.is("ready");
      leader?.signal("SIGCONT");
      assert.equal(await leader?.ended(), 73);
      assert.equal(await follower?.stop(), 0);
    }),
);
