/** Limits in the real process are enforced, and then released. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { bodyFor } from "../support/http/raw_socket.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

function order(jobId: string): object {
  return JSON.parse(bodyFor(jobId));
}

/** Returns the number of requests with each status; streams stay open. */
function tally(responses: readonly Response[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function dropAll(responses: readonly Response[]): Promise<void> {
  for (const { body } of responses) await body?.cancel();
}

function times<Value>(count: number, make: (index: number) => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}

/**
 * Retries until the answer is the expected one, because a client that leaves is noticed a little
 * later.
 */
async function untilStatus(status: number, send: () => Promise<Response>): Promise<void> {
  await until(`answers ${status}`, async () => {
    const response = await send();
    await response.body?.cancel();
    return response.status === status;
  });
}

Deno.test("limits: of simultaneous requests only as many are accepted as there is room for, and later more", async () => {
  await inFolder(async (folder) => {
    const server = await DaybookProcess.start({
      journal: folder,
      limits: { jobsMax: 7, streamsMax: 5, waitingMax: 3 },
    });
    try {
      const jobs = await times(40, (index) => server.post("/jobs", order(`j${index}`)));
      assert.deepEqual(tally(jobs), { 202: 7, 503: 33 });
      const taken = jobs.find(({ status }) => status === 202)?.headers.get("location") ?? "";
      await dropAll(jobs);

      const streams = await times(40, () => fetch(`${server.url}/stream`));
      assert.deepEqual(tally(streams), { 200: 5, 503: 35 });
      await dropAll(streams);
      await untilStatus(200, () => fetch(`${server.url}/stream`));

      const leave = new AbortController();
      const poll = (signal: AbortSignal | null, seconds: number) =>
        fetch(server.url + taken, { headers: { prefer: `wait=${seconds}` }, signal });
      const polls: Promise<void>[] = [];
      // One after the other, since a short one among them would give its place back.
      await until("all places are taken", async () => {
        const answer = poll(leave.signal, 60);
        polls.push(answer.then(() => {}, () => {}));
        const late = new Promise<void>((resolve) => setTimeout(resolve, 500));
        const first = await Promise.race([answer, late]);
        return first instanceof Response && first.status === 503;
      });
      leave.abort();
      await Promise.all(polls);
      await untilStatus(200, () => poll(null, 1));
      // These disconnect before the server watches for it.
      const began = performance.now();
      await times(3, () => poll(AbortSignal.timeout(50), 60)).catch(() => {});
      await untilStatus(200, () => poll(null, 1));
      assert.ok(performance.now() - began < 55_000, "their waits took all of their time");

      await dropAll([await server.post(`${taken}/cancel`, {})]);
      await untilStatus(202, () => server.post("/jobs", order("again")));
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });
});
