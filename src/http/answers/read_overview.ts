/** What the overview tells, read in one place: its page and its route are of the same. */

import type { Census, HeldPause, NeedingAttention } from "../../engine/requests.ts";
import type { HttpDeps } from "../http_deps.ts";
import {
  type FailingType,
  type Trend,
  TREND_SPANS,
  type TrendSpan,
} from "../ports/overview_port.ts";
import { choice, single } from "../requests/query_parameters.ts";

const SPAN_NAMES = Object.keys(TREND_SPANS) as TrendSpan[];

export const SPAN_PARAMETER = {
  span: single(choice(SPAN_NAMES), "How far back the trend goes; 10m when absent."),
};

export const DEFAULT_SPAN: TrendSpan = "10m";

/** What is counted while the process runs. */
export interface Counts {
  readonly span: TrendSpan;
  /** Since when, in milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly trend: Trend;
  readonly failingTypes: readonly FailingType[];
  /** Bytes; `undefined` when that cannot be told. */
  readonly diskFree: number | undefined;
}

export interface Overview {
  readonly census: Census;
  readonly pauses: readonly HeldPause[];
  readonly attention: NeedingAttention;
  /** `undefined` where nobody counts over time. */
  readonly counts: Counts | undefined;
}

export async function readOverview(
  { engine, overview }: HttpDeps,
  span: TrendSpan,
): Promise<Overview> {
  const [attention, diskFree] = await Promise.all([
    engine.survey.needingAttention(),
    overview?.diskFree(),
  ]);
  const counts = overview === undefined ? undefined : {
    span,
    sinceMs: overview.sinceMs,
    trend: overview.trend(span),
    failingTypes: overview.failingTypes(),
    diskFree,
  };
  return { census: engine.survey.census(), pauses: engine.pauses.all(), attention, counts };
}
