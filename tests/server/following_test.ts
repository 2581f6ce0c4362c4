/** A process that follows passes requests on to the leader, and nothing else anywhere. */

import assert from "node:assert/strict";
import type { Standing } from "../../src/core/standing.ts";
import { systemClock } from "../../src/server/system.ts";
import { Following } from "../../src/server/following.ts";

const OWN = "http://127.0.0.1:9999";

/** What a leader was asked. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A follower of this leader, if it is known. */
function standingBy(url: string | undefined): Standing {
  const database = { address: "postgres://db", standbyDemanded: true, standbys: 1, settings: {} };
  return {
    role: "following",
    since: "2026-01-01T00:00:00.000Z",
    leader: url === undefined ? null : { writer: "wri_1", url },
    why: null,
    copy: { logId: 7, entriesBehind: 2, msBehind: 30 },
    database,
  };
}

function followedBy(leader: () => string | undefined) {
  return {
    get standing() {
      return standingBy(leader());
    },
  };
}

async function withLeader(
  answer: (request: Request) => Response | Promise<Response>,
  run: (following: Following, asked: readonly Asked[], leader: { url?: string }) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = await request.clone().text();
      asked.push({
        method: request.method,
        path: pathname + search,
        headers: request.headers,
        body,
      });
      return await answer(request);
    },
  );
  const leader: { url?: string } = { url: `http://127.0.0.1:${server.addr.port}` };
  const following = new Following({
    membership: followedBy(() => leader.url),
    clock: systemClock,
    bodyBytesMax: 1_000,
    allowedHosts: [],
  });
  try {
    await run(following, asked, leader);
  } finally {
    following.leads(() => new Response());
    await server.shutdown();
  }
}

function request(path: string, init: RequestInit = {}, host = "127.0.0.1:9999"): Request {
  return new Request(OWN + path, { ...init, headers: { host, ...init.headers } });
}

Deno.test("following: a request reaches the leader as it is, and its answer comes back", () =>
  withLeader(
    () => new Response("created", { status: 202, headers: { location: "/jobs/a" } }),
    async (
      { fetch },
      asked,
    ) => {
      const headers = {
        authorization: "Bearer t",
        "content-type": "application/json",
        origin: OWN,
      };
      const answer = await fetch(
        request("/jobs?x=1", { method: "POST", headers, body: '{"a":1}' }),
      );
      assert.equal(answer.status, 202);
      assert.equal(answer.headers.get("location"), "/jobs/a");
      assert.equal(await answer.text(), "created");
      const [{ method, path, headers: sent, body } = {} as Asked] = asked;
      assert.deepEqual([method, path, body], ["POST", "/jobs?x=1", '{"a":1}']);
      assert.equal(sent.get("authorization"), "Bearer t");
      assert.equal(sent.get("origin"), `http://${sent.get("host")}`);
    },
  ));

Deno.test("following: another site's origin stays, and another host is refused here", () =>
  withLeader(() => new Response("x"), async ({ fetch }, asked) => {
    const foreign = { method: "POST", headers: { origin: "http://evil.test" }, body: "{}" };
    await (await fetch(request("/jobs", foreign))).body?.cancel();
    assert.equal(asked[0]?.headers.get("origin"), "http://evil.test");
    const rebound = await fetch(request("/jobs", {}, "evil.test:9999"));
    assert.equal(rebound.status, 421);
    await rebound.body?.cancel();
    assert.equal(asked.length, 1);
  }));

Deno.test("following: no path leads anywhere but to the leader", () =>
  withLeader(() => new Response("x"), async ({ fetch }, asked) => {
    for (const path of ["//evil.test/jobs", "/\\evil.test", "/@evil.test", "/..//evil.test"]) {
      await (await fetch(request(path))).body?.cancel();
    }
    assert.equal(asked.length, 4);
    assert.equal(asked[0]?.path, "//evil.test/jobs");
  }));

Deno.test("following: a body over the limit is refused, and never sent", () =>
  withLeader(() => new Response("x"), async ({ fetch }, asked) => {
    const answer = await fetch(request("/jobs", { method: "POST", body: "x".repeat(1_001) }));
    assert.equal(answer.status, 413);
    await answer.body?.cancel();
    assert.equal(asked.length, 0);
  }));

Deno.test("following: a request waits for the next leader, and is answered here if that is this one", () =>
  withLeader(() => new Response("by the leader"), async (following, asked, leader) => {
    const { url } = leader;
    leader.url = "http://127.0.0.1:1";
    const waiting = following.fetch(request("/jobs", { method: "POST", body: "{}" }));
    leader.url = url ?? "";
    assert.equal(await (await waiting).text(), "by the leader");
    assert.equal(asked.length, 1);
    leader.url = "http://127.0.0.1:1";
    const own = following.fetch(request("/jobs", { method: "POST", body: '{"own":1}' }));
    following.leads(async (request) => new Response(`here: ${await request.text()}`));
    assert.equal(await (await own).text(), 'here: {"own":1}');
  }));

Deno.test("following: a write that the leader may have seen is not sent twice", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const accepting = (async () => {
    for await (const connection of listener) {
      connections++;
      await connection.read(new Uint8Array(1_000));
      connection.close();
    }
  })();
  const following = new Following({
    membership: followedBy(() => `http://127.0.0.1:${listener.addr.port}`),
    clock: systemClock,
    bodyBytesMax: 1_000,
    allowedHosts: [],
  });
  const answer = await following.fetch(request("/jobs", { method: "POST", body: "{}" }));
  assert.equal(answer.status, 503);
  assert.match((await answer.json()).detail, /whether the request was recorded is unknown/);
  assert.equal(connections, 1);
  following.leads(() => new Response());
  listener.close();
  await accepting;
});

Deno.test("following: probes are answered here", () =>
  withLeader(() => new Response("x"), async (following, asked, leader) => {
    assert.deepEqual(await (await following.fetch(request("/livez"))).json(), { status: "live" });
    const ready = await following.fetch(request("/readyz"));
    const { database: _, ...shared } = standingBy(leader.url);
    assert.deepEqual(await ready.json(), { status: "following", shared });
    delete leader.url;
    assert.equal((await following.fetch(request("/readyz"))).status, 503);
    assert.equal(asked.length, 0);
  }));
