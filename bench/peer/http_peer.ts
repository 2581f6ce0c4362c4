/** A system with an HTTP interface: one request per job, answered when the job is done. */

import { perSecond, quantile } from "../figures.ts";
import { oneInFlight } from "../load/one_in_flight.ts";
import { postFor } from "../load/wrk.ts";
import type { Peer, Throughput } from "./peer.ts";

/** About as long as V8 takes until it has optimized the code of a job; `driver.mjs` has the same. */
const WARM_UP_SECONDS = 5;
const SUBMITTING_SECONDS = 2;

export interface HttpSystem {
  readonly port: number;
  readonly path: string;
  readonly body: string;
  /** The request for a job that is stored but not started, if the system has one. */
  readonly heldBody?: string;
  /** The header `Prefer`. */
  readonly prefer?: string;
  readonly pids: readonly number[];
  /** What is disposed of with it. */
  readonly started: AsyncDisposable;
}

export class HttpPeer implements Peer {
  jobs = 0;

  constructor(private readonly system: HttpSystem) {}

  get pids(): readonly number[] {
    return this.system.pids;
  }

  async load(seconds: number, cpuUs: (pids: readonly number[]) => number): Promise<Throughput> {
    const { port, path, body, prefer = "" } = this.system;
    const load = { url: `http://127.0.0.1:${port}${path}`, body, prefer };
    this.jobs += (await postFor(WARM_UP_SECONDS, load)).answered;
    const before = cpuUs(this.pids);
    const { answered, elapsedMs } = await postFor(seconds, load);
    this.jobs += answered;
    return {
      jobsPerSecond: perSecond(answered, elapsedMs),
      cpuUsPerJob: (cpuUs(this.pids) - before) / answered,
    };
  }

  async latency(seconds: number): Promise<number> {
    const { port, path, body, prefer = "" } = this.system;
    const latencies = await oneInFlight({ port, path, body, prefer, seconds });
    this.jobs += latencies.length;
    return quantile(latencies, 0.5);
  }

  async submissions(seconds: number): Promise<number> {
    const { port, path, heldBody } = this.system;
    if (heldBody === undefined) return NaN;
    const load = { url: `http://127.0.0.1:${port}${path}`, body: heldBody, prefer: "" };
    await postFor(SUBMITTING_SECONDS, load);
    const { answered, elapsedMs } = await postFor(seconds, load);
    return perSecond(answered, elapsedMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.system.started[Symbol.asyncDispose]();
  }
}
