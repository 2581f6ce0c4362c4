/** Creates judged jobs, and gives a receipt for each in its place. */

import type { JobId } from "../../core/ids.ts";
import type { StateName } from "../../core/job_state.ts";
import type { Created, Outcome } from "../../engine/requests.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { problemOf, problemOfFailure } from "../problems/engine_problem.ts";
import { type Problem, type ProblemMembers, problemType } from "../problems/problem.ts";
import { issuesOf } from "../requests/one_or_many.ts";
import type { JudgedJob } from "../requests/job_documents.ts";
import type { PointedIssue } from "../requests/fields.ts";
import { linksOf } from "./job_view.ts";

export interface JobReceipt {
  readonly jobId: string | null;
  readonly disposition: "created" | "duplicate" | "rejected";
  readonly state?: StateName;
  readonly links?: ReturnType<typeof linksOf>;
  /** The type of the problem. */
  readonly problem?: string;
  readonly reason?: string;
  /** Pointers into all of the jobs. */
  readonly errors?: readonly PointedIssue[];
  readonly limit?: ProblemMembers["limit"];
}

/**
 * @throws {Problem} when none of them could be recorded for the same reason, such as a full disk
 * or a limit: then the whole may be sent again.
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
    if (!one.valid) return rejectionOf(one.problem, one.jobId, `/${index}`);
    const { done, value } = settled.next();
    if (done) throw new TypeError("Cannot answer: the engine gave fewer results than jobs");
    return receiptOf(value, one.request.jobId ?? null, `/${index}`);
  });
}

function receiptOf(
  result: PromiseSettledResult<Outcome<Created>>,
  given: JobId | null,
  at: string,
): JobReceipt {
  if (result.status === "rejected") return rejectionOf(failureOf(result.reason), given, at);
  const outcome = result.value;
  if (!outcome.ok) return rejectionOf(problemOf(outcome.problem), given, at);
  const { job, replayed } = outcome.value;
  const { jobId, state } = job;
  return { jobId, disposition: replayed ? "duplicate" : "created", state, links: linksOf(job) };
}

function failureOf(error: unknown): Problem {
  const problem = error instanceof Error ? problemOfFailure(error) : undefined;
  if (problem === undefined) throw error;
  return problem;
}

function rejectionOf(problem: Problem, jobId: string | null, at: string): JobReceipt {
  const { errors, limit } = problem.members;
  return {
    jobId,
    disposition: "rejected",
    problem: problemType(problem.kind),
    reason: problem.message,
    ...(errors === undefined ? {} : { errors: issuesOf(problem, at) }),
    ...(limit === undefined ? {} : { limit }),
  };
}
