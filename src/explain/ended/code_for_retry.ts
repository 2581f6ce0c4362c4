/** The code that the retry of a job needs, when it is not loaded. */

import type { LogId } from "../../core/ids.ts";
import { oneLine } from "../../core/shown_value.ts";
import type { Circumstances, Evidence } from "../statements/evidence.ts";
import type { Next, NextStep } from "../statements/explanation.ts";
import { byHand } from "../statements/statement.ts";

/** `Version 2 does not take its input: /country: is required.`, or nothing. */
export function refusalText({ refusal }: Circumstances): string {
  if (refusal === undefined) return "";
  return `Version ${refusal.version} does not take its input: ${oneLine(refusal.why)}.`;
}

/** Before the retry of a job when no version of its type is loaded. */
export function firstLoadType({ job, created }: Evidence): NextStep<LogId> {
  const statement = `First load a module (--definitions) that defines type ${job.type ?? ""}.`;
  return byHand(statement, created);
}

/** Before the retry of a job whose version is not loaded. */
export function firstFit({ job, created, circumstances }: Evidence): Next {
  if (circumstances.refusal === undefined) return [];
  const statement = `First load version ${job.definitionVersion ?? 1} of type ${job.type ?? ""}, ` +
    `or a newer one that takes its input; else the new job is parked. ${
      refusalText(circumstances)
    }`;
  return [byHand(statement, created)];
}
