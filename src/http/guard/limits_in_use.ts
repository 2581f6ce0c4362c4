/** What there may be at a time, and what there is: for the screen of the system and its route. */

import type { StandingLimits } from "../../engine/events/delivery_limits.ts";
import { type GaugedLimit, type LimitName, LIMITS } from "./capacity.ts";
import type { HttpDeps } from "../http_deps.ts";
import type { Use } from "../ports/system_port.ts";

export interface LimitInUse extends Use {
  readonly name: LimitName;
  /** Of what there are as many. */
  readonly what: string;
  /** That sets it, with its dashes; `null` for one that is the same everywhere. */
  readonly flag: string | null;
  readonly unit: "bytes" | "count";
}

/** Those of the engine first, where somebody tells of them; then those of the edge. */
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
  const { what, flag = null } = LIMITS[name];
  const unit = what.startsWith("bytes") ? "bytes" : "count";
  return { name, what, flag, unit, used, max };
}
