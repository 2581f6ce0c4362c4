/** What an audit finds wrong, and its message. */

import { assertNever } from "../core/assert_never.ts";
import type { WalkedDamage } from "../journal/segment_walk.ts";

export type Problem =
  /** A line is not what was written, or Daybook could not have written it. */
  | { readonly kind: "damage"; readonly damage: WalkedDamage }
  /** A snapshot does not follow from the lines. */
  | { readonly kind: "snapshot"; readonly file: string; readonly reason: string }
  /** Entries or jobs that existed are gone. */
  | { readonly kind: "lost"; readonly reason: string }
  /** Something in `segments/` does not belong there. */
  | { readonly kind: "foreign"; readonly reason: string };

export function problemText(problem: Problem): string {
  switch (problem.kind) {
    case "damage": {
      const { segment, line, offset, logId, reason } = problem.damage;
      return `segment ${segment} line ${line} byte ${offset} logId ${logId}: ${reason}`;
    }
    case "snapshot":
      return `snapshot ${problem.file}: ${problem.reason}`;
    case "lost":
    case "foreign":
      return problem.reason;
    default:
      return assertNever(problem, "problem");
  }
}

/** More would not help, and a journal may have millions. */
const LISTED_MAX = 1000;

/** Problems in the order in which they were found. */
export class Findings {
  readonly listed: Problem[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Creates the problem only if it will be listed. */
  add(make: () => Problem): void {
    this.#count++;
    if (this.listed.length < LISTED_MAX) this.listed.push(make());
  }
}
