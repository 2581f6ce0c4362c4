/** A definition: its input, what its jobs wait for, its figures, and a form to submit a job. */

import type { Child } from "hono/jsx";

import { counted, countText } from "../../core/counted.ts";
import { matcherText } from "../../explain/words/expectations.ts";
import { WantedEvent } from "../job/expectations.tsx";
import { expectationResource } from "../../core/job_resource.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { durationText } from "../../core/duration.ts";
import type { JobState } from "../../core/job_state.ts";
import { ruleText } from "../../core/pauses.ts";
import type { DefinitionInfo } from "../../engine/requests.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { JobLink, jobsPath, LIMITS_PATH } from "../parts/links.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import { CreationForm, type CreationFormProps } from "./creation_fields.tsx";
import { FieldNote } from "../parts/forms.tsx";
import { Table, Term } from "../parts/table.tsx";
import { rulesText, type SchemaForm } from "../schema_form/field.ts";
import { messageText } from "../../core/error_text.ts";
import { CONDITIONS } from "../../core/condition.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { Time } from "../parts/amounts.tsx";

function SchemaTable({ form }: { readonly form: SchemaForm }) {
  if (form.fields.length === 0) return <p class="soft">The input has no fields.</p>;
  return (
    <Table
      caption="The input, field by field"
      headings={["Field", "Takes", "About", "Default"]}
      asCards
    >
      {form.fields.map((row) => (
        <tr>
          <td class="mono">
            <UserText text={row.name} lengthMax={200} />
            {!row.isRequired && <FieldNote text="optional" />}
            {row.isSecret && <FieldNote text="secret" />}
          </td>
          <td>
            <UserText text={rulesText(row)} lengthMax={500} />
          </td>
          <td class="schema-about">
            {row.description === undefined
              ? ""
              : <UserText text={row.description} lengthMax={1_000} />}
          </td>
          <td class="mono" data-name="default">
            {row.default === undefined
              ? ""
              : <UserText text={JSON.stringify(row.default)} lengthMax={200} />}
          </td>
        </tr>
      ))}
    </Table>
  );
}

interface DefinitionPageProps {
  readonly definition: DefinitionInfo;
  readonly newest: JobState | undefined;
  readonly form: CreationFormProps;
  readonly deps: HttpDeps;
}

/** The page of a type that is no longer loaded, with what became of its jobs. */
export function UnloadedTypePage(
  { deps, type }: { readonly deps: HttpDeps; readonly type: string },
) {
  return (
    <>
      <TypeHead type={type}>
        <p class="soft">No definition of this type is loaded, so no job of it can be submitted.</p>
      </TypeHead>
      <TypeFigures deps={deps} type={type} />
    </>
  );
}

function TypeHead({ type, children }: { readonly type: string; readonly children: Child }) {
  return (
    <header class="stack">
      <p class="crumbs">
        <a href="/ui/system">System</a> / definitions
      </p>
      <h1>
        <UserText text={type} lengthMax={200} />
      </h1>
      {children}
    </header>
  );
}

export function DefinitionPage({ definition, newest, form, deps }: DefinitionPageProps) {
  const { type, version, description } = definition;
  return (
    <>
      <TypeHead type={type}>
        <p class="soft">version {version}</p>
        {description !== undefined && (
          <p class="lead">
            <UserText text={description} />
          </p>
        )}
      </TypeHead>
      <TypeFigures deps={deps} type={type} />
      <div class="column two-columns">
        <section class="sheet" aria-labelledby="submit-heading">
          <h2 id="submit-heading">Submit a job</h2>
          <CreationForm {...form} />
        </section>
        <div class="column">
          <section class="sheet" aria-labelledby="input-heading">
            <h2 id="input-heading">Input</h2>
            <SchemaTable form={form.subject.form} />
            <details>
              <summary>JSON Schema</summary>
              <JsonView value={definition.inputSchema} href="/definitions" />
            </details>
          </section>
          <section id="waits" class="sheet" aria-labelledby="waits-heading" data-live>
            <h2 id="waits-heading">What its jobs wait for</h2>
            <Expectations newest={newest} />
          </section>
          <Terms definition={definition} />
        </div>
      </div>
    </>
  );
}

/** The plan depends on the input, so only an existing job shows it. */
function Expectations({ newest }: { readonly newest: JobState | undefined }) {
  if (newest === undefined) {
    return (
      <p class="soft">
        The plan depends on the input. Submit a job to see its plan here.
      </p>
    );
  }
  return (
    <>
      <p class="soft">
        From the newest job,{" "}
        <span class="unbroken">
          <JobLink jobId={newest.jobId} />:
        </span>
      </p>
      <dl class="facts">
        {newest.plan.expected.map((expected) => <Expectation expected={expected} />)}
      </dl>
    </>
  );
}

function Expectation({ expected }: { readonly expected: ExpectedEvent }) {
  const { id, multiplicity } = expected;
  return (
    <Term name={<UserText text={id} lengthMax={200} />}>
      <WantedEvent one={expectationResource(expected)} />
      {multiplicity !== "ExactlyOnce" && (
        <>
          {`, ${typeof multiplicity === "string" ? multiplicity : `${multiplicity.times} times`}`}
        </>
      )}
    </Term>
  );
}

function placesText(
  { maxRunning, perKey, rate, byKey }: NonNullable<DefinitionInfo["limits"]>,
): string {
  const texts = [
    ...maxRunning === undefined ? [] : [`at most ${counted(maxRunning, "job")}`],
    ...perKey === undefined ? [] : [`at most ${perKey} of one key`],
    ...rate === undefined
      ? []
      : [`${counted(rate.count, "start")} within ${durationText(rate.perMs)}`],
    ...byKey ? ["keys take turns"] : [],
  ];
  return texts.join("; ");
}

/** Further properties of a definition. */
function Terms({ definition }: Pick<DefinitionPageProps, "definition">) {
  const { startsOn, secrets = [], retention, limits, pauseAfter } = definition;
  const terms = [startsOn, retention, limits, pauseAfter, ...secrets];
  if (terms.every((term) => term === undefined)) return null;
  return (
    <section class="sheet" aria-labelledby="terms-heading">
      <h2 id="terms-heading">Also</h2>
      <dl class="facts">
        {startsOn !== undefined && (
          <Term name="Starts on" class="mono">
            <UserText text={matcherText(startsOn)} lengthMax={400} />
          </Term>
        )}
        {secrets.length !== 0 && (
          <Term name="Secrets">
            <UserText text={secrets.join(", ")} />; masked in the journal
          </Term>
        )}
        {retention !== undefined && (
          <Term name="Retention" class="mono">{JSON.stringify(retention)}</Term>
        )}
        {limits !== undefined && (
          <Term name="Running at a time">
            {placesText(limits)}; <a href={LIMITS_PATH}>their use</a>
          </Term>
        )}
        {pauseAfter !== undefined && (
          <Term name="Paused automatically">
            for {durationText(pauseAfter.forMs)} when {ruleText(pauseAfter)}
          </Term>
        )}
      </dl>
    </section>
  );
}

const HOUR_MS = 3_600_000;
/** The most jobs to measure, the newest of those that ended. */
const MEASURED_MAX = 500;
const KINDS_MAX = 5;
const MESSAGE_LENGTH_MAX = 200;

interface TypeFiguresProps {
  readonly deps: Pick<HttpDeps, "engine" | "clock">;
  readonly type: string;
}

function TypeFigures({ deps, type }: TypeFiguresProps) {
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
          <a class="type-count" href={jobsPath({ type, condition })}>
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
        <Term name="Took">{spreadText(ended.map(tookMs))}</Term>
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

/** From its first attempt to its end, with its waits. */
function tookMs({ startedAt, endedAt, queuedMs }: JobSummary): number | null {
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
              <a href={jobsPath({ type, fingerprint })}>
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
      {more !== 0 && <a href={jobsPath({ type, group: "error" })}>{counted(more, "more kind")}</a>}
    </>
  );
}
