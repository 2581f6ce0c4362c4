/** Converts problems of the engine to refusals. */

import { assertNever } from "../core/assert_never.ts";
import type { Rejection } from "../core/command.ts";
import { isOutOfDescriptors } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { OverCapacityError } from "../engine/writer/intake.ts";
import { JournalFailedError, JournalFullError } from "../engine/ports.ts";
import type { EngineProblem, Outcome } from "../engine/requests.ts";
import { nearestName } from "../explain/likeness/names.ts";
import { invalidRequest, overCapacity, Refusal, type RefusalKind } from "./refusal.ts";

/** Seconds after which a request may succeed: about the time of a restart. */
export const RETRY_AFTER_SECONDS = 5;

/** The value of an outcome. @throws {Refusal} if the engine refused. */
export function valueOrThrow<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw toRefusal(outcome.problem);
}

export function toRefusal(problem: EngineProblem): Refusal {
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
      return new Refusal(
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

export function unknownJob(jobId: string): Refusal {
  return new Refusal("unknown-job", `Cannot find job ${jobId}: there is none with this id`);
}

function jobExists(jobId: string): Refusal {
  return new Refusal(
    "job-exists",
    `Cannot create job ${jobId}: it exists; choose another jobId, or send an Idempotency-Key, ` +
      "with which a request can be repeated safely",
    { jobId, errors: [{ pointer: "/jobId", detail: "is the id of another job" }] },
  );
}

/** @param cannot The failed action: `create a job of`. */
export function unknownType(cannot: string, type: string, known: readonly string[]): Refusal {
  const names = known.length === 0 ? "there are none" : `known are ${known.join(", ")}`;
  const meant = nearestName(type, known);
  const cause = `is not a known type${meant === undefined ? "" : `; did you mean ${meant}?`}`;
  const detail = `Cannot ${cannot} type ${JSON.stringify(type)}: it ${cause}${
    meant === undefined ? ";" : ""
  } ${names}`;
  return new Refusal("unknown-type", detail, {
    errors: [{ pointer: "/type", detail: cause }],
    knownTypes: known,
  });
}

function rejected({ message, allowedIn, proviso, retriedAs }: Rejection): Refusal {
  if (retriedAs !== undefined) {
    const detail = `${message}, as job ${retriedAs}; "again" retries it once more`;
    return new Refusal("not-in-this-state", detail, { allowedIn, newJobId: retriedAs });
  }
  const states = allowedIn.length === 0
    ? ""
    : `; allowed in ${allowedIn.join(", ")}${proviso ?? ""}`;
  return new Refusal("not-in-this-state", message + states, { allowedIn });
}

function keyReused(key: string, jobId: string): Refusal {
  return new Refusal(
    "idempotency-key-reused",
    `Cannot use Idempotency-Key ${key} again: it created job ${jobId} with another body`,
    { jobId, errors: [{ header: "Idempotency-Key", detail: "was used with a different body" }] },
  );
}

function jobTooLong({ jobId, what, max }: Extract<EngineProblem, { kind: "tooLong" }>): Refusal {
  return new Refusal(
    "job-too-long",
    `Cannot answer what if for job ${jobId}: a what-if reads at most ${max} ${what} of its ` +
      "record, and there are more; set upTo to an earlier entry",
    { errors: [{ pointer: "/upTo", detail: `must leave at most ${max} ${what}` }] },
  );
}

function unknownPoint(parameter: string, detail: string): Refusal {
  const where = "GET /jobs/:id/events lists the job's entries";
  return new Refusal("unknown-point", `Cannot look back: ${parameter} ${detail}; ${where}`, {
    errors: [{ parameter, detail }],
  });
}

/** The refusal for an engine that cannot record; `undefined` for any other error. */
export function refusalOfFailure(error: Error): Refusal | undefined {
  if (error instanceof OverCapacityError) return overCapacity(error.limit);
  if (error instanceof IndexDamagedError) {
    const detail =
      "Cannot answer: the index of ended jobs is damaged; nothing is lost, a restart " +
      "rebuilds it from the journal";
    return forNow("index-damaged", detail);
  }
  if (isOutOfDescriptors(error)) {
    const detail = "Cannot answer now: the process has no file descriptor left, because so many " +
      "clients are connected; the system sets the limit (ulimit -n)";
    return forNow("over-capacity", detail, 1);
  }
  if (error instanceof JournalFullError) {
    return forNow("disk-full", "Cannot record: the disk is full; nothing was recorded");
  }
  if (error instanceof JournalFailedError) {
    if (error.damage !== undefined) return journalDamaged(error.damage);
    const detail = "Cannot tell whether this was recorded: the journal failed; the outcome is " +
      "unknown, and the request can be repeated with the same Idempotency-Key, jobId or eventId";
    return forNow("outcome-unknown", detail);
  }
  return undefined;
}

function journalDamaged(damage: string): Refusal {
  const detail = `Cannot answer: the journal is damaged in ${damage}; Daybook is stopping, since ` +
    "what it serves may be wrong";
  return new Refusal("journal-damaged", detail);
}

export function draining(): Refusal {
  return forNow("draining", "Cannot accept new work: Daybook is stopping; nothing was recorded");
}

function forNow(kind: RefusalKind, detail: string, seconds = RETRY_AFTER_SECONDS): Refusal {
  return new Refusal(kind, detail, {}, seconds);
}
