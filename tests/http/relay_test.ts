/** A journal that several processes share: each answers reads, and the leader does the rest. */

import assert from "node:assert/strict";
import { SCOPES } from "../../src/access/tokens.ts";
import { HURRIED, Members, type SharedMember } from "../support/http/shared_members.ts";
import { TextLineStream } from "../support/text_lines.ts";
import { until } from "../support/until.ts";

const ORDER = { type: "test.parcel", input: { orderId: "7" } };

async function json(response: Response, status = 200): Promise<Record<string, unknown>> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text);
}

async function dropped(response: Response): Promise<Response> {
  await response.body?.cancel();
  return response;
}

/** An address where nothing listens. */
function nobody(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return `http://127.0.0.1:${listener.addr.port}`;
}

/** Reads at least this many more entries of a stream, and leaves it. */
async function follow(response: Response, seen: number[], count: number): Promise<void> {
  assert.equal(response.status, 200);
  const wanted = seen.length + count;
  for await (const line of response.body?.pipeThrough(new TextLineStream()) ?? []) {
    if (line.startsWith("data: ")) seen.push(JSON.parse(line.slice(6)).logId);
    if (seen.length >= wanted) break;
  }
}

async function waiting(member: SharedMember, jobId: string): Promise<void> {
  await until("it waits", async () => {
    return (await json(await member.get(`/jobs/${jobId}`)))["condition"] === "waiting";
  });
}

Deno.test("relay: a write on one process can be read on another, with the logId of the answer", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const follower = await members.join("second");
  for (let round = 0; round < 20; round++) {
    const created = await dropped(await leader.post("/jobs", { ...ORDER, jobId: `a${round}` }));
    assert.equal(created.status, 202);
    const logId = created.headers.get("daybook-log-id") ?? "";
    assert.ok(Number(logId) > 0);
    const seen = await dropped(
      await follower.get(`/jobs/a${round}`, { "daybook-log-id": logId }),
    );
    assert.equal(seen.status, 200);
    assert.ok(Number(seen.headers.get("daybook-log-id")) >= Number(logId));
  }
});

Deno.test("relay: a follower passes a write on, and can be read at once", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const follower = await members.join("second");
  for (let round = 0; round < 20; round++) {
    const created = await dropped(await follower.post("/jobs", { ...ORDER, jobId: `a${round}` }));
    assert.equal(created.status, 202);
    assert.equal((await dropped(await follower.get(`/jobs/a${round}`))).status, 200);
  }
  assert.equal(leader.engine.job("a7" as never)?.jobId, "a7");
});

Deno.test("relay: reads from a follower equal those from the leader", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const follower = await members.join("second");
  for (const jobId of ["a", "b"]) await dropped(await leader.post("/jobs", { ...ORDER, jobId }));
  await dropped(await leader.post("/jobs", { type: "test.doomed", jobId: "c", input: {} }));
  await dropped(await leader.post("/jobs/b/suspend"));
  await waiting(leader, "a");
  await until("it has failed", () => leader.engine.job("c" as never)?.state === "Failed");
  const head = `${leader.engine.headLogId}`;
  const paths = [
    "/jobs",
    "/jobs/a",
    "/jobs/a/events",
    "/jobs/a/replay",
    "/jobs/c/explain",
    "/failures",
    "/events?limit=100",
    "/explain?about=7",
    "/definitions",
    "/pauses",
    "/limits",
    "/queue/explain",
  ];
  for (const path of paths) {
    const [told, alsoTold] = await Promise.all([leader, follower].map(async (member) => {
      const text = await (await member.get(path, { "daybook-log-id": head })).text();
      // Commands name the process that answered.
      return text.replaceAll(leader.url, "").replaceAll(follower.url, "");
    }));
    assert.equal(alsoTold, told, path);
    assert.match(told ?? "", /^\{"(?!type)/, path);
  }
});

Deno.test("relay: a follower lists the entry points for programs itself, and shows the leader's overview", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const follower = await members.join("second");
  const text = async () => await (await follower.get("/", { accept: "text/html" })).text();
  const overview = await text();
  assert.match(overview, /<h1[^>]*>Overview/);
  // Of the follower, since that is where the client is.
  assert.ok(overview.includes(`${new URL(follower.url).host}/overview`));
  const position = (await dropped(await leader.get("/"))).headers.get("daybook-log-id");
  members.url = nobody();
  const index = await json(await follower.get("/", { "daybook-log-id": position ?? "" }));
  assert.ok("links" in index);
});

Deno.test("relay: a follower runs, records and times nothing", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const follower = await members.join("second");
  await dropped(await leader.post("/jobs", { ...ORDER, jobId: "a" }));
  await dropped(
    await leader.post("/jobs", { type: "test.greet", jobId: "b", input: { name: "x" } }),
  );
  await waiting(leader, "a");
  await until("it is done", () => leader.engine.job("b" as never)?.state === "Done");
  await until("it has followed", () => follower.engine.headLogId === leader.engine.headLogId);
  const { length } = members.log.batches;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(follower.engine.activity.busyWorkers, 0);
  // A seal of the leader may have been added.
  assert.ok(members.log.batches.length <= length + 1);
});

Deno.test("relay: a stream on a follower misses nothing, through a takeover and on another process", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const [second, third] = [await members.join("second"), await members.join("third")];
  const seen: number[] = [];
  const post = async (count: number, name: string) => {
    for (let at = 0; at < count; at++) {
      const body = { ...ORDER, jobId: `${name}${at}` };
      assert.equal((await dropped(await third.post("/jobs", body))).status, 202);
    }
  };
  // All entries before the takeover, and some after it, in one stream.
  await post(5, "a");
  const before = leader.engine.headLogId;
  const followed = follow(await second.get("/stream?after=0"), seen, before + 20);
  await members.succeed(second);
  await post(10, "b");
  await followed;
  await post(5, "c");
  // The third process need not have read what the second one showed.
  const last = { "last-event-id": `${seen.at(-1)}` };
  await follow(await third.get("/stream", last), seen, 10);
  assert.deepEqual(seen, seen.map((_, index) => index + 1));
  await leader.stop();
});

Deno.test("relay: a takeover continues with what the follower has projected", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const follower = await members.join("second");
  await dropped(await leader.post("/jobs", { ...ORDER, jobId: "a" }));
  await waiting(leader, "a");
  await members.succeed(follower);
  const event = { eventType: "shop.ParcelShipped", attributes: { orderId: "7" } };
  await dropped(await follower.post("/events", event));
  await until("it is done", async () => {
    return (await json(await follower.get("/jobs/a")))["state"] === "Done";
  });
  await leader.stop();
});

Deno.test("relay: without a leader reads continue, and a write is refused with Retry-After", async () => {
  await using members = new Members({ clock: HURRIED });
  const leader = await members.lead("first");
  const follower = await members.join("second");
  const created = await dropped(await leader.post("/jobs", { ...ORDER, jobId: "a" }));
  const seen = { "daybook-log-id": created.headers.get("daybook-log-id") ?? "" };
  members.url = nobody();
  assert.equal((await dropped(await follower.get("/jobs/a", seen))).status, 200);
  const refused = await follower.post("/jobs", { ...ORDER, jobId: "b" });
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.match(String((await json(refused, 503))["detail"]), /does not answer/);
  assert.equal((await dropped(await follower.get("/jobs/a/explain"))).status, 200);
  const pauses = await follower.get("/pauses");
  assert.equal((await json(pauses, 503))["title"], "Daybook is not ready");
  assert.equal((await dropped(await follower.get("/jobs/b"))).status, 404);
});

for (
  const [leaving, leave] of [
    ["has ended", (members: Members) => void (members.url = nobody())],
    ["is stopping", ({ leader }: Members) => leader?.engine.stop(0)],
  ] as const
) {
  Deno.test(`relay: a write waits for the next leader if the last one ${leaving}, and is recorded here if this process becomes it`, async () => {
    await using members = new Members();
    const leader = await members.lead("first");
    const follower = await members.join("second");
    await leave(members);
    const asked = follower.post("/jobs", { ...ORDER, jobId: "a" });
    await until("it waits", async () => {
      const { limits } = await json(await follower.get("/system"));
      const waiting = (limits as { name: string; used: number }[])
        .find(({ name }) => name === "waitingMax");
      return waiting?.used === 1;
    });
    await members.succeed(follower);
    assert.equal((await dropped(await asked)).status, 202);
    assert.equal((await dropped(await follower.get("/jobs/a"))).status, 200);
    await leader.stop();
  });
}

Deno.test("relay: a write that the leader may have seen is not sent twice", async () => {
  await using members = new Members();
  await members.lead("first");
  const follower = await members.join("second");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const accepting = (async () => {
    for await (const connection of listener) {
      connections++;
      await connection.read(new Uint8Array(1_000));
      connection.close();
    }
  })();
  members.url = `http://127.0.0.1:${listener.addr.port}`;
  const answer = await json(await follower.post("/jobs", { ...ORDER, jobId: "a" }), 503);
  assert.equal(answer["type"], "/problems/outcome-unknown");
  assert.equal(connections, 1);
  listener.close();
  await accepting;
});

Deno.test({
  name: "relay: a missing permission to reach the leader is not a lost leader",
  permissions: { net: ["127.0.0.1"] },
  fn: async () => {
    await using members = new Members();
    await members.lead("first");
    const follower = await members.join("second");
    members.url = "http://127.0.0.2:8000";
    const answer = await json(await follower.post("/jobs", { ...ORDER, jobId: "a" }), 503);
    assert.equal(answer["type"], "/problems/not-ready");
    assert.match(`${answer["detail"]}`, /permission is missing, add --allow-net=127.0.0.2:8000$/);
  },
});

Deno.test("relay: a client that leaves during the request to the leader is not a defect", async () => {
  await using members = new Members();
  await members.lead("first");
  const follower = await members.join("second");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  members.url = `http://127.0.0.1:${listener.addr.port}`;
  const client = new AbortController();
  const asked = fetch(`${follower.url}/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ORDER),
    signal: client.signal,
  });
  const connection = await listener.accept();
  client.abort();
  await assert.rejects(asked, { name: "AbortError" });
  // The follower stops too.
  const buffer = new Uint8Array(1_000);
  while (await connection.read(buffer) !== null);
  connection.close();
  listener.close();
  await dropped(await follower.get("/livez"));
});

Deno.test("relay: a position that does not come is awaited for a while, then refused", async () => {
  await using members = new Members({ clock: HURRIED });
  const leader = await members.lead("first");
  const follower = await members.join("second");
  const ahead = `${leader.engine.headLogId + 1_000}`;
  const answers = await Promise.all([
    follower.get("/jobs", { "daybook-log-id": ahead }),
    leader.get("/jobs", { "daybook-log-id": ahead }),
    follower.get("/stream", { "last-event-id": ahead }),
    follower.get(`/events?cursor=${btoa(`journal:${ahead}`)}`),
  ]);
  for (const answer of answers) {
    assert.equal(answer.headers.get("retry-after"), "1");
    assert.equal((await json(answer, 503))["type"], "/problems/behind");
  }
  const wrong = await follower.get("/jobs", { "daybook-log-id": "soon" });
  assert.deepEqual((await json(wrong, 422))["errors"], [
    { header: "Daybook-Log-Id", detail: "must be the logId of an entry" },
  ]);
});

Deno.test("relay: requests that need no token do not wait for a position or a leader", async () => {
  await using members = new Members();
  await members.lead("first");
  const follower = await members.join("second");
  const position = { "daybook-log-id": "99999999" };
  const signIn = await dropped(await follower.get("/ui/sign-in", position));
  const problem = await dropped(await follower.get("/problems/behind", position));
  // Without tokens there is nothing to sign in to.
  assert.deepEqual([signIn.status, problem.status], [303, 200]);
});

Deno.test("relay: a follower checks the token itself, and passes it to the leader", async () => {
  await using members = new Members({
    tokens: [{ token: "all", scopes: SCOPES, name: "ann" }, { token: "reads", scopes: ["read"] }],
  });
  await members.lead("first");
  const follower = await members.join("second");
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  members.url = nobody();
  const body = { ...ORDER, jobId: "a" };
  assert.equal((await dropped(await follower.get("/jobs"))).status, 401);
  assert.equal((await dropped(await follower.get("/jobs", as("reads")))).status, 200);
  assert.equal((await dropped(await follower.post("/jobs", body))).status, 401);
  assert.equal((await dropped(await follower.post("/jobs", body, as("reads")))).status, 403);
  members.url = undefined;
  assert.equal((await dropped(await follower.post("/jobs", body, as("all")))).status, 202);
  const { entries } = await json(await follower.get("/jobs/a/events", as("all"))) as {
    entries: readonly { actor?: string }[];
  };
  assert.equal(entries[0]?.actor, "ann");
});

Deno.test("relay: a session of a follower works for actions of the leader, and their message is shown", async () => {
  await using members = new Members({ tokens: [{ token: "all", scopes: SCOPES }] });
  const leader = await members.lead("first");
  const follower = await members.join("second");
  const bearer = { authorization: "Bearer all" };
  await dropped(await leader.post("/jobs", { ...ORDER, jobId: "a" }, bearer));
  const form = { "content-type": "application/x-www-form-urlencoded", origin: follower.url };
  const signedIn = await dropped(await follower.post("/ui/sign-in", "token=all", form));
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  const acted = await dropped(await follower.post("/ui/jobs/a/suspend", "", { ...form, cookie }));
  assert.equal(acted.status, 303, acted.headers.get("location") ?? "");
  const { condition } = await json(await leader.get("/jobs/a", bearer));
  assert.equal(condition, "suspended");
  const page = await follower.get(acted.headers.get("location") ?? "", {
    cookie,
    accept: "text/html",
  });
  assert.equal(page.status, 200);
  assert.match(await page.text(), /class="note/);
  const foreign = { ...form, cookie, origin: "http://evil.test" };
  assert.equal((await dropped(await follower.post("/ui/jobs/a/resume", "", foreign))).status, 403);
});

Deno.test("relay: another host is refused here, and no path leads to another server", async () => {
  await using members = new Members();
  await members.lead("first");
  const follower = await members.join("second");
  for (const path of ["//evil.test/jobs", "/@evil.test", "/..//evil.test"]) {
    assert.equal((await dropped(await follower.post(path))).status, 404);
  }
  const rebound = await follower.request("/jobs", { host: "evil.test" });
  assert.equal(rebound.status, 421);
});

Deno.test("relay: probes are answered here, and say that this process follows", async () => {
  await using members = new Members();
  const leader = await members.lead("first");
  const follower = await members.join("second");
  assert.deepEqual(await json(await follower.get("/livez")), { status: "live" });
  const standings = [];
  for (const member of [follower, leader]) {
    const { status, shared } = await json(await member.get("/readyz"));
    standings.push([status, (shared as { role: string }).role]);
  }
  assert.deepEqual(standings, [["following", "following"], ["ready", "leading"]]);
});

Deno.test("relay: an address of the leader that leads back to a follower is refused at once", async () => {
  await using members = new Members();
  await members.lead("first");
  const follower = await members.join("second");
  members.url = follower.url;
  const refused = await follower.post("/jobs", { ...ORDER, jobId: "a" });
  assert.equal(
    (await json(refused, 503))["detail"],
    `Cannot answer: ${follower.url}, the address of the leader, leads to a process that follows; ` +
      "--advertise of the leader must be an address of that process alone",
  );
});
