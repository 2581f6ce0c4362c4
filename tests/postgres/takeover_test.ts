/** A leader goes, another comes: nothing that was acknowledged is lost, doubled or done twice. */

import assert from "node:assert/strict";
import { DenoFileSystem } from "../../src/journal/deno_file_system.ts";
import { rounds } from "../support/effort.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { Member } from "./members.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";

const DEFINITIONS = new URL("steps.ts", import.meta.url).pathname;

interface Acknowledged {
  readonly ids: string[];
  /** How long each submission took, repetitions included. */
  readonly times: number[];
}

/** Submits jobs one after the other, to all members in turn, until the signal. */
async function submit(
  members: readonly Member[],
  name: string,
  { ids, times }: Acknowledged,
  signal: AbortSignal,
): Promise<void> {
  for (let number = 0; !signal.aborted; number++) {
    const jobId = `${name}-${number}`;
    const began = performance.now();
    for (let turn = number;; turn++) {
      const member = members[turn % members.length];
      try {
        const response = await member?.post("/jobs", { jobId, type: "steps", input: {} });
        await response?.body?.cancel();
        // 409: it was recorded, and the answer was lost.
        if (response?.ok || response?.status === 409) break;
        assert.equal(response?.status, 503);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    ids.push(jobId);
    times.push(performance.now() - began);
  }
}

async function leaderOf(members: readonly Member[]): Promise<Member> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    for (const member of members) if (await member.status() === "ready") return member;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const output = members.map((member) => member.output.join("\n"));
  throw new Error(`no process leads:\n${output.join("\n---\n")}`);
}

/** Each chain follows the one before it, and positions have no gap. */
async function requireOneChain(server: PostgresServer, journal: string): Promise<void> {
  const rows = await server.query(
    `select first, last, prev, chain from daybook_batch where journal = '${journal}' order by first`,
  );
  let [next, chain] = [1, ""];
  for (const row of rows) {
    const [first, last, previous, own = ""] = row.split("|");
    assert.deepEqual([Number(first), previous], [next, chain]);
    [next, chain] = [Number(last) + 1, own];
  }
}

async function requireAllDone(leader: Member, ids: readonly string[]): Promise<void> {
  for (const jobId of ids) {
    await until(`${jobId} has ended`, async () => {
      const { state } = await leader.get(`/jobs/${jobId}`);
      return state === "Done";
    });
    const { entries } = await leader.get(`/jobs/${jobId}/events?limit=100`) as {
      entries: readonly { eventType: string; taskId?: string }[];
    };
    const done = entries.filter(({ eventType }) => eventType === "job.TaskCompleted")
      .map(({ taskId }) => taskId);
    assert.equal(new Set(done).size, done.length, `a step of ${jobId} was completed twice`);
  }
}

testWithPostgres("takeover: leaders are killed under load, and nothing is lost or done twice", (
  server,
) =>
  inFolderKeptOnFailure(async (folder) => {
    const journal = server.url("shop");
    const members = ["a", "b"].map((name) =>
      new Member({ journal, folder: `${folder}/${name}`, definitions: DEFINITIONS })
    );
    for (const member of members) member.start();
    await leaderOf(members);
    const acknowledged: Acknowledged = { ids: [], times: [] };
    const end = new AbortController();
    const load = Promise.all(
      Array.from({ length: 4 }, (_, client) =>
        submit(members, `client${client}`, acknowledged, end.signal)),
    );
    for (let kill = 0; kill < rounds(3, 100); kill++) {
      await new Promise((resolve) =>
        setTimeout(resolve, 500 + 1_500 * Math.random())
      );
      const leader = await leaderOf(members);
      await leader.kill();
      await leaderOf(members);
      leader.start();
      await leader.is("following");
    }
    end.abort();
    await load;
    const leader = await leaderOf(members);
    await requireAllDone(leader, acknowledged.ids);
    const follower = members.find((member) => member !== leader);
    await follower?.stop();
    assert.equal(await leader.stop(), 0);
    await requireOneChain(server, "shop");
    const slowest = Math.max(...acknowledged.times);
    console.log(
      `takeover: ${acknowledged.ids.length} acknowledged, none lost; the slowest submission ` +
        `took ${slowest.toFixed(0)} ms`,
    );
    for (const member of members) {
      const verified = await journalCommand(new DenoFileSystem(), [
        "verify",
        "--journal",
        member.folder,
      ]);
      assert.equal(verified.code, 0, verified.err.join("\n"));
    }
  }));
