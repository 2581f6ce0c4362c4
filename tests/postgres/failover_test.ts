/**
 * Patroni manages the database, with a standby that commits wait for, and every machine has a
 * separate network. Whatever is lost or cut off, nothing that was acknowledged is lost.
 */

import assert from "node:assert/strict";
import { IS_SOAK, rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { pause, until } from "../support/until.ts";
import { giveTheLockToAll, Restarted } from "./given_lock.ts";
import { type Member, withMembers } from "./members.ts";
import { type Machine, Network, part } from "./network.ts";
import { CLUSTER_LEFT_OUT, PatroniCluster, type PatroniNode } from "./patroni.ts";
import { CLIENTS, leaderOf, requireNoticed, SharedLoad } from "./shared_load.ts";

interface Company {
  readonly cluster: PatroniCluster;
  readonly members: readonly Member[];
  readonly load: SharedLoad;
  /** The exit codes of processes. */
  readonly codes: readonly number[];
  readonly machineOf: (member: Member) => Machine;
}

type MachineOf = Company["machineOf"];

/** Processes with a database under Patroni, not yet started. */
async function withCluster(
  isSynchronous: boolean,
  run: (
    cluster: PatroniCluster,
    members: readonly Member[],
    machineOf: MachineOf,
  ) => Promise<void>,
): Promise<void> {
  await using network = await Network.begin();
  await using cluster = await PatroniCluster.start(network, { isSynchronous });
  const machines = { a: await network.machine("a"), b: await network.machine("b") };
  const url = cluster.url("shop");
  await inFolderKeptOnFailure((folder) =>
    withMembers(folder, { a: url, b: url }, async (members) => {
      await run(cluster, members, (member) => member === members[0] ? machines.a : machines.b);
    }, machines)
  );
}

/** Started processes; a replaced leader is started again. */
function together(
  isSynchronous: boolean,
  run: (company: Company) => Promise<void>,
): Promise<void> {
  return withCluster(isSynchronous, async (cluster, members, machineOf) => {
    const codes: number[] = [];
    for (const member of members) void keep(member, codes);
    await leaderOf(members);
    const load = new SharedLoad(members);
    try {
      await load.acknowledges();
      await run({ cluster, members, load, codes, machineOf });
    } finally {
      await load.giveUp().catch(() => {});
    }
  });
}

const OVERTAKEN = 73;

async function keep(member: Member, codes: number[]): Promise<void> {
  do {
    member.start();
    codes.push(await member.ended());
  } while (codes.at(-1) === OVERTAKEN);
}

/** Why a test is left out, as part of its name. */
function leftOutIf(isLong: boolean): string {
  const tooLong = isLong && !IS_SOAK
    ? " (LEFT OUT: it takes minutes; DAYBOOK_TEST_EFFORT=soak)"
    : "";
  return CLUSTER_LEFT_OUT || tooLong;
}

function testTogether(
  name: string,
  isSynchronous: boolean,
  run: (company: Company) => Promise<void>,
  isLong = true,
): void {
  const leftOut = leftOutIf(isLong);
  Deno.test({
    name: `fail-over: ${name}${leftOut}`,
    ignore: leftOut !== "",
    fn: () => together(isSynchronous, run),
  });
}

/** Resolves when one leads and the other follows. */
async function bothAreThere(members: readonly Member[]): Promise<Member> {
  await until(() => `one leads and the other follows:\n${toldBy(members)}`, async () => {
    const statuses = await Promise.all(members.map((member) => member.status()));
    return statuses.toSorted().join() === "following,ready";
  });
  return await leaderOf(members);
}

function toldBy(members: readonly Member[]): string {
  return members.map(({ output }) => output.join("\n")).join("\n---\n");
}

/** Performs an action and waits until the load is served again; returns how long that took. */
async function survives(
  { members, load }: Company,
  what: string,
  act: () => Promise<unknown>,
): Promise<void> {
  await bothAreThere(members);
  const began = performance.now();
  await act();
  await load.acknowledges();
  console.log(`${what}: served again after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}

/** Judges the result; the load must be served by then. */
async function judge({ cluster, members, load, codes }: Company, what: string): Promise<void> {
  await bothAreThere(members);
  await load.judge(cluster, "shop");
  const ousted = codes.filter((code) => code === OVERTAKEN).length;
  await until("all have ended", () => codes.length === ousted + members.length);
  assert.deepEqual(new Set(codes.filter((code) => code !== OVERTAKEN)), new Set([0]));
  console.log(`${what}: ${ousted} ousted, ${load.told}`);
}

type Way = "toDatabase" | "toProcess";

/** Cuts the leader off from the database until another process leads. */
async function cutLeaderOff(company: Company, ways: readonly Way[]): Promise<void> {
  const { cluster: { machines }, members, codes, machineOf } = company;
  const leader = await bothAreThere(members);
  const before = codes.length;
  if (ways.includes("toDatabase")) {
    for (const machine of machines) await machine.cutFrom([machineOf(leader)]);
  }
  if (ways.includes("toProcess")) await machineOf(leader).cutFrom(machines);
  await members.find((member) => member !== leader)?.is("ready");
  for (const machine of [...machines, machineOf(leader)]) await machine.mend();
  await until(() => `the old leader is ousted:\n${toldBy(members)}`, () => codes.length > before);
}

const CUTS: readonly (readonly Way[])[] = [
  ["toDatabase"],
  ["toProcess"],
  ["toDatabase", "toProcess"],
];

testTogether(
  "a switchover, PostgreSQL killed, and a leader cut off from it lose nothing",
  true,
  async (company) => {
    const { cluster } = company;
    for (let round = 0; round < rounds(1, 5); round++) {
      await survives(company, "a switchover", async () => {
        const { primary } = await cluster.whole();
        await cluster.switchover();
        await cluster.movedFrom(primary);
      });
      await survives(company, "PostgreSQL killed", async () => {
        const { primary } = await cluster.whole();
        await primary.killPostgres();
        await cluster.movedFrom(primary);
      });
      const cuts = IS_SOAK ? CUTS : CUTS.slice(-1);
      for (const ways of cuts) {
        const what = `a leader cut off, ${ways.join(" and ")}`;
        await survives(company, what, () => cutLeaderOff(company, ways));
      }
    }
    await judge(company, "switchovers, kills and cuts");
  },
  false,
);

testTogether(
  "the whole machine of the primary is lost without notice, and nothing else is lost",
  true,
  async (company) => {
    const { cluster } = company;
    for (let round = 0; round < 4; round++) {
      const { primary } = await cluster.whole();
      await survives(company, "the machine of the primary lost", async () => {
        await primary.lose();
        // Without a standby nothing is acknowledged.
        const next = await cluster.movedFrom(primary);
        assert.notEqual(next, primary);
        await primary.restore();
      });
    }
    await judge(company, "machines lost");
  },
);

/** What a start ends with while no standby is connected. */
const UNFIT_DATABASE = 76;

Deno.test({
  name: `fail-over: without the lock, switchovers, kills and lost machines lose nothing${
    leftOutIf(true)
  }`,
  ignore: leftOutIf(true) !== "",
  fn: () =>
    withCluster(true, async (cluster, members) => {
      await giveTheLockToAll(cluster);
      const restarted = new Restarted(members);
      const load = new SharedLoad(members);
      const faults: Readonly<Record<string, (primary: PatroniNode) => Promise<unknown>>> = {
        "a switchover": () => cluster.switchover(),
        "PostgreSQL killed": (primary) => primary.killPostgres(),
        "the machine of the primary lost": (primary) => primary.lose(),
      };
      for (let round = 0; round < 3; round++) {
        for (const [what, happens] of Object.entries(faults)) {
          await load.acknowledges();
          const { primary } = await cluster.whole();
          await happens(primary);
          await cluster.movedFrom(primary);
          if (what.endsWith("lost")) await primary.restore();
          await restarted.ousts();
        }
      }
      await load.acknowledges();
      await restarted.settles();
      await load.judge(cluster, "shop");
      await restarted.requireNoOtherEnd(UNFIT_DATABASE);
      console.log(`without the lock: ${restarted.ousted} ousted, ${load.told}`);
    }),
});

/** Longer than Patroni keeps a lost standby. */
const OUTAGE_MS = 30_000;

testTogether(
  "while the standby is lost nothing is acknowledged, and afterwards service continues",
  true,
  async (company) => {
    const { cluster, members, load } = company;
    const { standby } = await cluster.whole();
    const leader = await bothAreThere(members);
    await standby.lose();
    await pause(2_000);
    const before = load.acknowledged.length;
    await pause(OUTAGE_MS);
    assert.equal(load.acknowledged.length, before);
    await survives(company, "the standby lost", () => standby.restore());
    assert.equal(await leaderOf(members), leader);
    await judge(company, `no standby for ${OUTAGE_MS / 1_000} s`);
  },
);

/** Longer than the silence after which a leader is replaced. */
const ALONE_MS = 10_000;

testTogether(
  "a leader that is alone with the old primary acknowledges nothing, so nothing is forked",
  true,
  async (company) => {
    const { cluster, members, load, machineOf } = company;
    for (let round = 0; round < 4; round++) {
      await survives(company, "a leader alone with the old primary", async () => {
        const { primary, standby } = await cluster.whole();
        const leader = await bothAreThere(members);
        const side = [primary.machine, machineOf(leader)];
        const others = members.filter((member) => member !== leader).map(machineOf);
        const rest = [cluster.etcd, standby.machine, ...others];
        await part(side, rest);
        const before = load.acknowledged.length;
        assert.equal(await cluster.movedFrom(primary), standby);
        await pause(ALONE_MS);
        // Pending requests may have been answered meanwhile.
        assert.ok(load.acknowledged.length <= before + CLIENTS);
        for (const machine of [...side, ...rest]) await machine.mend();
      });
    }
    await judge(company, "4 times alone with the old primary");
  },
);

testTogether(
  "an asynchronous standby that is behind takes over: all processes exit with 78, and name what is gone",
  false,
  async ({ cluster, members, load }) => {
    const { primary, standby } = await cluster.whole();
    await part([primary.machine], [standby.machine]);
    for (let more = 0; more < 5; more++) await load.acknowledges();
    await primary.lose();
    await cluster.movedFrom(primary);
    const [last] = await cluster.query("select max(last) from daybook_batch");
    for (const member of members) await requireNoticed(member, Number(last));
    console.log(`an asynchronous standby promoted: it ends at logId ${last}, all ended with 78`);
  },
);
