/**
 * Explains a job: what it is doing or how it ended, and why, from its entries alone. Pure:
 * the same evidence gives the same words.
 *
 * Source of what is said: section 7 of the design.
 */

import { conditionOf } from "../condition.ts";
import type { Explanation } from "../explanation.ts";
import type { LogId } from "../ids.ts";
import type { Annals } from "./annals.ts";
import { toldEnds } from "./attempts.ts";
import { becauseOf } from "./because.ts";
import { completedOf } from "./completed.ts";
import type { Evidence } from "./evidence.ts";
import { nextOf } from "./next.ts";
import { summaryOf } from "./summary.ts";
import { timingOf } from "./timing.ts";
import { waitingForOf } from "./waiting_for.ts";

/** Explains the job of these annals. */
export function explain(annals: Annals, evidence: Evidence): Explanation<LogId> {
  const { job } = annals;
  const waitingFor = waitingForOf(annals, evidence);
  return {
    jobId: job.jobId,
    state: job.state,
    condition: conditionOf(job),
    asOf: job.lastLogId,
    summary: summaryOf(annals, evidence, waitingFor),
    because: becauseOf(annals, evidence, waitingFor),
    completed: completedOf(annals),
    waitingFor,
    next: nextOf(annals, evidence, waitingFor),
    timing: timingOf(annals),
  };
}

/** Entries elsewhere that the explanation may want to cite: what made the job's own happen. */
export function wantedCauses(annals: Annals): readonly LogId[] {
  const { created, failedBy, endedBy, attempts, compensations, entries } = annals;
  const ends = [...attempts.values(), ...compensations.values()].flatMap(toldEnds);
  const effects = [created, failedBy?.entry, endedBy?.entry, ...ends];
  const causes = effects.flatMap((entry) => entry?.causedBy ?? []);
  return [...new Set(causes)]
    .filter((logId) => !entries.has(logId))
    .toSorted((left, right) => left - right);
}

/** All positions that an explanation cites, ascending, each once. */
export function citedIn(explanation: Explanation<LogId>): readonly LogId[] {
  const { because, completed, waitingFor, next } = explanation;
  const statements = [
    ...because,
    ...completed,
    ...waitingFor,
    ...waitingFor.flatMap(({ nearMisses }) => nearMisses),
    ...next,
  ];
  const cited = new Set(statements.flatMap(({ cites }) => cites));
  return [...cited].toSorted((left, right) => left - right);
}

/** The same explanation with other citations in place of positions. */
export function citing<Cite>(
  explanation: Explanation<LogId>,
  cite: (logId: LogId) => Cite,
): Explanation<Cite> {
  const withCites = <Part extends { readonly cites: readonly LogId[] }>(part: Part) => ({
    ...part,
    cites: part.cites.map(cite),
  });
  return {
    ...explanation,
    because: explanation.because.map(withCites),
    completed: explanation.completed.map(withCites),
    waitingFor: explanation.waitingFor.map((wait) => ({
      ...withCites(wait),
      nearMisses: wait.nearMisses.map(withCites),
    })),
    next: explanation.next.map(withCites),
  };
}
