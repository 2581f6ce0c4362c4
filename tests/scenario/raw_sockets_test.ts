/** The real process under malformed requests: it answers or closes, and keeps serving. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { rounds } from "../support/effort.ts";
import { RAW_CASES } from "./raw_requests.ts";
import {
  bodyFor,
  exchange,
  type RawAnswer,
  type RawCase,
  statusesIn,
} from "../support/http/raw_socket.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS } from "../support/until.ts";

const PATIENCE = { answerMs: PATIENCE_MS, quietMs: 500 };
const BODY_TIME_MS = 2_000;

function assertAnswered({ name, statuses, leaves }: RawCase, answer: RawAnswer): void {
  const given = statusesIn(answer);
  const said = `${name}: ${JSON.stringify(answer.text.slice(0, 300))}`;
  assert.ok(given.every((status) => status < 500), said);
  if (leaves !== true) assert.ok(given.length > 0 || answer.closed, `no answer to ${said}`);
  if (statuses === undefined) return;
  assert.equal(given.length, statuses.length, said);
  given.forEach((status, index) => assert.ok(statuses[index]?.includes(status), said));
}

async function jobsOf(server: DaybookProcess): Promise<readonly string[]> {
  const { jobs } = await server.get("/jobs?limit=500") as { jobs: { jobId: string }[] };
  return jobs.map(({ jobId }) => jobId).toSorted();
}

Deno.test("raw sockets: no case breaks the server, hangs, or smuggles a request", async () => {
  await inFolder(async (folder) => {
    const server = await DaybookProcess.start({
      journal: folder,
      limits: { bodyTimeMs: BODY_TIME_MS },
    });
    try {
      const port = Number(new URL(server.url).port);
      await (await server.post("/jobs", JSON.parse(bodyFor("known")))).body?.cancel();
      for (let round = 0; round < rounds(1, 10); round++) {
        const answers = await Promise.all(RAW_CASES.map((one) => exchange(port, one, PATIENCE)));
        // An existing job is a conflict in later rounds.
        if (round === 0) {
          RAW_CASES.forEach((one, index) => assertAnswered(one, answers[index] as RawAnswer));
        }
      }
      const created = RAW_CASES.flatMap(({ creates = [] }) => creates);
      assert.deepEqual(await jobsOf(server), ["known", ...created].toSorted());
      assert.deepEqual(await server.get("/livez"), { status: "live" });
      assert.deepEqual(
        server.output.filter((line) => /daybook: (?!the event loop)|panic/.test(line)),
        [],
      );
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });
});

/** A server that handles anything that looks like a request, even in a body. */
async function carelessServer(): Promise<Deno.TcpListener> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (connection: Deno.Conn) => {
    const buffer = new Uint8Array(65_536);
    try {
      for (let count = await connection.read(buffer); count !== null;) {
        const heads =
          new TextDecoder().decode(buffer.subarray(0, count)).match(/HTTP\/1\.1\r\n/g) ?? [];
        const answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".repeat(heads.length);
        await connection.write(new TextEncoder().encode(answer));
        count = await connection.read(buffer);
      }
    } catch {
      // The client left.
    }
    connection.close();
  };
  (async () => {
    for await (const connection of listener) void serve(connection);
  })();
  return await Promise.resolve(listener);
}

Deno.test("raw sockets: a server that parses requests inside bodies, or does not answer, is caught", async () => {
  const listener = await carelessServer();
  const { port } = listener.addr;
  const caught: string[] = [];
  await Promise.all(RAW_CASES.map(async (one) => {
    try {
      assertAnswered(one, await exchange(port, one, { answerMs: 500, quietMs: 200 }));
    } catch {
      caught.push(one.name);
    }
  }));
  listener.close();
  for (
    const name of [
      "two lengths that differ",
      "a request in the body for a path that is none",
      "TLS",
    ]
  ) {
    assert.ok(caught.includes(name), `not caught: ${name}`);
  }
});
