/** Renders jobs as a table. */

import { messageText } from "../../core/error_text.ts";
import { stateText } from "../../core/condition.ts";
import { aligned, fitted, padded, plainText, textWidth } from "../plain_text.ts";
import type { JobSummaryResource } from "../resources.ts";
import { distanceText } from "../../core/duration.ts";
import type { PageOptions } from "./job_page.ts";
import { type Paint, paintedState } from "./marks.ts";

const HEADS = ["JOB", "TYPE", "STATE", "AGE", "LABELS", "NOW"] as const;
const GAP = "  ";
/** A cell cut to fewer columns would be useless. */
const CUT_COLUMNS_MIN = 6;

/** A header and a line for each job; empty columns are left out. Nothing without jobs. */
export function jobTable(
  jobs: readonly JobSummaryResource[],
  { paint, now, columns }: PageOptions,
): readonly string[] {
  if (jobs.length === 0) return [];
  const cells = jobs.map((job) => jobCells(job, now));
  const shown = HEADS.map((_, column) => cells.some((row) => row[column] !== ""));
  const [head = [], ...rows] = aligned([HEADS, ...cells]);
  return [
    cutLine(head, shown, columns, (_, text) => paint("dim", text)),
    ...rows.map((row, index) =>
      cutLine(row, shown, columns, (column, text) => styledCell(paint, jobs[index], column, text))
    ),
  ];
}

function jobCells(job: JobSummaryResource, now: number): readonly string[] {
  return [
    job.jobId,
    plainText(job.type ?? "(plan)"),
    stateText(job),
    distanceText(now - Date.parse(job.createdAt)),
    plainText(Object.entries(job.labels).map(([name, value]) => `${name}:${value}`).join(" ")),
    plainText(nowText(job)),
  ];
}

/** The running tasks, or the open expectations, or the failure. */
function nowText({ state, failure, open }: JobSummaryResource): string {
  if (failure !== null) return messageText(failure.error);
  if (state !== "Running" || open === undefined) return "";
  if (open.tasks.length > 0) return open.tasks.join(", ");
  return open.expected
    .map(({ id, matched, required }) => `${id} ${matched} of ${required}`)
    .join(", ");
}

const STATE_COLUMN = HEADS.indexOf("STATE");

function styledCell(
  paint: Paint,
  job: JobSummaryResource | undefined,
  column: number,
  text: string,
): string {
  return column !== STATE_COLUMN || job === undefined ? text : paintedState(paint, job, text);
}

/**
 * The cells that fit into the width: one that does not fit is cut, and those after it are left out.
 */
function cutLine(
  cells: readonly string[],
  shown: readonly boolean[],
  columns: number,
  style: (column: number, text: string) => string,
): string {
  let room = columns;
  const parts: string[] = [];
  for (const [column, cell] of cells.entries()) {
    if (shown[column] !== true || room < Math.min(textWidth(cell), CUT_COLUMNS_MIN)) continue;
    const columnsLeft = Math.min(textWidth(cell), room);
    const text = padded(fitted(cell.trimEnd(), columnsLeft), columnsLeft);
    parts.push(style(column, text));
    room -= textWidth(text) + GAP.length;
  }
  return parts.join(GAP).trimEnd();
}
