/** Creates jobs whose inputs the journal must not hold in plaintext. */

import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import type { JobId } from "../../core/ids.ts";
import { JournalFailedError } from "../ports.ts";
import type { Outcome } from "../requests.ts";
import type { Protection } from "../secrets/protection.ts";
import { isVisibleElsewhere, type Sealing } from "../secrets/sealing.ts";

/** Seals protected parts before they are recorded, and discards the key if they are not. */
export async function sealedFor<Value>(
  sealing: Sealing,
  jobId: JobId,
  attributes: JobCreatedAttributes,
  protection: Protection | undefined,
  record: (attributes: JobCreatedAttributes) => Promise<Outcome<Value>>,
): Promise<Outcome<Value>> {
  if (protection === undefined) return await record(attributes);
  if (isVisibleElsewhere(attributes, jobId, protection)) return visibleElsewhere();
  const sealed = await sealing.seal(jobId, attributes, protection);
  try {
    const outcome = await record(sealed);
    if (!outcome.ok) await sealing.discard(jobId);
    return outcome;
  } catch (error) {
    // After a journal failure, only the next startup can tell whether the job was recorded.
    if (!(error instanceof JournalFailedError)) await sealing.discard(jobId);
    throw error;
  }
}

function visibleElsewhere(): Outcome<never> {
  const detail = "has a secret that is also in the plan, a label or an id, where it would be " +
    "recorded in plaintext";
  return { ok: false, problem: { kind: "invalidInput", issues: [{ pointer: "", detail }] } };
}
