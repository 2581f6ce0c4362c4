/** The largest cause among failures that were not yet retried: one error, in whatever types. */

import { counted } from "../core/counted.ts";
import { errorText } from "../core/error_text.ts";
import type { JobSummary } from "../core/job_summary.ts";
import { shortened } from "./phrases.ts";

const TYPES_MAX = 5;

/** Failures of one kind. */
interface Kind {
  readonly type: string | null;
  readonly open: number;
  readonly newest: JobSummary;
  readonly error: NonNullable<JobSummary["failure"]>["error"];
}

/** What comes after the host of a URL differs from call to call, when one host fails all. */
const PATH = /(:\/\/[^/\s"'<>)]+)[^\s"'<>)]*/g;

/** Equal for errors that are the very same, apart from paths of URLs. */
export function withoutPaths(error: Kind["error"]): string {
  return errorText(error).replaceAll(PATH, "$1");
}

/** The kinds with the error that most jobs failed with. */
export function largestCause<Group extends Kind>(kinds: readonly Group[]): readonly Group[] {
  const causes = Map.groupBy(kinds, ({ error }) => withoutPaths(error));
  return [...causes.values()].toSorted((one, other) => openIn(other) - openIn(one))[0] ?? [];
}

/** `5 jobs of order.pay (3) and stock.sync (2) failed with Error: ..., the last at ...`. */
export function failuresText(cause: readonly Kind[]): string {
  const [first] = cause;
  if (first === undefined || openIn(cause) === 0) return "No failure is left to retry.";
  const types = cause.map(({ type, open }) => `${type ?? "plans"} (${open})`);
  const last = cause.map(({ newest }) => newest.endedAt ?? "").toSorted().at(-1) ?? "";
  return `${counted(openIn(cause), "job")} of ${shortened(types, TYPES_MAX)} failed with ` +
    `${errorText(first.error)}, the last at ${last}.`;
}

function openIn(kinds: readonly Kind[]): number {
  return kinds.reduce((sum, { open }) => sum + open, 0);
}
