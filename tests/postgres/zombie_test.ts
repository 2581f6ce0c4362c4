/** A frozen leader is replaced; when it continues, it acknowledges nothing. */

import assert from "node:assert/strict";
import type { Standing } from "../../src/core/standing.ts";
import { session, tryLock } from "../../src/postgres/connection.ts";
import { placeIn } from "../../src/postgres/place.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { Member } from "./members.ts";
import { testWithPostgres } from "./postgres_server.ts";

const DEFINITIONS = new URL("steps.ts", import.meta.url).pathname;

testWithPostgres(
  "zombie: a leader that was frozen records nothing, and exits with 73",
  (server) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const [leader, follower] = ["a", "b"].map((name) =>
        new Member({
          journal,
          folder: `${folder}/${name}`,
          definitions: DEFINITIONS,
          args: ["--drain=0"],
        })
      ) as [Member, Member];
      leader.start();
      await leader.is("ready");
      follower.start();
      await follower.is("following");
      const created = await leader.post("/jobs", {
        jobId: "sealed",
        type: "waits",
        input: { name: "n", key: "a secret key" },
      });
      assert.equal(created.status, 202, await created.text());
      await (await leader.post("/jobs", { jobId: "slow", type: "slow", input: {} })).body?.cancel();
      await until("its step is under way", async () => {
        const { condition } = await leader.get("/jobs/slow");
        return condition === "executing";
      });
      leader.signal("SIGSTOP");
      await follower.is("ready");
      // It now has connections that wait for an answer.
      const asked = leader.post("/jobs", { jobId: "late", type: "steps", input: {} });
      const answered = asked.then(async ({ status, body }) => {
        await body?.cancel();
        return status;
      }, () => 0);
      leader.signal("SIGCONT");
      const { shared } = await follower.get("/journal") as { shared: Standing };
      assert.equal(shared.why, "silent");
      const code = await leader.ended();
      const status = await answered;
      assert.ok(status === 0 || status >= 500, `it answered ${status}`);
      assert.equal(code, 73, leader.output.join("\n"));
      const [opened] = await server.query(
        "select first from daybook_batch where convert_from(lines, 'UTF8') like '%WriterOpened%' " +
          "order by first desc limit 1",
      );
      const prose = await (await fetch(`${follower.url}/jobs/slow/explain?format=text`)).text();
      const said = prose.replaceAll(/\s+/g, " ");
      assert.match(said, new RegExp(`process, wri_\\w+ at ${follower.url}, took over the journal`));
      assert.match(said, new RegExp(`\\[${opened}\\] \\S+ journal.WriterOpened`));
      assert.match(
        follower.output.join("\n"),
        /1 job was cut short by the takeover: slow \(long\)/,
      );
      // Its records are there, and the new leader can read its secret.
      const told = await follower.post("/events", {
        eventType: "test.Told",
        attributes: { name: "n" },
      });
      assert.ok(told.ok, await told.text());
      await until("it is done", async () => {
        return (await follower.get("/jobs/sealed"))["state"] === "Done";
      });
      assert.equal((await follower.get("/jobs/sealed"))["output"], 12);
      const late = await fetch(`${follower.url}/jobs/late`);
      await late.body?.cancel();
      assert.equal(late.status, 404);
      assert.equal(await follower.stop(), 0);
    }),
);

testWithPostgres(
  "zombie: a follower that may not end the session of a frozen leader says once what to do",
  (server) =>
    inFolder(async (folder) => {
      await server.query("create role one login");
      await server.query("create role two login");
      await server.query("grant create on schema public to one");
      const [leader, follower] = ["one", "two"].map((user) =>
        new Member({
          journal: server.url("shop", server.port, user),
          folder: `${folder}/${user}`,
        })
      ) as [Member, Member];
      leader.start();
      await leader.is("ready");
      await server.query(
        "grant select, insert, update, delete on daybook_batch, daybook_leader, daybook_key to two",
      );
      follower.start();
      await follower.is("following");
      leader.signal("SIGSTOP");
      const said = () => follower.output.filter((line) => line.includes("cannot end the session"));
      await until("it says so", () => said().length > 0);
      // It looks several times a second.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assert.equal(said().length, 1);
      assert.match(said()[0] ?? "", /; it leads until its session ends.*pg_signal_backend$/);
      await server.query("grant pg_signal_backend to two");
      await follower.is("ready");
      await leader.kill();
      assert.equal(await follower.stop(), 0);
    }),
);

testWithPostgres(
  "zombie: one that has just got the lock keeps it, although the row of the leader before it is old",
  (server) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const before = new Member({ journal, folder: `${folder}/a` });
      before.start();
      await before.is("ready");
      assert.equal(await before.stop(), 0);
      await server.query(
        "update daybook_leader set seen = clock_timestamp() - interval '1 minute'",
      );
      const sql = session(placeIn(journal));
      const beside = new Member({ journal, folder: `${folder}/b` });
      try {
        assert.ok(await tryLock(sql, "shop"));
        const [{ pid } = {}] = await sql`select pg_backend_pid() as pid`;
        beside.start();
        await until("it looks", async () => {
          const others = `pg_stat_activity where application_name = 'daybook' and pid <> ${pid}`;
          return (await server.query(`select pid from ${others}`)).length > 0;
        });
        // It looks several times a second.
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await sql`update daybook_leader set writer = 'wri_new', seen = clock_timestamp()`;
        await beside.is("following");
        assert.equal((await sql`select pg_backend_pid() as pid`)[0]?.["pid"], pid);
      } finally {
        await sql.end();
      }
      assert.equal(await beside.stop(), 0);
    }),
);
