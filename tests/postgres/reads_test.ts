/** Processes that share a journal in PostgreSQL: each answers reads and streams. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { inFolder } from "../support/temporary_folder.ts";
import { TextLineStream } from "../support/text_lines.ts";
import { until } from "../support/until.ts";
import { Member } from "./members.ts";
import { testWithPostgres } from "./postgres_server.ts";

const DEFINITIONS = new URL("steps.ts", import.meta.url).pathname;

/** The positions of the entries of a stream, until this many more have come or it ends. */
async function follow(member: Member, seen: number[], count: number): Promise<void> {
  const headers = { "last-event-id": `${seen.at(-1) ?? 0}` };
  const response = await fetch(`${member.url}/stream`, { headers });
  assert.equal(response.status, 200);
  const wanted = seen.length + count;
  try {
    for await (const line of response.body?.pipeThrough(new TextLineStream()) ?? []) {
      if (line.startsWith("data: ")) seen.push(JSON.parse(line.slice(6)).logId);
      if (seen.length >= wanted) break;
    }
  } catch (error) {
    // The process was killed.
    assert.ok(error instanceof Error);
  }
}

/** Submits until it is accepted; returns the logId of the answer. */
async function submit(member: Member, jobId: string): Promise<string> {
  let logId = "";
  await until(`${jobId} is taken`, async () => {
    const response = await member.post("/jobs", { jobId, type: "steps", input: {} });
    await response.body?.cancel();
    logId = response.headers.get("daybook-log-id") ?? "";
    return response.ok || response.status === 409;
  });
  return logId;
}

testWithPostgres(
  "reads: each process answers as of the requested position, and streams survive takeovers",
  (server) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const [leader, second, third] = ["a", "b", "c"].map((name) =>
        new Member({ journal, folder: `${folder}/${name}`, definitions: DEFINITIONS })
      ) as [Member, Member, Member];
      leader.start();
      await leader.is("ready");
      second.start();
      third.start();
      for (const member of [second, third]) await member.is("following");
      const waits: number[] = [];
      for (let round = 0; round < 40; round++) {
        const logId = await submit(leader, `a${round}`);
        const began = performance.now();
        const headers = { "daybook-log-id": logId };
        const response = await fetch(`${second.url}/jobs/a${round}`, { headers });
        await response.body?.cancel();
        waits.push(performance.now() - began);
        assert.equal(response.status, 200);
        assert.ok(Number(response.headers.get("daybook-log-id")) >= Number(logId));
      }
      waits.sort((left, right) => left - right);
      console.log(`reads: post here, read there took ${waits[20]?.toFixed(1)} ms at the median`);
      const seen: number[] = [];
      await follow(second, seen, 100);
      const following = follow(second, seen, 250);
      await leader.kill();
      // The stream may be on the new leader or not: it continues either way.
      for (let round = 0; round < 20; round++) await submit(third, `b${round}`);
      await following;
      const heir = await second.status() === "ready" ? second : third;
      const other = heir === second ? third : second;
      const { length } = seen;
      const rest = follow(heir, seen, 400);
      await submit(other, "between");
      await until("the stream goes on", () => seen.length > length);
      await heir.kill();
      await rest;
      for (let round = 0; round < 20; round++) await submit(other, `c${round}`);
      await follow(other, seen, 100);
      assert.deepEqual(seen, seen.map((_, index) => index + 1));
      assert.equal(await other.stop(), 0);
    }),
);

testWithPostgres(
  "reads: while the leader is frozen a follower answers reads, and a write's outcome is unknown",
  (server) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const [leader, follower] = ["a", "b"].map((name) =>
        new Member({ journal, folder: `${folder}/${name}`, definitions: DEFINITIONS })
      ) as [Member, Member];
      leader.start();
      await leader.is("ready");
      follower.start();
      await follower.is("following");
      await submit(follower, "a");
      leader.signal("SIGSTOP");
      const asked = follower.post("/jobs", { jobId: "b", type: "steps", input: {} });
      const { jobId } = await follower.get("/jobs/a");
      assert.equal(jobId, "a");
      // The connection stays open without an answer.
      const answer = await asked;
      assert.equal(answer.status, 503);
      assert.equal((await answer.json()).type, "/problems/outcome-unknown");
      await follower.is("ready");
      await submit(follower, "b");
      await leader.kill();
      assert.equal(await follower.stop(), 0);
    }),
);

testWithPostgres(
  "reads: a follower stops in order, and starts again on what it has",
  (server) =>
    inFolder(async (folder) => {
      const journal = server.url("shop");
      const [leader, follower] = ["a", "b"].map((name) =>
        new Member({ journal, folder: `${folder}/${name}`, definitions: DEFINITIONS })
      ) as [Member, Member];
      leader.start();
      await leader.is("ready");
      for (let round = 0; round < 2; round++) {
        follower.start();
        await follower.is("following");
        await submit(leader, `a${round}`);
        assert.equal(await follower.stop(), 0, follower.output.join("\n"));
        assert.match(follower.output.at(-1) ?? "", /stopped; the copy ends at logId [1-9]/);
      }
      assert.equal(await leader.stop(), 0);
    }),
);

/** The status of a request that names this host. */
function statusAs(host: string, { url }: Member): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/readyz`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject).end();
  });
}

testWithPostgres(
  "reads: a process answers to the name that it advertises, as others send requests there",
  (server) =>
    inFolder(async (folder) => {
      const args = ["--advertise=http://shop-1.example:8000"];
      const member = new Member({ journal: server.url("shop"), folder: `${folder}/a`, args });
      member.start();
      await member.is("ready");
      assert.equal(await statusAs("shop-1.example:8000", member), 200);
      assert.equal(await statusAs("shop-2.example:8000", member), 421);
      assert.equal(await member.stop(), 0);
    }),
);
