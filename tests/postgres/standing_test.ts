/** Every process reports whether it leads, since when and why, and what its database promises. */

import assert from "node:assert/strict";
import type { Standing } from "../../src/core/standing.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { readable } from "../support/http/job_pages.ts";
import { until } from "../support/until.ts";
import { Member, STEPS } from "./members.ts";
import { testWithPostgres } from "./postgres_server.ts";

const PARCEL = {
  jobId: "parcel",
  plan: {
    expected: [{
      id: "shipped",
      eventType: "test.Shipped",
      correlation: { equals: { parcel: 1 } },
    }],
  },
};

async function textOf(member: Member, path: string, accept: string): Promise<string> {
  const response = await fetch(member.url + path, { headers: { accept } });
  const text = await response.text();
  assert.ok(response.ok, text);
  return text;
}

testWithPostgres(
  "standing: leader and follower report their roles everywhere, and the next leader why it leads",
  (
    server,
  ) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const [first, second] = ["a", "b"].map((name) =>
        new Member({ journal, folder: `${folder}/${name}` })
      ) as [Member, Member];
      first.start();
      await first.is("ready");
      second.start();
      await second.is("following");
      const { shared } = await first.get("/journal") as { shared: Standing };
      const { database, ...standing } = shared;
      assert.equal(standing.role, "leading");
      assert.equal(standing.why, "first");
      assert.equal(standing.leader?.url, first.url);
      assert.deepEqual(database, {
        address: `${journal}`,
        standbyDemanded: false,
        standbys: 0,
        settings: {
          client_encoding: "UTF8",
          client_min_messages: "notice",
          fsync: "on",
          full_page_writes: "on",
          idle_session_timeout: "0",
          server_encoding: "UTF8",
          statement_timeout: "0",
          synchronous_commit: "on",
          synchronous_standby_names: "",
        },
      });
      assert.deepEqual(await first.get("/readyz"), { status: "ready", shared: standing });
      const follower = (await second.get("/readyz"))["shared"] as Standing;
      assert.equal(follower.role, "following");
      assert.deepEqual(follower.leader, standing.leader);
      assert.ok(follower.copy !== null);
      await until("its copy is complete", async () => {
        const { copy } = (await second.get("/readyz"))["shared"] as Standing;
        return copy?.entriesBehind === 0 && copy.msBehind < 5_000;
      });
      const metrics = await textOf(first, "/metrics", "text/plain");
      assert.match(metrics, /^daybook_shared_leading 1$/m);
      assert.match(metrics, /^daybook_shared_behind_entries 0$/m);
      assert.match(metrics, /^daybook_shared_standby_demanded 0$/m);
      const label = `daybook_shared_leader{url="${first.url}",writer="${standing.leader?.writer}"`;
      assert.ok(metrics.includes(`${label},why="first"} 1`), metrics);
      const screen = readable(await textOf(first, "/ui/system", "text/html"));
      const since = `has led since ${standing.since}: no process had led this journal before`;
      assert.ok(screen.includes(`This process ${since}`), screen);
      assert.ok(screen.includes("a synchronous standby is not required"), screen);
      assert.ok(first.output.join("\n").includes(since), first.output.join("\n"));
      second.signal("SIGTERM");
      assert.equal(await second.ended(), 0);
      assert.match(second.output.at(-2) ?? "", /stopping$/);
      assert.match(second.output.at(-1) ?? "", /stopped; the copy ends at logId [1-9]\d*$/);
      second.start();
      await second.is("following");
      await first.kill();
      await second.is("ready");
      const next = (await second.get("/readyz"))["shared"] as Standing;
      assert.equal(next.why, "ended");
      assert.equal(next.leader?.url, second.url);
      assert.equal(await second.stop(), 0);
    }),
);

testWithPostgres(
  "standing: while the database is away, the leader says so everywhere and stays",
  (server) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const [leader, follower] = ["a", "b"].map((name) =>
        new Member({ journal, folder: `${folder}/${name}` })
      ) as [Member, Member];
      leader.start();
      await leader.is("ready");
      follower.start();
      await follower.is("following");
      const created = await leader.post("/jobs", PARCEL);
      assert.equal(created.status, 202, await created.text());
      await server.crash();
      const ready = async () => {
        const response = await fetch(`${leader.url}/readyz`);
        return { status: response.status, ...await response.json() };
      };
      await until("the leader is not ready", async () => (await ready()).status === 503);
      const { detail, shared } = await ready();
      const since = shared.databaseSilentSince;
      const silence = `has not answered since ${since}`;
      assert.equal(detail, `Cannot write: the database ${silence}`);
      assert.equal(shared.role, "leading");
      const queue = await leader.get("/queue/explain");
      assert.equal(queue["standsStill"], true);
      assert.equal(queue["since"], since);
      assert.match(
        String(queue["summary"]),
        new RegExp(`^Nothing can be recorded: the database of the journal ${silence}\\. `),
      );
      const { summary, next } = await leader.get("/jobs/parcel/explain");
      assert.match(
        String(summary),
        new RegExp(
          `^Job parcel cannot continue: the database of the journal ${silence}\\. It is waiting`,
        ),
      );
      const [step] = next as readonly { statement: string }[];
      assert.match(step?.statement ?? "", /^Nothing, until the database answers/);
      const metrics = await textOf(leader, "/metrics", "text/plain");
      assert.match(metrics, /^daybook_shared_database_silent 1$/m);
      for (const path of ["/ui", "/ui/system"]) {
        const page = await textOf(leader, path, "text/html");
        assert.match(readable(page), /has not answered since/, path);
        // A script shows such a time in the zone of its reader, as all others.
        assert.ok(page.includes(`since <time datetime="${since}"`), path);
      }
      await follower.is("following");
      await server.begin();
      await leader.is("ready");
      assert.equal((await leader.get("/queue/explain"))["standsStill"], false);
      for (const member of [follower, leader]) assert.equal(await member.stop(), 0);
    }),
);

testWithPostgres(
  "standing: two processes with the same address are reported",
  (server) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const leader = new Member({ journal, folder: `${folder}/a` });
      leader.start();
      await leader.is("ready");
      const args = [`--advertise=${leader.url}`];
      const other = new Member({ journal, folder: `${folder}/b`, args });
      other.start();
      const warning = `leads the journal under the address of this one, ${leader.url}: give each`;
      await until("it is reported", () => other.output.some((line) => line.includes(warning)));
      const response = await fetch(`${other.url}/readyz`);
      const { detail } = await response.json();
      assert.deepEqual([response.status, detail], [
        503,
        "Cannot write: no leader of the journal is known",
      ]);
      // The row of an earlier run is not another process.
      await other.kill();
      await leader.kill();
      leader.start();
      await leader.is("ready");
      assert.ok(!leader.output.some((line) => line.includes("under the address of this one")));
      assert.equal(await leader.stop(), 0);
    }),
);

// A stop ends, whatever the database does, and loses nothing that was acknowledged.

testWithPostgres(
  "stopping: a leader whose database is away says what it cannot record, and ends with 70",
  (server) =>
    inFolder(async (folder) => {
      const leader = new Member({
        ...{ journal: server.url("shop"), folder, definitions: STEPS },
        args: ["--drain=0s"],
      });
      leader.start();
      await leader.is("ready");
      const kept = await leader.post("/jobs", { jobId: "kept", type: "slow", input: {} });
      assert.equal(kept.status, 202, await kept.text());
      await server.crash();
      const lost = leader.post("/jobs", { jobId: "lost", type: "steps", input: {} })
        .then(async (response) => {
          await response.body?.cancel();
          return response.status;
        }).catch(() => "no answer");
      leader.signal("SIGTERM");
      const code = await leader.ended();
      const output = leader.output.join("\n");
      assert.equal(code, 70, output);
      assert.match(output, /could not stop cleanly: Cannot record \d+ entr.* has not answered/);
      assert.notEqual(await lost, 202);
      await server.begin();
      leader.start();
      await leader.is("ready");
      assert.equal((await leader.get("/jobs/kept"))["state"], "Running");
      assert.equal(await leader.stop(), 0, leader.output.join("\n"));
    }),
);
