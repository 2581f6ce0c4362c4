/** A definition: its input, what its jobs wait for, and a form to submit a job. */

import type { Child } from "hono/jsx";
import { counted } from "../../core/counted.ts";
import { matcherText } from "../../explain/awaited_events.ts";
import { WantedEvent } from "../job/expectations.tsx";
import { expectationResource } from "../../core/job_resource.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { durationText } from "../../core/duration.ts";
import type { JobState } from "../../core/job_state.ts";
import { ruleText } from "../../core/pauses.ts";
import type { DefinitionInfo } from "../../engine/requests.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { JobLink, LIMITS_PATH } from "../parts/links.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import { CreationForm, type CreationFormProps } from "./creation_fields.tsx";
import { TypeFigures } from "./type_figures.tsx";
import { FieldNote } from "../parts/forms.tsx";
import { Table, Term } from "../parts/table.tsx";
import { rulesText, type SchemaForm } from "../schema_form/field.ts";

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
