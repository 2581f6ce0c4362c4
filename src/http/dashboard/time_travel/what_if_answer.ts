/** Asks what the what-if form asks, and finds what on record it is compared with. */

import type { JobId } from "../../../core/ids.ts";
import type { JobState } from "../../../core/job_state.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { ReplayStep } from "../../../core/replay_steps.ts";
import type { Supposition } from "../../../core/supposition.ts";
import type { WhatIfReport } from "../../../engine/replays.ts";
import { valueOf } from "../../engine_problem.ts";
import type { EnginePort } from "../../engine_port.ts";
import { Problem } from "../../problem.ts";
import { suppositionOf } from "../../supposition_schema.ts";
import { type FieldIssue, fieldIssues, whatIfDocument, type WhatIfForm } from "./what_if_form.ts";

export interface WhatIfAnswered {
  readonly report: WhatIfReport;
  /** Up to the same point. */
  readonly recorded: { readonly job: JobState; readonly steps: readonly ReplayStep[] };
}

export interface Asked {
  /** As the API would be asked. */
  readonly document: JsonObject;
  /** What is wrong with it; then there is no answer. */
  readonly issues: readonly FieldIssue[];
  readonly answer?: WhatIfAnswered;
}

/** @param presentPlan What the field for the plan held before anybody edited it. */
export async function askWhatIf(
  engine: EnginePort,
  jobId: JobId,
  form: WhatIfForm,
  presentPlan: JsonObject,
): Promise<Asked> {
  const { document, issues } = whatIfDocument(form, presentPlan);
  if (issues.length > 0) return { document, issues };
  try {
    const supposition = suppositionOf(document, jobId);
    const report = valueOf(await engine.whatIf(jobId, supposition));
    const recorded = await recordedUpTo(engine, jobId, supposition, report);
    return { document, issues, answer: { report, recorded } };
  } catch (error) {
    const found = error instanceof Problem ? fieldIssues(error.members.errors ?? []) : [];
    if (found.length === 0) throw error;
    return { document, issues: found };
  }
}

/**
 * What is on record up to where the supposition ends. A point that only the supposed history
 * has, such as an event that never reached the job, ends the record before its position.
 */
async function recordedUpTo(
  engine: EnginePort,
  jobId: JobId,
  { upTo }: Supposition,
  { steps }: WhatIfReport,
): Promise<WhatIfAnswered["recorded"]> {
  const replayed = await engine.replay(jobId, upTo);
  if (replayed.ok) return replayed.value;
  const last = Math.floor(steps.at(-1)?.logId ?? 0);
  return valueOf(await engine.replay(jobId, { kind: "logId", logId: last }));
}
