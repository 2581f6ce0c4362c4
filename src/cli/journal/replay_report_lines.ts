/** Formats the report of `replay-test`: text for people, JSON lines for programs. */

import { counted } from "../../core/counted.ts";
import type { LogId } from "../../core/ids.ts";
import { nextText } from "../../tools/history_check.ts";
import { plainText, type Terminal } from "../terminal.ts";
import {
  type Category,
  type Finding,
  findingCategory,
  isInFlight,
  isStale,
  type ReplayReport,
  totalCount,
  type Totals,
  type TypeReport,
} from "../../tools/replay_report.ts";

const LINES_MAX = 20;

const COLOURS = { compatible: "green", incomplete: "yellow", breaks: "red" } as const;

const HEADINGS: readonly (readonly [Category, string])[] = [
  ["breaks", "in flight would break:"],
  ["notChecked", "could not be checked:"],
  ["differs", "finished would take another path today, but are never run again:"],
  ["compatible", "compatible:"],
];

/** @param all Whether to list every job. */
export function reportText(
  report: ReplayReport,
  head: LogId,
  all: boolean,
  style: Terminal["style"],
): readonly string[] {
  return [
    ...report.types.flatMap((type) => typeText(type, all, style)),
    ...[...report.missing].map(([type, count]) => style("yellow", missingText(type, count))),
    style(COLOURS[report.verdict], verdictText(report, head)),
  ];
}

function typeText(report: TypeReport, all: boolean, style: Terminal["style"]): readonly string[] {
  return [
    `${style("bold", report.type)} (version ${report.versionNow}): ${countsText(report)}`,
    ...sections(report, all ? Infinity : LINES_MAX),
    ...[...report.planChanges].map(([text, count]) =>
      `  ${counted(count, "job")} in flight ${count === 1 ? "keeps its" : "keep their"} ` +
      `recorded plan: ${plainText(text)}`
    ),
    ...(report.versionIsStale ? [`  ${style("yellow", staleText(report.versionNow))}`] : []),
    "",
  ];
}

function countsText({ inFlight, finished }: TypeReport): string {
  const more = (count: number, what: string) => count > 0 ? `, ${count} ${what}` : "";
  return `${totalCount(inFlight)} in flight: ${inFlight.compatible} compatible` +
    more(inFlight.breaks, "would break") + more(inFlight.notChecked, "not checked") +
    `; ${totalCount(finished)} finished: ${finished.compatible} compatible` +
    more(finished.differs, "would differ") + more(finished.notChecked, "not checked");
}

/** The most important jobs come first. */
function sections(report: TypeReport, max: number): readonly string[] {
  let left = max;
  return HEADINGS.flatMap(([category, heading]) => {
    const findings = report.of(category);
    const shown = findings.slice(0, left);
    left -= shown.length;
    return section(findings, shown, heading);
  });
}

function section(
  findings: readonly Finding[],
  shown: readonly Finding[],
  heading: string,
): readonly string[] {
  if (findings.length === 0) return [];
  const more = findings.length - shown.length;
  return [
    `  ${findings.length} ${heading}`,
    ...shown.map((finding) => `    ${findingText(finding)}`),
    ...(more > 0 ? [`    ${shown.length > 0 ? "and " : ""}${more} more; --all lists them`] : []),
  ];
}

/** `order-42 (version 1, now 2): 00000000000000000001.ndjson:17 (entry 15) recorded ...`. */
function findingText({ jobId, version, versionNow, verdict, location }: Finding): string {
  const versions = `version ${version}, ${version === versionNow ? "still" : "now"} ${versionNow}`;
  const line = location === undefined
    ? ""
    : `${location.segment}:${location.line} (entry ${location.logId}) `;
  return plainText(`${jobId} (${versions}): ${line}${messageOf(verdict)}`);
}

function messageOf(verdict: Finding["verdict"]): string {
  if (verdict.kind !== "compatible") return verdict.message;
  const { end } = verdict.next;
  const steps = nextText(verdict.next);
  return ["compatible", ...(steps === "" ? [] : [`run now ${steps}`]), ...ENDS[end]].join("; ");
}

const ENDS = { pending: [], returned: ["run returns"], threw: ["run throws, as on record"] };

function staleText(version: number): string {
  return `version is still ${version}: raise it when run changes`;
}

function missingText(type: string, count: number): string {
  const [they, have] = count === 1 ? ["it", "has"] : ["they", "have"];
  return `${counted(count, "unfinished job")} of type ${plainText(type)}: no definition is ` +
    `loaded; keep the old one loaded, with --definitions, until ${they} ${have} ended`;
}

function verdictText({ totals }: ReplayReport, head: LogId): string {
  const { notChecked, missing } = totals;
  const found = [
    checkedText(totals),
    ...(notChecked > 0 ? [`${notChecked} could not be checked`] : []),
    ...(missing > 0 ? [`${missing} ${missing === 1 ? "has" : "have"} no definition`] : []),
  ];
  return `${found.join("; ")} (journal up to entry ${head})`;
}

function checkedText({ breaks, inFlight, notChecked, missing }: Totals): string {
  const all = `${counted(inFlight, "job")} in flight`;
  const checked = inFlight - notChecked - missing;
  if (breaks > 0) return `${breaks} of ${all} would break`;
  if (checked === inFlight) return `nothing breaks among ${all}`;
  if (checked === 0) return `of ${all} none was checked`;
  return `of ${all} ${checked} ${checked === 1 ? "was" : "were"} checked, and nothing breaks`;
}

/** The report as JSON lines, with every job that differs. */
export function* reportRecords(report: ReplayReport, head: LogId): Iterable<object> {
  for (const type of report.types) {
    for (const [category] of HEADINGS) yield* type.of(category).map(findingRecord);
    for (const [change, count] of type.planChanges) {
      yield { kind: "plan", type: type.type, change, jobsInFlight: count };
    }
    const { versionNow, inFlight, finished } = type;
    yield { kind: "type", type: type.type, versionNow, ...typeCounts(inFlight, finished) };
  }
  for (const [type, unfinished] of report.missing) yield { kind: "missing", type, unfinished };
  yield { kind: "verdict", verdict: report.verdict, ...report.totals, headLogId: head };
}

function typeCounts(inFlight: TypeReport["inFlight"], finished: TypeReport["finished"]) {
  return {
    inFlight: totalCount(inFlight),
    compatible: inFlight.compatible,
    breaks: inFlight.breaks,
    notChecked: inFlight.notChecked,
    finished: totalCount(finished),
    differs: finished.differs,
    finishedNotChecked: finished.notChecked,
  };
}

function findingRecord(finding: Finding): object {
  const { jobId, type, state, version, versionNow, verdict, location } = finding;
  return {
    kind: "job",
    jobId,
    type,
    state,
    inFlight: isInFlight(finding),
    category: findingCategory(finding),
    verdict: verdict.kind,
    version,
    versionNow,
    ...location,
    ...("taskId" in verdict ? { taskId: verdict.taskId } : {}),
    message: messageOf(verdict),
    ...(isStale(finding) ? { hint: staleText(versionNow) } : {}),
  };
}
