/** The result of testing today's definitions against recorded jobs, by type. */

import type { JobId, LogId } from "../core/ids.ts";
import type { StateName } from "../core/job_state.ts";
import type { HistoryVerdict, PlanChange } from "./history_check.ts";
import type { EntryLocation } from "../engine/ports.ts";

/** No loaded version runs a job in flight, although its history fits: the job would be parked. */
interface NotLoaded {
  readonly kind: "notLoaded";
  /** The entry that created the job, which names the version. */
  readonly logId: LogId;
  readonly message: string;
}

/** A job, and whether today's definition fits its history. */
export interface Finding {
  readonly jobId: JobId;
  /** The entry that created the job. */
  readonly firstLogId: LogId;
  readonly type: string;
  readonly state: StateName;
  readonly version: number;
  readonly versionNow: number;
  readonly verdict: HistoryVerdict | NotLoaded;
  /** The line that today's definition disagrees with. */
  readonly location: EntryLocation | undefined;
}

/**
 * The result for a job. `breaks`: it is in flight, and would be parked, fail, or lose a
 * compensation with today's code. `differs`: it has ended, and never runs again.
 */
export type Category = "compatible" | "breaks" | "differs" | "notChecked";

export class TypeReport {
  readonly inFlight = { compatible: 0, breaks: 0, differs: 0, notChecked: 0 };
  readonly finished = { compatible: 0, breaks: 0, differs: 0, notChecked: 0 };
  /** Findings that are not compatible; all findings on request. */
  readonly findings: Finding[] = [];
  /** Jobs in flight that today's definition would plan differently, counted by what differs. */
  readonly planChanges = new Map<string, number>();

  constructor(
    readonly type: string,
    readonly versionNow: number,
    readonly keepsCompatible: boolean,
  ) {}

  /**
   * Whether a job breaks although its version is today's, so the version should have been raised.
   */
  get versionIsStale(): boolean {
    return this.findings.some(isStale);
  }

  /** Oldest job first. */
  of(category: Category): readonly Finding[] {
    return this.findings.filter((finding) => findingCategory(finding) === category)
      .toSorted((left, right) => left.firstLogId - right.firstLogId);
  }

  add(finding: Finding): void {
    const category = findingCategory(finding);
    (isInFlight(finding) ? this.inFlight : this.finished)[category]++;
    if (category !== "compatible" || this.keepsCompatible) this.findings.push(finding);
  }

  addPlanChanges(changes: readonly PlanChange[] | string): void {
    const texts = typeof changes === "string"
      ? [changes]
      : changes.map(({ change, part }) => `${part} was ${change}`);
    for (const text of texts) this.planChanges.set(text, (this.planChanges.get(text) ?? 0) + 1);
  }
}

export function isInFlight({ state }: Pick<Finding, "state">): boolean {
  return state !== "Done" && state !== "Failed";
}

/** Whether the code changed although its version did not. */
export function isStale({ verdict: { kind }, version, versionNow }: Finding): boolean {
  return version === versionNow &&
    (kind === "diverges" || kind === "refusesPlan" || kind === "goesOn");
}

export function findingCategory(finding: Finding): Category {
  const { kind } = finding.verdict;
  if (kind === "compatible" || kind === "notChecked") return kind;
  return isInFlight(finding) ? "breaks" : "differs";
}

/**
 * Of all jobs in flight. `breaks`: at least one breaks. `incomplete`: none that was checked breaks,
 * and some could not be checked. `compatible`: all were checked, and none breaks.
 */
type ReportVerdict = "compatible" | "incomplete" | "breaks";

/** Totals for the whole journal. */
export interface Totals {
  readonly inFlight: number;
  readonly finished: number;
  readonly breaks: number;
  readonly differs: number;
  readonly notChecked: number;
  /** Jobs in flight for whose type no definition is loaded. */
  readonly missing: number;
}

export class ReplayReport {
  readonly #types = new Map<string, TypeReport>();
  /** Types of unfinished jobs for which no definition is loaded, with the number of jobs. */
  readonly missing = new Map<string, number>();

  /** @param keepsCompatible Whether to list compatible jobs too. */
  constructor(readonly keepsCompatible: boolean) {}

  get types(): readonly TypeReport[] {
    return [...this.#types.values()].toSorted((left, right) => left.type < right.type ? -1 : 1);
  }

  of(type: string, versionNow: number): TypeReport {
    let report = this.#types.get(type);
    if (report === undefined) {
      this.#types.set(type, report = new TypeReport(type, versionNow, this.keepsCompatible));
    }
    return report;
  }

  addMissing(type: string): void {
    this.missing.set(type, (this.missing.get(type) ?? 0) + 1);
  }

  get totals(): Totals {
    const sum = (count: (report: TypeReport) => number) =>
      this.types.reduce((total, report) => total + count(report), 0);
    const missing = [...this.missing.values()].reduce((total, count) => total + count, 0);
    return {
      inFlight: sum(({ inFlight }) => totalCount(inFlight)) + missing,
      finished: sum(({ finished }) => totalCount(finished)),
      breaks: sum(({ inFlight }) => inFlight.breaks),
      differs: sum(({ finished }) => finished.differs),
      notChecked: sum(({ inFlight }) => inFlight.notChecked),
      missing,
    };
  }

  get verdict(): ReportVerdict {
    const { breaks, notChecked, missing } = this.totals;
    if (breaks > 0) return "breaks";
    return notChecked > 0 || missing > 0 ? "incomplete" : "compatible";
  }
}

export function totalCount(counts: Readonly<Record<Category, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
