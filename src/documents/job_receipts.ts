/** Creates checked jobs, and returns a receipt for each, in order. */

import { present } from "../core/json.ts";
import type { JobId } from "../core/ids.ts";
import type { StateName } from "../core/job_state.ts";
import type { Created, Outcome } from "../engine/requests.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import { refusalOfFailure, toRefusal } from "./engine_refusal.ts";
import type { Refusal, RefusalKind, RefusalMembers } from "./refusal.ts";
import { pointedIssues } from "./one_or_many.ts";
import type { JudgedJob } from "./job_documents.ts";
import type { PointedIssue } from "./fields.ts";

export interface JobReceipt {
  readonly jobId: string | null;
  readonly disposition: "created" | "duplicate" | "rejected";
  readonly state?: StateName;
  /** The kind of the refusal. */
  readonly refusal?: RefusalKind;
  readonly reason?: string;
  /** Pointers into the array of jobs. */
  readonly errors?: readonly PointedIssue[];
  readonly limit?: RefusalMembers["limit"];
}

/**
 * @throws {Refusal} if none could be recorded, all for the same reason, such as a full disk or a
 * limit: the whole request may then be sent again.
 */
export async function createAll(
  engine: JobEngine,
  judged: readonly JudgedJob[],
): Promise<readonly JobReceipt[]> {
  const requests = judged.filter((one) => one.valid).map(({ request }) => request);
  const results = await engine.createAll(requests);
  const [first] = results;
  if (first?.status === "rejected" && results.every(({ status }) => status === "rejected")) {
    throw first.reason;
  }
  const settled = results.values();
  return judged.map((one, index) => {
    if (!one.valid) return rejectedReceipt(one.refusal, one.jobId, `/${index}`);
    const { done, value } = settled.next();
    if (done) throw new TypeError("Cannot answer: the engine gave fewer results than jobs");
    return jobReceipt(value, one.request.jobId ?? null, `/${index}`);
  });
}

function jobReceipt(
  result: PromiseSettledResult<Outcome<Created>>,
  given: JobId | null,
  at: string,
): JobReceipt {
  if (result.status === "rejected") return rejectedReceipt(asRefusal(result.reason), given, at);
  const outcome = result.value;
  if (!outcome.ok) return rejectedReceipt(toRefusal(outcome.problem), given, at);
  const { job, replayed } = outcome.value;
  const { jobId, state } = job;
  return { jobId, disposition: replayed ? "duplicate" : "created", state };
}

function asRefusal(error: unknown): Refusal {
  const refusal = error instanceof Error ? refusalOfFailure(error) : undefined;
  if (refusal === undefined) throw error;
  return refusal;
}

function rejectedReceipt(refusal: Refusal, jobId: string | null, at: string): JobReceipt {
  const { errors, limit } = refusal.members;
  return {
    jobId,
    disposition: "rejected",
    refusal: refusal.kind,
    reason: refusal.message,
    ...present({ errors: errors && pointedIssues(refusal, at), limit }),
  };
}
