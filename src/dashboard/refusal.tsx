/** A form that was refused: shown again with all that was typed, and what is wrong with it. */

import { problemOfFailure } from "../http/problems/engine_problem.ts";
import { Problem } from "../http/problems/problem.ts";
import type { PointedIssue } from "../http/requests/fields.ts";
import { Issues, issuesAt } from "./parts/labelled_input.tsx";
import { UserText } from "./parts/text.tsx";

/** Why, in a sentence, and what is wrong with which part. */
export interface Refusal {
  readonly message: string;
  readonly issues: readonly PointedIssue[];
}

/** What a form can be shown again for; `undefined` for a defect. */
export function refusalIn(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  return error instanceof Error ? problemOfFailure(error) : undefined;
}

export function refusalOf(
  { message, members }: Problem,
  redact: (text: string) => string = (text) => text,
): Refusal {
  const issues = (members.errors ?? []).map((issue) => ({
    pointer: "pointer" in issue ? issue.pointer : "",
    detail: redact(issue.detail),
  }));
  return { message: redact(message), issues };
}

interface RefusalNoteProps {
  readonly refusal: Refusal;
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
