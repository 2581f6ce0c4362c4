/** Figures of a job type: rate, durations and failures. */

import { counted, countText } from "../../core/counted.ts";
import { messageText } from "../../core/error_text.ts";
import { CONDITIONS } from "../../core/condition.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { durationText } from "../../core/duration.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { JobLink } from "../parts/links.tsx";
import { Table, Term } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { Time } from "../parts/amounts.tsx";

const HOUR_MS = 3_600_000;
/** The most jobs to measure, the newest of those that ended. */
const MEASURED_MAX = 500;
const KINDS_MAX = 5;
const MESSAGE_LENGTH_MAX = 200;

interface TypeFiguresProps {
  readonly deps: Pick<HttpDeps, "engine" | "clock">;
  readonly type: string;
}

export function TypeFigures({ deps, type }: TypeFiguresProps) {
  const { lists } = deps.engine;
  const now = deps.clock.now();
  const types = [type];
  const since = (ms: number) => ({ types, createdAfter: new Date(now - ms).toISOString() });
  const rates = [HOUR_MS, 24 * HOUR_MS].map((ms) => lists.count(since(ms)).jobs);
  const { conditions } = lists.count({ types });
  const ended = lists.summaries({
    ...since(24 * HOUR_MS),
    conditions: ["succeeded", "failed", "cancelled"],
    limit: MEASURED_MAX,
  }).jobs;
  return (
    <section id="figures" class="sheet" aria-labelledby="figures-heading" data-live>
      <h2 id="figures-heading">In figures</h2>
      <p class="row">
        {CONDITIONS.filter((condition) => conditions.has(condition)).map((condition) => (
          <a class="type-count" href={jobsPath(type, { condition })}>
            {countText(conditions.get(condition) ?? 0)} <ConditionMark condition={condition} />
          </a>
        ))}
        {conditions.size === 0 && <span class="soft">No job of this type yet.</span>}
      </p>
      <dl class="facts">
        <Term name="Rate">
          {countText(rates[0] ?? 0)} in the last hour, {countText(rates[1] ?? 0)} in 24 hours
        </Term>
        <Term name="Queued">{spreadText(ended.map(({ queuedMs }) => queuedMs))}</Term>
        <Term name="Run time">{spreadText(ended.map(runMs))}</Term>
        <Term name="Failures">{failuresText(ended)}</Term>
      </dl>
      <p class="hint">
        Times and failures are of jobs created in the last 24 hours that have ended, the newest{" "}
        {MEASURED_MAX} at most.
      </p>
      <Kinds deps={deps} type={type} />
    </section>
  );
}

/** `3 of 40, 8 %` */
function failuresText(ended: readonly JobSummary[]): string {
  if (ended.length === 0) return "–";
  const failed = ended.filter(({ condition }) => condition === "failed").length;
  return `${failed} of ${ended.length}, ${Math.round(failed / ended.length * 100)} %`;
}

function runMs({ startedAt, endedAt, queuedMs }: JobSummary): number | null {
  if (startedAt === null || endedAt === null || queuedMs === null) return null;
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt) - queuedMs);
}

/** `p50 12 ms, p95 1.2 s` */
function spreadText(lengths: readonly (number | null)[]): string {
  const known = lengths.filter((ms) => ms !== null).toSorted((left, right) => left - right);
  if (known.length === 0) return "–";
  const quantile = (share: number) => durationText(known[Math.ceil(known.length * share) - 1] ?? 0);
  return `p50 ${quantile(0.5)}, p95 ${quantile(0.95)}`;
}

function Kinds({ deps, type }: TypeFiguresProps) {
  const { groups, more } = deps.engine.lists.failures({ types: [type] }, KINDS_MAX);
  if (groups.length === 0) return null;
  return (
    <>
      <h3>Failures by kind</h3>
      <Table
        caption="Failures by kind"
        headings={["Jobs", "Error", "Newest", "Not retried"]}
        asCards
      >
        {groups.map(({ fingerprint, jobs, open, error, newest }) => (
          <tr>
            <td data-name="jobs">{countText(jobs)}</td>
            <td>
              <a href={jobsPath(type, { fingerprint })}>
                <UserText
                  text={`${error.name}: ${messageText(error)}`}
                  lengthMax={MESSAGE_LENGTH_MAX}
                />
              </a>
            </td>
            <td data-name="newest">
              <Time at={newest.createdAt} ago /> <JobLink jobId={newest.jobId} />
            </td>
            <td data-name="not retried">{countText(open)}</td>
          </tr>
        ))}
      </Table>
      {more !== 0 && <a href={jobsPath(type, { group: "error" })}>{counted(more, "more kind")}</a>}
    </>
  );
}

function jobsPath(type: string, more: Readonly<Record<string, string>>): string {
  return `/ui/jobs?${new URLSearchParams({ type, ...more })}`;
}
