/** One operation: what it takes, what it answers, and a call of it. */

import { CopyText } from "../parts/curl.tsx";
import { Table } from "../parts/table.tsx";
import {
  ANCHORS,
  type DescribedAnswer,
  type DescribedContents,
  type DescribedOperation,
  type DescribedParameter,
  isProblem,
  type Placed,
  problemTypesOf,
} from "./described.ts";
import { SchemaView } from "./schema_view.tsx";
import { Prose } from "./prose.tsx";

export interface OperationViewProps {
  readonly placed: Placed;
  /** A call of it. */
  readonly curl: string;
}

export function OperationView({ placed: { method, path, operation }, curl }: OperationViewProps) {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const answers = Object.entries(responses).filter(([, answer]) => !isProblem(answer));
  const problems = Object.entries(responses).filter(([, answer]) => isProblem(answer));
  return (
    <section id={ANCHORS.operation(operation)} class="sheet operation">
      <h3>
        <span class={`method method-${method.toLowerCase()}`}>{method}</span>{" "}
        <code class="path">{path}</code>
      </h3>
      <p class="lead">{summary}</p>
      {description === undefined ? null : <Prose text={description} />}
      <Access operation={operation} />
      {parameters.length === 0
        ? null
        : <Parameters of={`${method} ${path}`} parameters={parameters} />}
      {requestBody === undefined ? null : (
        <>
          <h4>Body{requestBody.required ? "" : ", which may be left out"}</h4>
          <Contents content={requestBody.content} />
        </>
      )}
      <h4>Answers</h4>
      {answers.map(([status, answer]) => <Answer status={status} answer={answer} />)}
      <Problems problems={problems} />
      <h4>Call</h4>
      <CopyText text={curl} />
    </section>
  );
}

/** The scope that a token needs for it. */
function Access({ operation: { security } }: { readonly operation: DescribedOperation }) {
  const scopes = security.flatMap((one) => one.bearer as readonly string[] ?? []);
  return (
    <p class="hint">
      {scopes.length === 0 ? "Open to all." : (
        <>
          Where tokens are asked for, it takes one with the scope <code>{scopes.join(", ")}</code>.
        </>
      )}
    </p>
  );
}

interface ParametersProps {
  /** The operation. */
  readonly of: string;
  readonly parameters: readonly DescribedParameter[];
}

function Parameters({ of, parameters }: ParametersProps) {
  return (
    <>
      <h4>Parameters</h4>
      <Table caption={`Parameters of ${of}`} headings={["Name", "In", "What it is", "Form"]}>
        {parameters.map(({ name, in: place, required, description = "", schema }) => (
          <tr>
            <th scope="row">
              <code>{name}</code>
              {required === true ? <span class="schema-required">required</span> : null}
            </th>
            <td>{place}</td>
            <td class="words">{description}</td>
            <td class="schema">
              <SchemaView schema={schema} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function Contents({ content }: { readonly content: DescribedContents }) {
  return (
    <dl class="contents">
      {Object.entries(content).map(([mediaType, { schema, examples = {}, ...rest }]) => {
        const item = rest["x-oai-itemSchema"];
        return (
          <>
            <dt>
              <code>{mediaType}</code>
            </dt>
            <dd class="schema">
              <SchemaView schema={schema} />
              {item === undefined ? null : (
                <div class="schema-within">
                  <span class="soft">each item</span> <SchemaView schema={item} />
                </div>
              )}
              {Object.entries(examples).map(([name, { value }]) => (
                <details>
                  <summary>Example: {name}</summary>
                  <pre tabindex={0}><code>{JSON.stringify(value, null, 2)}</code></pre>
                </details>
              ))}
            </dd>
          </>
        );
      })}
    </dl>
  );
}

function Answer({ status, answer }: { readonly status: string; readonly answer: DescribedAnswer }) {
  const { description, headers = {}, content = {} } = answer;
  return (
    <div class="answer">
      <p>
        <strong>{status}</strong> {description}
      </p>
      {Object.entries(headers).map(([name, header]) => (
        <p class="hint">
          Header <code>{name}</code>: {header.description}
        </p>
      ))}
      <Contents content={content} />
    </div>
  );
}

interface ProblemsProps {
  readonly problems: readonly (readonly [status: string, answer: DescribedAnswer])[];
}

function Problems({ problems }: ProblemsProps) {
  return (
    <details>
      <summary>Problems</summary>
      <ul class="problems">
        {problems.map(([status, answer]) =>
          problemTypesOf(answer).map((type) => (
            <li>
              {status} <a href={`#${ANCHORS.problem(type)}`}>{type.replace("/problems/", "")}</a>
            </li>
          ))
        )}
      </ul>
    </details>
  );
}
