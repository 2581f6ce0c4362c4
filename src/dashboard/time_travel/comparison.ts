/** Compares two points of a job's life, as the path of a page names them. */

import type { Hold } from "../../engine/queries/entry_pages.ts";
import type { JobId } from "../../core/ids.ts";
import type { Point } from "../../core/point.ts";
import type { PointDifference } from "../../engine/requests.ts";
import { valueOf } from "../../http/problems/engine_problem.ts";
import type { EnginePort } from "../../http/ports/engine_port.ts";
import { Problem } from "../../http/problems/problem.ts";

export interface Comparison {
  readonly difference?: PointDifference;
  /** Why the points cannot be compared, in words. */
  readonly refusal?: string;
}

/** Nothing, when no point is given to go from. */
export async function comparison(
  engine: EnginePort,
  jobId: JobId,
  from: Point | undefined,
  to: Point | undefined,
  hold: Hold,
): Promise<Comparison> {
  if (from === undefined) return {};
  try {
    return { difference: valueOf(await engine.diff(jobId, from, to, hold)) };
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== "unknown-point") throw error;
    return { refusal: error.message };
  }
}
