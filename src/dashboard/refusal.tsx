/** A form that was refused: shown again with all that was typed, and what is wrong with it. */

import { Refusal } from "../documents/refusal.ts";
import type { PointedIssue } from "../documents/fields.ts";
import { refusalOfFailure } from "../documents/engine_refusal.ts";
import type { Problem } from "../http/problems/problem.ts";
import { Issues, issuesAt } from "./parts/labelled_input.tsx";
import { UserText } from "./parts/text.tsx";

/** Why, in a sentence, and what is wrong with which part. */
export interface FormRefusal {
  readonly message: string;
  readonly issues: readonly PointedIssue[];
}

/** What a form can be shown again for; `undefined` for a defect. */
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
  /** Pointers of the inputs, each of which shows what is wrong with it. */
  readonly inputs: readonly string[];
}

/** What is wrong with the whole, or with what has no input here. */
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
