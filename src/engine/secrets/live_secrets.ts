/** The secrets of the jobs that run right now, so that no message of this process shows one. */

import type { JobId } from "../../core/ids.ts";
import type { SecretGuard } from "./secret_guard.ts";

export class LiveSecrets {
  readonly #guards = new Map<JobId, SecretGuard>();

  /** The code of a job has been given its secrets. */
  add(jobId: JobId, guard: SecretGuard): void {
    this.#guards.set(jobId, guard);
  }

  /** It has them no more. */
  remove(jobId: JobId): void {
    this.#guards.delete(jobId);
  }

  redact(text: string): string {
    let redacted = text;
    for (const guard of this.#guards.values()) redacted = guard.redact(redacted);
    return redacted;
  }
}
