/** All hostile clients at once beside a load of a thousand jobs a second, which is not affected. */

import assert from "node:assert/strict";
import { probing, slowness, type Wait } from "./probe.ts";
import type { DaybookProcess } from "../support/process/daybook_process.ts";
import { rounds } from "../support/effort.ts";
import { withHostedServer } from "./hosted_server.ts";
import { hostileCrowd } from "./hostile_worker.ts";
import { peakMebibytes, processorWaitMs } from "./memory_use.ts";

/** The most unanswered requests, so that the test itself continues. */
const UNANSWERED_MAX = 1_000;
const TICK_MS = 10;

/**
 * Jobs at a fixed pace without waiting for answers, one per request, and a probe beside them. Each
 * is an empty plan, which is done at once: it is created, started and ends, with three entries.
 */
class PacedLoad {
  readonly #headers: Readonly<Record<string, string>>;
  /** Numbers of the jobs that were acknowledged. */
  readonly acknowledged = new Set<number>();
  /** Statuses other than 202, and how often. */
  readonly refusals = new Map<string, number>();
  /** Of each answer of `/livez`. */
  probed: readonly Wait[] = [];
  #sent = 0;
  #unanswered = 0;

  /** @param pid Of the server. */
  constructor(private readonly url: string, token: string, readonly pid: number) {
    this.#headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  }

  static jobId(number: number): string {
    return `load-${number}`;
  }

  /** Resolves when the time is over and every request was answered. */
  async run(perSecond: number, durationMs: number): Promise<void> {
    const began = performance.now();
    const probe = await probing({ urls: [`${this.url}/livez`], pid: this.pid });
    const sent: Promise<void>[] = [];
    for (let ms = 0; ms < durationMs; ms = performance.now() - began) {
      for (const due = ms * perSecond / 1_000; this.#sent < due && this.#hasRoom;) {
        sent.push(this.#send(this.#sent++));
      }
      if (sent.length > 10 * UNANSWERED_MAX) sent.splice(0, sent.length - UNANSWERED_MAX);
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    await Promise.all(sent);
    [this.probed = []] = await probe.end();
  }

  get #hasRoom(): boolean {
    return this.#unanswered < UNANSWERED_MAX;
  }

  async #send(number: number): Promise<void> {
    const body = JSON.stringify({ jobId: PacedLoad.jobId(number), plan: { expected: [] } });
    this.#unanswered++;
    const refusal = await this.#refusalOf({ method: "POST", headers: this.#headers, body });
    this.#unanswered--;
    if (refusal === undefined) this.acknowledged.add(number);
    else this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
  }

  async #refusalOf(init: RequestInit): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.url}/jobs`, init);
      const text = await response.text();
      return response.status === 202 ? undefined : `${response.status} ${text.slice(0, 300)}`;
    } catch (error) {
      return String(error);
    }
  }
}

/** The variable that sets another duration for the long form. */
const SECONDS = Number(Deno.env.get("DAYBOOK_CROWD_SECONDS") ?? rounds(5, 3_600));
const JOBS_PER_SECOND = rounds(400, 1_000);
/** The minimum share of acknowledged jobs, unless the machine is busy. */
const SHARE_MIN = rounds(0.125, 0.95);
/** The p99 of `/livez`; in five seconds that is hardly more than the slowest few. */
const PROBE_MS_MAX = rounds(1_000, 100);
/**
 * The clients are on the same machine: time in which the server waits for a processor is not its
 * fault.
 */
const ownMs = ({ tookMs, starvedMs }: Wait) => tookMs - starvedMs;
/**
 * The share of time that the server may wait for a processor before the measurement is meaningless.
 */
const STARVED_MAX = 0.1;

/** The median, the p99 and the maximum. */
type Quantiles = readonly [number, number, number];

function quantiles(times: readonly number[]): Quantiles {
  const ascending = times.toSorted((left, right) => left - right);
  const at = (fraction: number) =>
    ascending[Math.min(ascending.length - 1, Math.floor(fraction * ascending.length))] ?? NaN;
  return [at(0.5), at(0.99), at(1)];
}

function textOf(times: Quantiles): string {
  return times.map((ms) => ms.toFixed(1)).join(", ");
}

/** The numbers of the jobs on a server. */
async function jobsOf(server: DaybookProcess): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let cursor = ""; cursor !== "end";) {
    const { jobs, nextCursor } = await server.get(`/jobs?limit=500${cursor}`) as {
      jobs: { jobId: string }[];
      nextCursor: string | null;
    };
    for (const { jobId } of jobs) found.add(jobId);
    cursor = nextCursor ? `&cursor=${encodeURIComponent(nextCursor)}` : "end";
  }
  return found;
}

async function signIn(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/ui/sign-in`, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ token }),
  });
  await response.body?.cancel();
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

async function statusWith(url: string, cookie: string): Promise<number> {
  const response = await fetch(`${url}/jobs?limit=1`, { headers: { cookie } });
  await response.body?.cancel();
  return response.status;
}

Deno.test(`hostile crowd: normal requests beside it are neither refused nor lost, for ${SECONDS} seconds`, () =>
  withHostedServer({ bodyTimeMs: 2_000 }, async ({ server, pid, target, operator, restarted }) => {
    const cookie = await signIn(server.url, operator);
    const load = new PacedLoad(server.url, operator, pid);
    const durationMs = SECONDS * 1_000;
    const waitedMs = await processorWaitMs(pid);
    const [crowd] = await Promise.all([
      hostileCrowd({ target, durationMs }),
      load.run(JOBS_PER_SECOND, durationMs),
    ]);
    const starved = (await processorWaitMs(pid) - waitedMs) / durationMs;
    const took = quantiles(load.probed.map(({ tookMs }) => tookMs));
    const own = quantiles(load.probed.map(ownMs));
    console.log(
      `hostile crowd: ${load.acknowledged.size} jobs in ${SECONDS} s beside ${crowd.connections} ` +
        `connections of ${crowd.waves} waves (${crowd.refused} not taken); /livez p50, p99, longest: ` +
        `${textOf(took)} ms, of its own doing ${textOf(own)}; of the time ` +
        `${(100 * starved).toFixed(0)} % without a processor; ` +
        `${(await peakMebibytes(pid)).toFixed(0)} MiB at most`,
    );
    assert.deepEqual([...load.refusals], []);
    if (starved < STARVED_MAX) {
      const times = slowness();
      const least = SHARE_MIN * JOBS_PER_SECOND * SECONDS / times;
      assert.ok(load.acknowledged.size > least, `${load.acknowledged.size} jobs only`);
      assert.ok(own[1] < times * PROBE_MS_MAX, `/livez took ${textOf(own)} ms`);
    }
    assert.equal(await statusWith(server.url, cookie), 200, "another's session has ended");
    assert.deepEqual(server.output.filter((line) => /defect|uncaught|unhandled/.test(line)), []);

    const found = await jobsOf(await restarted());
    const lost = [...load.acknowledged].filter((number) => !found.has(PacedLoad.jobId(number)));
    assert.deepEqual(lost, []);
  }));
