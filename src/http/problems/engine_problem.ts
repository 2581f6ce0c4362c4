/** The engine's refusals and failures, as problems. */

import { assertNever } from "../../core/assert_never.ts";
import type { Rejection } from "../../core/decision.ts";
import { nearestName } from "../../explain/spelling.ts";
import { isOutOfDescriptors } from "../../engine/descriptors.ts";
import { IndexDamagedError } from "../../engine/job_index.ts";
import { OverCapacityError } from "../../engine/writer/intake.ts";
import { JournalFailedError, JournalFullError } from "../../engine/ports.ts";
import type { EngineProblem, Outcome } from "../../engine/requests.ts";
import { overCapacity } from "../guard/capacity.ts";
import { invalidRequest, Problem } from "./problem.ts";

/** Seconds after which a client may try again: about what a restart takes. */
const RETRY_AFTER = { "retry-after": "5" };

/** The value of an outcome. @throws {Problem} when the engine refused. */
export function valueOf<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw problemOf(outcome.problem);
}

/** What the engine refused, as a problem for the client. */
export function problemOf(problem: EngineProblem): Problem {
  switch (problem.kind) {
    case "unknownJob":
      return unknownJob(problem.jobId);
    case "unknownType":
      return unknownType("create a job of", problem.type, problem.known);
    case "invalidInput":
      return invalidRequest(
        problem.issues.map(({ pointer, detail }) => ({ pointer: `/input${pointer}`, detail })),
      );
    case "rejected":
      return rejected(problem.rejection);
    case "jobExists":
      return jobExists(problem.jobId);
    case "inputRemoved":
      return new Problem(
        "input-removed",
        `Cannot show the input of job ${problem.jobId}: ${problem.reason}`,
      );
    case "keyReused":
      return keyReused(problem.key, problem.jobId);
    case "unknownPoint":
      return unknownPoint(problem.point, problem.detail);
    case "tooLong":
      return jobTooLong(problem);
    case "invalidLimits":
    case "impossibleSupposition":
      return invalidRequest(problem.issues);
    default:
      return assertNever(problem, "engine problem");
  }
}

export function unknownJob(jobId: string): Problem {
  return new Problem("unknown-job", `Cannot find job ${jobId}: there is none with this id`);
}

function jobExists(jobId: string): Problem {
  return new Problem(
    "job-exists",
    `Cannot create job ${jobId}: it exists; choose another jobId, or send an Idempotency-Key, ` +
      "with which a request can be repeated safely",
    { jobId, errors: [{ pointer: "/jobId", detail: "is the id of another job" }] },
  );
}

/** @param cannot What cannot be done: `create a job of`. */
export function unknownType(cannot: string, type: string, known: readonly string[]): Problem {
  const names = known.length === 0 ? "there are none" : `known are ${known.join(", ")}`;
  const meant = nearestName(type, known);
  const advice = meant === undefined ? names : `did you mean ${meant}? ${names}`;
  const cause = `is not a known type; ${advice}`;
  const detail = `Cannot ${cannot} type ${JSON.stringify(type)}: it ${cause}`;
  return new Problem("unknown-type", detail, {
    errors: [{ pointer: "/type", detail: cause }],
    knownTypes: known,
  });
}

function rejected({ message, allowedIn, allowedWhile }: Rejection): Problem {
  const condition = allowedWhile === undefined ? "" : ` while ${allowedWhile}`;
  const states = allowedIn.length === 0 ? "" : `; allowed in ${allowedIn.join(", ")}${condition}`;
  return new Problem("not-in-this-state", message + states, { allowedIn });
}

function keyReused(key: string, jobId: string): Problem {
  return new Problem(
    "idempotency-key-reused",
    `Cannot use Idempotency-Key ${key} again: it created job ${jobId} with another body`,
    { jobId, errors: [{ header: "Idempotency-Key", detail: "was used with a different body" }] },
  );
}

function jobTooLong({ jobId, what, max }: Extract<EngineProblem, { kind: "tooLong" }>): Problem {
  return new Problem(
    "job-too-long",
    `Cannot answer what if for job ${jobId}: a what-if reads at most ${max} ${what} of its ` +
      "record, and there are more; set upTo to an earlier entry",
    { errors: [{ pointer: "/upTo", detail: `must leave at most ${max} ${what}` }] },
  );
}

function unknownPoint(parameter: string, detail: string): Problem {
  const where = "GET /jobs/:id/events lists the job's entries";
  return new Problem("unknown-point", `Cannot look back: ${parameter} ${detail}; ${where}`, {
    errors: [{ parameter, detail }],
  });
}

/** The problem of an engine that cannot record, or `undefined` for any other error. */
export function problemOfFailure(error: Error): Problem | undefined {
  if (error instanceof OverCapacityError) return overCapacity(error.limit, error.max);
  if (error instanceof IndexDamagedError) {
    return new Problem(
      "index-damaged",
      "Cannot answer: the index of ended jobs is damaged; nothing is lost, and a restart " +
        "rebuilds it from the journal",
      {},
      RETRY_AFTER,
    );
  }
  if (isOutOfDescriptors(error)) {
    return new Problem(
      "over-capacity",
      "Cannot answer now: the process has no file descriptor left, because so many clients are " +
        "connected; the system sets the limit (ulimit -n)",
      {},
      { "retry-after": "1" },
    );
  }
  if (error instanceof JournalFullError) {
    return new Problem(
      "disk-full",
      "Cannot record: there is no room on the disk; nothing was recorded",
      {},
      RETRY_AFTER,
    );
  }
  if (error instanceof JournalFailedError) {
    return new Problem(
      "outcome-unknown",
      "Cannot tell whether this was recorded: the journal failed; the outcome is unknown, and " +
        "the request can be repeated with the same Idempotency-Key, jobId or eventId",
      {},
      RETRY_AFTER,
    );
  }
  return undefined;
}

export function draining(): Problem {
  const detail = "Cannot take new work: Daybook is stopping; nothing was recorded";
  return new Problem("draining", detail, {}, RETRY_AFTER);
}

export function notReady(reason: string): Problem {
  return new Problem("not-ready", `Cannot write: ${reason}`, {}, RETRY_AFTER);
}
