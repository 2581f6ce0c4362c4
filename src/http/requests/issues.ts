/** What a schema found wrong with a request. */

import * as v from "valibot";
import { inputIssues } from "../../engine/input_issues.ts";
import { invalidRequest } from "../problems/problem.ts";

export { inputIssues as pointedIssues } from "../../engine/input_issues.ts";
export type { InputIssue as PointedIssue } from "../../engine/requests.ts";

/** @throws {Problem} `invalid-request`, with a pointer for each issue. */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw invalidRequest(inputIssues(parsed.issues));
  return parsed.output;
}
