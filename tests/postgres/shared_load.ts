/** Clients of processes that share a journal, and what must hold in the end, whatever happened. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { systemClock } from "../../src/server/system.ts";
import { ResumingReader } from "../scenario/stream_reader.ts";
import { JobModel } from "../simulation/job_model.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";
import { runJournal } from "../support/process/journal_command.ts";
import { PATIENCE_MS, pause, until } from "../support/until.ts";
import type { Member } from "./members.ts";

interface Database {
  /** Returns the first column of each row of a query. */
  query(sql: string): Promise<readonly string[]>;
  /** The address of a journal. */
  url(journal: string): string;
}

export const CLIENTS = 4;
/** The time limit of a request: a process that is cut off does not answer. */
const ANSWER_MS_MAX = 4_000;
/**
 * The delay between two submissions of a client, so that the judged history does not grow forever.
 */
const BETWEEN_MS = 40;

export class SharedLoad {
  readonly #acknowledged: string[] = [];
  /** How long each submission took, including repetitions. */
  readonly #times: number[] = [];
  readonly #end = new AbortController();
  readonly #reader = new ResumingReader();
  readonly #submitting: Promise<unknown>;
  readonly #reading: Promise<unknown>;

  constructor(private readonly members: readonly Member[]) {
    const clients = Array.from({ length: CLIENTS }, (_, client) => this.#submit(`client${client}`));
    this.#submitting = Promise.all(clients);
    this.#reading = this.#read();
    // They are awaited in the end.
    for (const running of [this.#submitting, this.#reading]) running.catch(() => {});
  }

  get acknowledged(): readonly string[] {
    return this.#acknowledged;
  }

  /** Resolves when some more have been acknowledged. */
  async acknowledges(): Promise<void> {
    const before = this.#acknowledged.length;
    const isMore = () => this.#acknowledged.length > before + CLIENTS;
    await Promise.race([this.#submitting, until("more is acknowledged", isMore)]);
  }

  /** Acknowledged submissions, and their times. */
  get told(): string {
    const sorted = this.#times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(0);
    return `${sorted.length} acknowledged, none lost; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ` +
      `the slowest ${at(1)} ms`;
  }

  /** Submits jobs one after the other, to all members in turn. */
  async #submit(name: string): Promise<void> {
    for (let number = 0; !this.#end.signal.aborted; number++) {
      const jobId = `${name}-${number}`;
      const began = performance.now();
      for (let turn = number; !await this.#accepts(turn, jobId); turn++) {
        if (this.#end.signal.aborted) return;
        await pause(20);
      }
      this.#acknowledged.push(jobId);
      this.#times.push(performance.now() - began);
      await pause(BETWEEN_MS);
    }
  }

  async #accepts(turn: number, jobId: string): Promise<boolean> {
    const member = this.members[turn % this.members.length];
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), ANSWER_MS_MAX);
    const { signal } = patience;
    try {
      const response = await member?.post("/jobs", { jobId, type: "steps", input: {} }, signal);
      const text = await response?.text();
      // 409: it was recorded, and the answer was lost.
      if (response?.ok || response?.status === 409) return true;
      assert.equal(response?.status, 503, text);
    } catch (error) {
      if (!(error instanceof TypeError) && !signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    return false;
  }

  /** A stream that is resumed on another process whenever it ends. */
  async #read(): Promise<void> {
    for (let turn = 0; !this.#reader.isStopped; turn++) {
      const member = this.members[turn % this.members.length];
      if (member !== undefined) await this.#reader.readFrom(member.url, member.headers);
      await pause(20);
    }
  }

  /** Stops submitting. */
  async giveUp(): Promise<void> {
    this.#end.abort();
    await this.#submitting;
    this.#reader.stop();
    await this.#reading;
  }

  /** Stops submitting, waits for all jobs, stops all processes and judges the result. */
  async judge(server: Database, journal: string): Promise<void> {
    const leader = await leaderOf(this.members);
    this.#end.abort();
    await this.#submitting;
    await until("every job has ended", async () => {
      const lists = await Promise.all(
        ["Created", "Running"].map((state) =>
          leader.get(`/jobs?state=${state}&limit=1`) as Promise<{ jobs: readonly unknown[] }>
        ),
      );
      return lists.every(({ jobs }) => jobs.length === 0);
    });
    const { head } = await leader.get("/journal") as { head: { logId: number } };
    await until("the stream has come to the end", () => this.#reader.lastId >= head.logId);
    this.#reader.stop();
    await this.#reading;
    for (const member of this.members) if (member !== leader) await member.stop();
    assert.equal(await leader.stop(), 0, leader.output.join("\n"));
    await requireOneChain(server, journal);
    await this.#requireAllOnce(leader.folder);
    this.#reader.messages.forEach(({ id }, index) => assert.equal(id, index + 1));
    for (const { folder } of this.members) {
      const verified = await runJournal(
        ["verify", "--journal", folder, "--against", server.url(journal), "--no-server"],
        { tools: { clock: systemClock } },
      );
      assert.equal(verified.code, 0, verified.err.join("\n"));
    }
  }

  /** All acknowledged jobs have ended, and no step was completed twice. */
  async #requireAllOnce(folder: string): Promise<void> {
    const violations: string[] = [];
    const model = new JobModel((what) => violations.push(what), () => 0);
    const { entries } = await readIndependently(folder);
    for (const entry of entries) model.see(entry as unknown as JobEventLogEntry);
    for (const jobId of this.#acknowledged) {
      if (model.jobs.get(jobId)?.state !== "Done") violations.push(`${jobId} is not done`);
    }
    for (const { jobId, state } of model.unfinished) violations.push(`${jobId} is ${state}`);
    assert.deepEqual(violations, []);
  }
}

/** The leading process; waits until there is one. */
export async function leaderOf(members: readonly Member[]): Promise<Member> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    for (const member of members) if (await member.status() === "ready") return member;
    await pause(20);
  }
  const output = members.map((member) => member.output.join("\n"));
  throw new Error(`no process leads:\n${output.join("\n---\n")}`);
}

const GONE =
  /the database ends at logId (\d+), and lacks the entries acknowledged after it, from logId (\d+) on: (\d+) entr/;

/** It ended because history is gone, and said from which position on. */
export async function requireNoticed(member: Member, lastLogId: number): Promise<void> {
  assert.equal(await member.ended(), 78, member.output.join("\n"));
  const [, last, from, lost] = GONE.exec(member.output.join("\n")) ?? [];
  assert.deepEqual([Number(last), Number(from)], [lastLogId, lastLogId + 1]);
  assert.ok(Number(lost) > 0);
}

/** Each chain follows its predecessor, and positions have no gap. */
export async function requireOneChain(server: Database, journal: string): Promise<void> {
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
