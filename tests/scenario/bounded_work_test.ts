/**
 * What one client may ask of the real process, while others are served. Each of these stopped
 * everybody for seconds, and the first ended the process.
 */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/daybook_process.ts";
import { residentMebibytes } from "../support/memory_use.ts";
import { inFolder } from "../support/temporary_folder.ts";

/** Ten times what is promised for an idle machine: others may be busy on this one. */
const WAIT_MAX_MS = 1_000;

const EVENT = "shop.Happened";

/** How long a probe, and a read of a job, waited at most while something else was done. */
async function waitsDuring(
  server: DaybookProcess,
  job: string,
  act: () => Promise<void>,
): Promise<number> {
  let longest = 0;
  let goesOn = true;
  const probing = ["/livez", `/jobs/${job}`].map(async (path) => {
    while (goesOn) {
      const began = performance.now();
      const response = await fetch(server.url + path);
      await response.body?.cancel();
      assert.equal(response.status, 200, path);
      longest = Math.max(longest, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  try {
    await act();
  } finally {
    goesOn = false;
    await Promise.all(probing);
  }
  return longest;
}

async function createJobs(
  server: DaybookProcess,
  count: number,
  bodyOf: (index: number) => object,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const response = await server.post("/jobs", bodyOf(next++));
      assert.equal(response.status, 202, await response.text());
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

function expectations(count: number, more: (index: number) => object = () => ({})): object[] {
  const multiplicity = { times: 1_000 };
  return Array.from(
    { length: count },
    (_, index) => ({ id: `e${index}`, eventType: EVENT, multiplicity, ...more(index) }),
  );
}

function events(count: number, more: object = {}): object[] {
  return Array.from(
    { length: count },
    (_, n) => ({ eventType: EVENT, eventId: `ev-${n}`, ...more }),
  );
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function sent(server: DaybookProcess, body: object): Promise<Answer> {
  const response = await server.post("/events", body);
  return { status: response.status, text: await response.text() };
}

async function got(server: DaybookProcess, path: string): Promise<Answer> {
  const response = await fetch(server.url + path);
  return { status: response.status, text: await response.text() };
}

function dispositions(text: string): ReadonlySet<string> {
  const { receipts } = JSON.parse(text) as { receipts: { disposition: string }[] };
  return new Set(receipts.map(({ disposition }) => disposition));
}

/** A server with a job that has nothing to do with what is asked of it. */
async function withServer(
  setUp: (server: DaybookProcess) => Promise<void>,
  ask: (server: DaybookProcess) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const server = await DaybookProcess.start({ journal: folder });
    try {
      const plan = { expected: [{ id: "other", eventType: "shop.Other" }] };
      await createJobs(server, 1, () => ({ jobId: "other", plan }));
      await setUp(server);
      const waited = await waitsDuring(server, "other", () => ask(server));
      assert.ok(waited < WAIT_MAX_MS, `others waited ${Math.round(waited)} ms`);
    } finally {
      await server.stop();
    }
  });
}

Deno.test("bounded: events that each match two thousand expectations", async () => {
  await withServer(
    (server) => createJobs(server, 2, () => ({ plan: { expected: expectations(1_000) } })),
    async (server) => {
      const { status, text } = await sent(server, events(400));
      assert.equal(status, 200);
      assert.deepEqual([...dispositions(text)], ["matched"]);
      assert.ok(text.length < 2_000_000, `${text.length} characters`);
      const { process } = await server.get("/system") as { process: { pid: number } };
      const resident = await residentMebibytes(process.pid);
      assert.ok(resident < 500, `${Math.round(resident)} MiB`);
    },
  );
});

Deno.test("bounded: events for more jobs than one may reach, and for nearly as many", async () => {
  const planOf = (eventType: string) => ({
    plan: { expected: [{ id: "e", eventType, multiplicity: { times: 1_000 } }] },
  });
  await withServer(
    (server) => createJobs(server, 2_600, (index) => planOf(index < 1_700 ? EVENT : "shop.Nearly")),
    async (server) => {
      const refused = await sent(server, events(60));
      assert.equal(refused.status, 503);
      assert.match(refused.text, /--max-fan-out/);

      const nearly = await sent(server, events(40, { eventType: "shop.Nearly" }));
      assert.deepEqual([...dispositions(nearly.text)], ["matched", "rejected"]);
      assert.match(nearly.text, /"limit":\{"flag":"--max-entries","max":20000\}/);
      assert.ok(nearly.text.length < 1_000_000, `${nearly.text.length} characters`);
    },
  );
});

Deno.test("bounded: events that are compared with very many clauses, and matched by none", async () => {
  const none = (job: number) => [
    ...Array.from({ length: 299 }, (_, n) => ({ not: { equals: { [`p${n}`]: job } } })),
    { not: "any" },
  ];
  await withServer(
    (server) =>
      createJobs(server, 250, (job) => ({
        plan: { expected: expectations(1, () => ({ correlation: { all: none(job) } })) },
      })),
    async (server) => {
      const attributes = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`q${n}`, "x"]));
      const { status, text } = await sent(server, events(150, { attributes }));
      assert.equal(status, 200);
      assert.deepEqual([...dispositions(text)], ["recorded"]);
    },
  );
});

Deno.test("bounded: the explanation and the replay of a long job", async () => {
  await withServer(
    async (server) => {
      const plan = { expected: expectations(101, () => ({ multiplicity: { times: 10_000 } })) };
      await createJobs(server, 1, () => ({ jobId: "long", plan }));
      for (let batch = 0; batch < 6; batch++) {
        const { status } = await sent(server, events(1_000, { jobId: "long", eventId: undefined }));
        assert.equal(status, 200);
      }
    },
    async (server) => {
      const explained = await got(server, "/jobs/long/explain");
      assert.ok(explained.text.length < 500_000, `${explained.text.length} characters`);
      assert.match(explained.text, /"summedUp":\{"entries":\{"count":1002,/);
      const replayed = await got(server, "/jobs/long/replay");
      assert.ok(replayed.text.length < 6_000_000, `${replayed.text.length} characters`);
      assert.ok(JSON.parse(replayed.text).nextCursor);
    },
  );
});
