/** The attempts of each task, side by side. */

import type { AttemptSpan, BackoffSpan, Lane } from "../../../core/timeline/lanes.ts";
import { ErrorView } from "./error_view.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { Duration, Time } from "../parts/time.tsx";
import { EntryCite } from "./cite.tsx";
import { attemptNumber, OUTCOME_WORDS } from "./drawing.ts";
import type { JobScreenState } from "./screen_state.ts";

/** Of a job of many, the latest so many. */
const ROWS_MAX = 150;

interface Props {
  readonly state: JobScreenState;
}

interface AttemptRow {
  readonly lane: Lane;
  readonly attempt: AttemptSpan;
  /** The wait after it. */
  readonly backoff: BackoffSpan | undefined;
  /** How many rows the task has, at the first of them. */
  readonly rows: number;
}

export function JobAttempts({ state }: Props) {
  const { lanes } = state.timeline;
  if (lanes.length === 0) return null;
  const all = lanes.reduce((sum, { spans }) => sum + attemptsIn(spans).length, 0);
  const rows = rowsOf(lanes).slice(-ROWS_MAX);
  return (
    <section id="job-attempts" class="part" aria-labelledby="attempts-heading" data-live>
      <h2 id="attempts-heading">Attempts</h2>
      <Table
        caption="Attempts by task"
        headings={["Task", "Attempt", "Started", "Took", "Outcome", "Error", "Then"]}
      >
        {rows.map((row, index) => <Row state={state} row={row} isFirst={isFirst(rows, index)} />)}
      </Table>
      {all > rows.length
        ? (
          <p class="hint">
            {all - rows.length} attempts before these are not shown:{" "}
            <a href={`/jobs/${encodeURIComponent(state.job.jobId)}`}>the job as JSON</a>{" "}
            has all tasks.
          </p>
        )
        : null}
    </section>
  );
}

function attemptsIn(spans: Lane["spans"]): readonly AttemptSpan[] {
  return spans.filter((span) => span.kind === "attempt");
}

function rowsOf(lanes: readonly Lane[]): readonly AttemptRow[] {
  return lanes.flatMap((lane) =>
    lane.spans.flatMap((span, index): readonly AttemptRow[] => {
      if (span.kind !== "attempt") return [];
      const next = lane.spans[index + 1];
      const backoff = next?.kind === "backoff" ? next : undefined;
      return [{ lane, attempt: span, backoff, rows: attemptsIn(lane.spans).length }];
    })
  );
}

function isFirst(rows: readonly AttemptRow[], index: number): boolean {
  return rows[index - 1]?.lane !== rows[index]?.lane;
}

function Row(
  { state, row, isFirst }: Props & { readonly row: AttemptRow; readonly isFirst: boolean },
) {
  const { attempt, backoff, lane } = row;
  return (
    <tr class={isFirst ? "first-of-task" : undefined}>
      <th scope="row">
        <span class={isFirst ? undefined : "unseen"}>
          {lane.phase === "run" ? null : "undo "}
          <span class="mono">
            <UserText text={lane.taskId === "main" ? "run" : lane.taskId} lengthMax={80} />
          </span>
        </span>
      </th>
      <td>{attemptNumber(attempt)}</td>
      <td>
        {attempt.startedAt === undefined ? "–" : <Time at={attempt.startedAt} />}
        {attempt.startedBy === undefined ? null : (
          <>
            <EntryCite state={state} logId={attempt.startedBy} />
          </>
        )}
      </td>
      <td>
        <Duration ms={attempt.toMs - attempt.fromMs} />
      </td>
      <td>
        <span class={`outcome outcome-${attempt.outcome}`}>{OUTCOME_WORDS[attempt.outcome]}</span>
        {attempt.endedBy === undefined ? null : (
          <>
            <EntryCite state={state} logId={attempt.endedBy} />
          </>
        )}
      </td>
      <td>{attempt.error === undefined ? null : <ErrorView error={attempt.error} />}</td>
      <td>{backoff === undefined ? null : <Backoff backoff={backoff} />}</td>
    </tr>
  );
}

function Backoff({ backoff }: { readonly backoff: BackoffSpan }) {
  return (
    <>
      {backoff.goesOn ? "again at " : "backed off "}
      {backoff.goesOn
        ? <Time at={backoff.retryAt} />
        : <Duration ms={backoff.toMs - backoff.fromMs} />}
    </>
  );
}
