/** Whatever happens to processes that all have the lock, nothing that was acknowledged is lost. */

import { rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { DatabaseProxy, type Direction } from "./database_proxy.ts";
import { giveTheLockToAll, Restarted } from "./given_lock.ts";
import { type Member, withMembers } from "./members.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";
import { SharedLoad } from "./shared_load.ts";

interface Affected {
  readonly server: PostgresServer;
  readonly member: Member;
  /** Between the process and the database. */
  readonly proxy: DatabaseProxy;
}

/** For longer than it takes to replace a process, or not. */
function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 3_000 * Math.random()));
}

async function cut(proxy: DatabaseProxy, ...directions: readonly Direction[]): Promise<void> {
  proxy.cut(...directions);
  await moment();
  proxy.mend();
}

const FAULTS: Readonly<Record<string, (affected: Affected) => Promise<void>>> = {
  killed: ({ member }) => member.kill(),
  frozen: async ({ member }) => {
    member.signal("SIGSTOP");
    await moment();
    member.signal("SIGCONT");
  },
  "not heard": ({ proxy }) => cut(proxy, "toDatabase"),
  deaf: ({ proxy }) => cut(proxy, "toProcess"),
  "cut off": ({ proxy }) => cut(proxy, "toDatabase", "toProcess"),
  "without an answer to a commit": async ({ proxy }) => {
    proxy.losesNext = true;
    await moment();
  },
  disconnected: async ({ proxy }) => {
    proxy.drop();
    await moment();
  },
  "without its database": async ({ server }) => {
    await server.crash();
    await server.begin();
  },
};

function inAnyOrder(faults: typeof FAULTS) {
  return Object.entries(faults).toSorted(() => Math.random() - 0.5);
}

testWithPostgres(
  "without the lock: processes replace each other, are killed, frozen and cut off, and lose nothing",
  async (server) => {
    await using a = new DatabaseProxy(server.port);
    await using b = new DatabaseProxy(server.port);
    const proxies = [a, b];
    const urls = { a: server.url("shop", a.port), b: server.url("shop", b.port) };
    await inFolderKeptOnFailure((folder) =>
      withMembers(folder, urls, async (members) => {
        await giveTheLockToAll(server);
        const restarted = new Restarted(members);
        const load = new SharedLoad(members);
        const done: string[] = [];
        for (let round = 0; round < rounds(1, 20); round++) {
          for (const [name, happens] of inAnyOrder(FAULTS).slice(0, rounds(4, 8))) {
            const at = Math.floor(members.length * Math.random());
            const [member, proxy] = [members[at], proxies[at]];
            if (member === undefined || proxy === undefined) continue;
            await restarted.ousts();
            done.push(`${"ab"[at]} ${name}`);
            await happens({ server, member, proxy });
            await load.acknowledges();
          }
        }
        await restarted.settles();
        await load.judge(server, "shop");
        await restarted.requireNoOtherEnd();
        console.log(
          `without the lock: ${restarted.ousted} ousted, ${load.told}; ${done.join(", ")}`,
        );
      })
    );
  },
);
