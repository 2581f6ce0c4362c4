/** The timeline of a job as tables: the attempts of each task, and what the figure shows. */

import { EntryLink } from "../parts/entries.tsx";
import { conditionText } from "../../core/condition.ts";
import { counted, countOf, countText } from "../../core/counted.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { jobPath } from "../../documents/jobs.ts";
import { taskName } from "../../explain/words/phrases.ts";
import { attemptNumberOf, LANES_MAX, MARK_WORDS, OUTCOME_WORDS } from "./drawing.ts";
import { ErrorView } from "./outcome.tsx";
import type { JobProps } from "./reading.ts";
import { Duration, TaskProgress, Time } from "../parts/amounts.tsx";
import { jobPagePath } from "../parts/links.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import type { AttemptSpan, BackoffSpan, Lane } from "../timeline/lanes.ts";

/** Only this many attempts are shown, the latest ones. */
const ATTEMPTS_MAX = 150;

interface AttemptRow {
  readonly lane: Lane;
  readonly attempt: AttemptSpan;
  /** The wait after the attempt. */
  readonly backoff: BackoffSpan | undefined;
}

export function JobAttempts({ state }: JobProps) {
  const { timeline, drawing } = state;
  if (timeline.lanes.length === 0) return <section id="job-attempts" data-live hidden></section>;
  const shown = new Set(drawing.shown);
  const lanes = timeline.lanes.filter((lane) => lane.taskId === MAIN_TASK || shown.has(lane));
  const all = lanes.reduce((sum, { spans }) => sum + attemptsIn(spans).length, 0);
  const rows = attemptRows(lanes).slice(-ATTEMPTS_MAX);
  const columns = shownColumns(rows);
  return (
    <section id="job-attempts" class="part" aria-labelledby="attempts-heading" data-live>
      <h2 id="attempts-heading">Attempts</h2>
      <TaskPages state={state} part="attempts" />
      <Table
        caption="Attempts by task"
        headings={["Task", "Attempt", "Outcome", "Took", "Started", ...extra(columns)]}
        asCards
        rest={all > rows.length && (
          <>
            {counted(all - rows.length, "attempt before these is", "attempts before these are")}
            {" not shown: "}
            <a href={jobPath(state.job.jobId)}>the job as JSON</a> has all tasks.
          </>
        )}
      >
        {rows.map((row, index) => (
          <Row state={state} row={row} isFirst={isFirst(rows, index)} columns={columns} />
        ))}
      </Table>
    </section>
  );
}

/** The most relevant tasks come first, in the drawing and in the table of attempts. */
export function TaskPages({ state, part }: JobProps & { readonly part: "timeline" | "attempts" }) {
  const { job, scale, tasksPage, drawing: { shown, lanesTotal } } = state;
  const pages = Math.ceil(lanesTotal / LANES_MAX);
  if (pages < 2) return null;
  const to = (page: number) =>
    `${jobPagePath(job.jobId)}?scale=${scale}&tasks=${page}#${part}-heading`;
  return (
    <nav class="row" aria-label={`Pages of tasks in the ${part}`}>
      <span class="hint">
        {`${countOf(shown.length, lanesTotal)} tasks, page ${countOf(tasksPage, pages)}: ` +
          "running, failed and slow tasks come first"}
      </span>
      {tasksPage > 1 && <a class="button" href={to(tasksPage - 1)}>Before</a>}
      {tasksPage < pages && <a class="button" href={to(tasksPage + 1)}>More tasks</a>}
    </nav>
  );
}

/** Columns that are empty for all attempts are left out. */
interface Columns {
  readonly error: boolean;
  readonly backoff: boolean;
}

function shownColumns(rows: readonly AttemptRow[]): Columns {
  return {
    error: rows.some(({ attempt }) => attempt.error !== undefined),
    backoff: rows.some(({ backoff }) => backoff !== undefined),
  };
}

function extra({ error, backoff }: Columns): readonly string[] {
  return [...(error ? ["Error"] : []), ...(backoff ? ["Then"] : [])];
}

function attemptsIn(spans: Lane["spans"]): readonly AttemptSpan[] {
  return spans.filter((span) => span.kind === "attempt");
}

function attemptRows(lanes: readonly Lane[]): readonly AttemptRow[] {
  return lanes.flatMap((lane) =>
    lane.spans.flatMap((span, index): readonly AttemptRow[] => {
      if (span.kind !== "attempt") return [];
      const next = lane.spans[index + 1];
      const backoff = next?.kind === "backoff" ? next : undefined;
      return [{ lane, attempt: span, backoff }];
    })
  );
}

function isFirst(rows: readonly AttemptRow[], index: number): boolean {
  return rows[index - 1]?.lane !== rows[index]?.lane;
}

interface RowProps extends JobProps {
  readonly row: AttemptRow;
  readonly isFirst: boolean;
  readonly columns: Columns;
}

function Row({ state, row, isFirst, columns }: RowProps) {
  const { attempt, backoff, lane } = row;
  const id = attempt.startedBy === undefined ? undefined : `attempt-${attempt.startedBy}`;
  return (
    <tr id={id}>
      <th scope="row">
        <span class={isFirst ? undefined : "unseen"}>
          {lane.phase !== "run" && "undo "}
          <span class="mono">
            <UserText text={taskName(lane.taskId)} lengthMax={80} />
          </span>
        </span>
      </th>
      <td data-name="attempt">{attemptNumberOf(attempt)}</td>
      <td>
        <Outcome state={state} row={row} />
        <SpacedCite state={state} logId={attempt.endedBy} />
      </td>
      <td data-name="took">
        <Duration ms={attempt.toMs - attempt.fromMs} isOngoing={attempt.isOngoing} />
      </td>
      <td data-name="started">
        {attempt.startedAt === undefined ? "–" : <Time at={attempt.startedAt} />}
        <SpacedCite state={state} logId={attempt.startedBy} />
      </td>
      {columns.error && (
        <td class="whole-line">
          {attempt.error !== undefined && <ErrorView error={attempt.error} />}
        </td>
      )}
      {columns.backoff && <td>{backoff !== undefined && <Backoff backoff={backoff} />}</td>}
    </tr>
  );
}

/** `run` stays open while its job waits or backs off, but does no work. */
function Outcome({ state, row }: JobProps & { readonly row: AttemptRow }) {
  const { attempt, lane } = row;
  const { condition } = state.explanation;
  const isRun = lane.taskId === MAIN_TASK && attempt.isOngoing;
  if (isRun && condition !== "executing") {
    return <span class="outcome">{conditionText(condition)}</span>;
  }
  const progress = attempt.isOngoing && lane.phase === "run"
    ? state.job.tasks.find(({ taskId }) => taskId === lane.taskId)?.progress
    : undefined;
  return (
    <span class={`outcome outcome-${attempt.outcome}`}>
      {OUTCOME_WORDS[attempt.outcome]}
      {progress !== undefined && <TaskProgress {...progress} />}
    </span>
  );
}

function SpacedCite({ state, logId }: JobProps & { readonly logId: LogId | undefined }) {
  if (logId === undefined) return null;
  return (
    <>
      {" "}
      <EntryLink pathOf={state.pathOf} logId={logId} />
    </>
  );
}

function Backoff({ backoff }: { readonly backoff: BackoffSpan }) {
  return (
    <>
      {backoff.isOngoing ? "again at " : "backed off "}
      {backoff.isOngoing
        ? <Time at={backoff.retryAt} />
        : <Duration ms={backoff.toMs - backoff.fromMs} />}
    </>
  );
}

const ROWS_MAX = 100;

function earlierText({ length }: readonly unknown[]): string | false {
  return length > ROWS_MAX && `${countText(length - ROWS_MAX)} before these are not shown.`;
}

/** For readers who cannot see the figure. */
export function TimelineTables({ state }: JobProps) {
  return (
    <details id="timeline-tables">
      <summary>The timeline as tables</summary>
      <div class="stack-wide">
        <Conditions state={state} />
        <Events state={state} />
      </div>
    </details>
  );
}

function Conditions({ state }: JobProps) {
  const { conditions } = state.timeline;
  return (
    <Table
      caption="What the job was doing"
      headings={["Condition", "After creation", "Lasted", "Since entry"]}
      asCards
      rest={earlierText(conditions)}
    >
      {conditions.slice(-ROWS_MAX).map(({ condition, fromMs, toMs, isOngoing, fromBy }) => (
        <tr>
          <th scope="row">{conditionText(condition)}</th>
          <td data-name="after">
            <Duration ms={fromMs} />
          </td>
          <td data-name="for">
            <Duration ms={toMs - fromMs} isOngoing={isOngoing} />
            {isOngoing && " so far"}
          </td>
          <td>
            <EntryLink pathOf={state.pathOf} logId={fromBy} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Events({ state }: JobProps) {
  const { marks } = state.timeline;
  if (marks.length === 0) return null;
  return (
    <Table
      caption="Events that reached the job, or almost did"
      headings={["Event", "After creation", "What it did", "For", "Entry"]}
      asCards
      rest={earlierText(marks)}
    >
      {marks.slice(-ROWS_MAX).map(({ eventType, atMs, kind, expectations, logId }) => (
        <tr>
          <th scope="row" class="mono">{eventType}</th>
          <td data-name="after">
            <Duration ms={atMs} />
          </td>
          <td>{MARK_WORDS[kind]}</td>
          <td>
            <UserText text={expectations.join(", ")} lengthMax={200} />
          </td>
          <td>
            <EntryLink pathOf={state.pathOf} logId={logId} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
