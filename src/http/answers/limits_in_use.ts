/** The limits of this process, with their use. */

import type { StandingLimits } from "../../engine/events/delivery_limits.ts";
import { type GaugedLimit, type LimitName, LIMITS } from "../../documents/refusal.ts";
import type { HttpDeps, Use } from "../http_deps.ts";

export interface LimitInUse extends Use {
  readonly name: LimitName;
  /** What is counted. */
  readonly what: string;
  readonly unit: "bytes" | "count";
}

/** The limits of the engine, if known, then those of the HTTP layer. */
export function limitsInUse(
  { system, requests, openRequests, waiting, streams, bodies, lookBack }: HttpDeps,
): readonly LimitInUse[] {
  const engine = Object.entries(system?.limits() ?? {}).map(([name, use]) =>
    inUse(name as keyof StandingLimits, use)
  );
  const gauges = [requests, openRequests, waiting, streams, bodies.bytes, lookBack];
  const deps = gauges.map(({ limit, open, max }) => inUse(limit, { used: open, max }));
  return [...engine, ...deps];
}

function inUse(name: keyof StandingLimits | GaugedLimit, { used, max }: Use): LimitInUse {
  const { what } = LIMITS[name];
  const unit = what.startsWith("bytes") ? "bytes" : "count";
  return { name, what, unit, used, max };
}
