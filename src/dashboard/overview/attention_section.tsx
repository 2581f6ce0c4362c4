/** What may need attention: recent failures, types that fail often, and the longest waits. */

import type { Child } from "hono/jsx";
import type { Condition } from "../../core/condition.ts";
import { messageText } from "../../core/error_text.ts";
import { countOf, countText } from "../../core/counted.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import type { FailedJob, JobState } from "../../core/job_state.ts";
import type { NeedingAttention } from "../../engine/requests.ts";
import type { ParkedJobs } from "../../explain/statements/queue_facts.ts";
import type { JobCount } from "../../engine/job_pages.ts";
import { openExpectations } from "../../core/awaited_events.ts";
import type { FailingType } from "../../metrics/figures.ts";
import { JobLink, jobsPath } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";
import { Time } from "../parts/amounts.tsx";

/** Longer text does not fit on one line. */
const LINE_LENGTH_MAX = 240;
const TYPES_MAX = 5;

interface AttentionSectionProps {
  readonly attention: NeedingAttention;
  /** Failures that were not retried yet. */
  readonly open: JobCount;
  readonly failingTypes: readonly FailingType[];
  /** Notes below the failures. */
  readonly children?: Child;
}

export function AttentionSection(props: AttentionSectionProps) {
  const { attention, open, failingTypes, children } = props;
  return (
    <section aria-labelledby="attention-heading" class="stack-wide">
      <h2 id="attention-heading">What may need your attention</h2>
      <div class="sheet">
        <Headline open={open} />
        <div id="attention-failed" data-calm>
          <FailedJobs jobs={attention.failed} />
        </div>
      </div>
      <div id="attention-parked" data-live>
        {attention.parked.map((parked) => <ParkedType {...parked} />)}
      </div>
      {children}
      <div class="attention-others">
        <Sheet name="waiting" title="Longest waiting">
          <WaitingJobs waiting={attention.waiting} />
        </Sheet>
        <Sheet name="failing" title="Types that fail">
          <FailingTypes types={failingTypes} />
        </Sheet>
      </div>
    </section>
  );
}

const OPEN_FAILURES = { condition: "failed", retried: "false" };

function Headline({ open: { jobs, searched } }: { readonly open: JobCount }) {
  const count = countText(jobs) + (searched === undefined ? "" : "+");
  return (
    <h3 id="attention-headline" class="row headline" data-live>
      <a href={jobsPath(OPEN_FAILURES)} class={jobs === 0 ? undefined : "bad"}>
        <b>{count}</b> {jobs === 1 ? "failure" : "failures"} not yet retried
      </a>
      {jobs !== 0 && <a href={jobsPath({ ...OPEN_FAILURES, group: "error" })}>by kind</a>}
    </h3>
  );
}

/** Parked jobs do nothing until someone acts. */
function ParkedType({ type, jobs, newest }: ParkedJobs) {
  return (
    <p class="note note-bad">
      {countText(jobs)} {jobs === 1 ? "job" : "jobs"} of type{" "}
      <TypeLink type={type} condition="parked" /> {jobs === 1 ? "is" : "are"} parked:{" "}
      <UserText text={newest.message} lengthMax={LINE_LENGTH_MAX} />{" "}
      (<JobLink jobId={newest.jobId} />).
    </p>
  );
}

interface SheetProps {
  readonly name: string;
  readonly title: string;
  readonly children: Child;
}

function Sheet({ name, title, children }: SheetProps) {
  return (
    <div class="sheet">
      <h3>{title}</h3>
      <div id={`attention-${name}`} data-calm>{children}</div>
    </div>
  );
}

function FailedJobs({ jobs }: { readonly jobs: readonly FailedJob[] }) {
  if (jobs.length === 0) return <p class="soft">Nothing to retry.</p>;
  return (
    <ol class="bare cases">
      {jobs.map((job) => (
        <Case job={job} at={job.endedAt}>
          {job.failure.recoveryRequired && <b class="bad">needs recovery:</b>}{" "}
          <UserText
            text={`${job.failure.error.name}: ${messageText(job.failure.error)}`}
            lengthMax={LINE_LENGTH_MAX}
          />
        </Case>
      ))}
    </ol>
  );
}

function WaitingJobs({ waiting }: Pick<NeedingAttention, "waiting">) {
  if (waiting.length === 0) return <p class="soft">No job waits for an event.</p>;
  return (
    <ol class="bare cases">
      {waiting.map(({ job, since }) => (
        <Case job={job} at={since}>
          <WaitsFor job={job} />
        </Case>
      ))}
    </ol>
  );
}

function WaitsFor({ job }: { readonly job: JobState }) {
  const [first, ...others] = openExpectations(job);
  if (first === undefined) return <>for something that no outside event brings</>;
  const required = requiredMatches(first.expected.multiplicity);
  return (
    <>
      {countOf(first.matched, required)}:{" "}
      <UserText text={first.expected.matcher.eventType} lengthMax={LINE_LENGTH_MAX} />
      {others.length !== 0 && `, and ${others.length} more`}
    </>
  );
}

interface CaseProps {
  readonly job: JobState;
  readonly at: string;
  readonly children: Child;
}

/** Always on one line. */
function Case({ job, at, children }: CaseProps) {
  return (
    <li>
      <JobLink jobId={job.jobId} />
      <span class="one-line">
        {job.type === undefined
          ? "a plan"
          : <UserText text={job.type} lengthMax={LINE_LENGTH_MAX} />}
      </span>
      <span class="one-line soft">{children}</span>
      <Time at={at} ago />
    </li>
  );
}

function FailingTypes({ types }: { readonly types: readonly FailingType[] }) {
  if (types.length === 0) return <p class="soft">None since this process started.</p>;
  const rest = types.length - TYPES_MAX;
  return (
    <>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">type</th>
            <th scope="col" class="number">last hour</th>
            <th scope="col" class="number">since start</th>
          </tr>
        </thead>
        <tbody>
          {types.slice(0, TYPES_MAX).map(({ type, lastHour, sinceStart }) => (
            <tr>
              <th scope="row">
                <FailingTypeName type={type} />
              </th>
              <td class="number">{countText(lastHour)}</td>
              <td class="number">{countText(sinceStart)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <p class="soft">and {rest} more</p>}
    </>
  );
}

function FailingTypeName({ type }: { readonly type: FailingType["type"] }) {
  if (type.of === "plan") return <>plans without code</>;
  if (type.of === "other") return <>types that are not loaded</>;
  return <TypeLink type={type.name} condition="failed" />;
}

interface TypeLinkProps {
  readonly type: string;
  /** The condition of the jobs in the linked list. */
  readonly condition: Condition;
}

function TypeLink({ type, condition }: TypeLinkProps) {
  return (
    <a href={jobsPath({ condition, type })}>
      <UserText text={type} lengthMax={LINE_LENGTH_MAX} />
    </a>
  );
}
