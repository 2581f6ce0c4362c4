/**
 * All hostile clients, wave after wave, in a separate thread, so that they do not slow down the
 * test.
 */

import { setPriority } from "node:os";
import { Crowd, HOSTILE_CLIENTS, type Target } from "./hostile_clients.ts";

export interface CrowdOrder {
  readonly target: Target;
  readonly durationMs: number;
}

export interface CrowdReport {
  readonly waves: number;
  readonly connections: number;
  /** Connections that were not accepted. */
  readonly refused: number;
}

/** Then the clients that stayed leave too: one person has a limited number of connections. */
const WAVES_TO_STAY = 5;
const REST_MS = 500;
const LOWEST_PRIORITY = 19;

async function play({ target, durationMs }: CrowdOrder): Promise<CrowdReport> {
  const end = performance.now() + durationMs;
  const counts = { waves: 0, connections: 0, refused: 0 };
  while (performance.now() < end) {
    using staying = new Crowd(target.port);
    for (let wave = 0; wave < WAVES_TO_STAY && performance.now() < end; wave++) {
      using leaving = new Crowd(target.port);
      const attacks = HOSTILE_CLIENTS.map(({ stays, attack }) =>
        attack(stays ? staying : leaving, target)
      );
      await Promise.all(attacks);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      counts.waves++;
      counts.connections += leaving.size;
      counts.refused += leaving.refused;
    }
    counts.connections += staying.size;
    counts.refused += staying.refused;
  }
  return counts;
}

/** Resolves when the time is over. */
export async function hostileCrowd(order: CrowdOrder): Promise<CrowdReport> {
  const worker = new Worker(import.meta.url, { type: "module" });
  try {
    return await new Promise<CrowdReport>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<CrowdReport>) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(order);
    });
  } finally {
    worker.terminate();
  }
}

/** The worker's `postMessage`, which has no target origin. */
interface WorkerScope {
  onmessage: (event: MessageEvent<CrowdOrder>) => void;
  postMessage(report: CrowdReport): void;
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as WorkerScope;
  // Real attackers have their own machines. Here they get what the server leaves of two processors.
  // On Linux this concerns this thread alone.
  if (Deno.build.os === "linux") setPriority(0, LOWEST_PRIORITY);
  scope.onmessage = async ({ data }) => scope.postMessage(await play(data));
}
