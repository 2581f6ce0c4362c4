/** A refused form, shown again with everything that was typed and its errors. */

import { Refusal } from "../documents/refusal.ts";
import type { PointedIssue } from "../documents/fields.ts";
import { refusalOfFailure } from "../documents/engine_refusal.ts";
import type { Problem } from "../http/problems/problem.ts";
import { Issues, issuesAt } from "./parts/labelled_input.tsx";
import { UserText } from "./parts/text.tsx";

/** The message, and the issues of each part. */
export interface FormRefusal {
  readonly message: string;
  readonly issues: readonly PointedIssue[];
}

/** The problem for which a form is shown again; `undefined` for a bug. */
export function refusalIn(error: unknown): Problem | undefined {
  if (error instanceof Refusal) return error;
  return error instanceof Error ? refusalOfFailure(error) : undefined;
}

export function formRefusal(
  { message, members }: Problem,
  redact: (text: string) => string = (text) => text,
): FormRefusal {
  const issues = (members.errors ?? []).map((issue) => ({
    pointer: "pointer" in issue ? issue.pointer : "",
    detail: redact(issue.detail),
  }));
  return { message: redact(message), issues };
}

interface RefusalNoteProps {
  readonly refusal: FormRefusal;
  /** Pointers of the inputs, which show their own issues. */
  readonly inputs: readonly string[];
}

/** Issues of the whole form, or of parts without an input. */
export function RefusalNote({ refusal: { message, issues }, inputs }: RefusalNoteProps) {
  const others = issues.filter((issue) => !inputs.some((one) => issuesAt([issue], one).length > 0));
  return (
    <div class="note note-bad" role="alert">
      <p>
        <UserText text={message} lengthMax={500} />
      </p>
      <Issues id="other-issues" issues={others} at="" />
    </div>
  );
}
