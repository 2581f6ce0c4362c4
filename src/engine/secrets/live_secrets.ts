/** The secrets of running jobs, so that no message of this process shows them. */

import type { JobId } from "../../core/ids.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { SecretGuard } from "./secret_guard.ts";

export class LiveSecrets {
  readonly #guards = new SteadyMap<JobId, SecretGuard>();

  add(jobId: JobId, guard: SecretGuard): void {
    this.#guards.set(jobId, guard);
  }

  remove(jobId: JobId): void {
    this.#guards.delete(jobId);
  }

  redact(text: string): string {
    let redacted = text;
    for (const guard of this.#guards.values()) redacted = guard.redact(redacted);
    return redacted;
  }
}
