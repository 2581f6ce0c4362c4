/** What a schema found wrong with a request. */

export { inputIssues as pointedIssues } from "../engine/input_issues.ts";
export type { InputIssue as PointedIssue } from "../engine/requests.ts";
