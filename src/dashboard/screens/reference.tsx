/**
 * `/ui/reference`: the document at `/openapi.json` as a page. It is made on the server, of the
 * same document: nothing of it is said a second time.
 */

import type { Context } from "hono";
import type { Edge } from "../../http/edge.ts";
import { PROBLEM_KINDS, problemFacts, problemType } from "../../http/problems/problem.ts";
import { refuseQuery } from "../../http/requests/query.ts";
import { reachedAs } from "../../http/requests/reached_as.ts";
import { page } from "../page.tsx";
import {
  ANCHORS,
  type DescribedApi,
  operationsByTag,
  type Placed,
} from "../reference/described.ts";
import { curlOfExample, exampleCall } from "../reference/example_call.ts";
import { OperationView } from "../reference/operation_view.tsx";
import { SchemaView } from "../reference/schema_view.tsx";
import type { Route } from "../../http/route.ts";

export const REFERENCE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/ui/reference", scope: "read", handle: showReference },
];

function showReference(c: Context, edge: Edge): Response {
  refuseQuery(c.req.raw);
  const document = edge.openApi() as unknown as DescribedApi;
  const { origin } = reachedAs(c.req.raw);
  const groups = operationsByTag(document);
  const curlOf = (placed: Placed) => curlOfExample(exampleCall(placed), origin, edge.needsToken);
  return page(
    c,
    edge,
    { title: "Reference", styles: ["reference.css"] },
    <>
      <header class="stack-wide">
        <h1>Reference of the API</h1>
        <p class="soft">
          Daybook {document.info.version}. The same for programs is{" "}
          <a href="/openapi.json">openapi.json</a>, in OpenAPI {document.openapi}. Calls name a job
          {" "}
          <code>order-42</code>, and are of this server.
        </p>
      </header>
      <Contents document={document} />
      {[...groups].map(([tag, operations]) => (
        <section class="group" aria-labelledby={`tag-${tag}`}>
          <h2 id={`tag-${tag}`}>{TITLES[tag] ?? tag}</h2>
          {operations.map((placed) => <OperationView placed={placed} curl={curlOf(placed)} />)}
        </section>
      ))}
      <Schemas document={document} />
      <Problems />
    </>,
  );
}

const TITLES: Readonly<Record<string, string>> = {
  jobs: "Jobs",
  events: "Events and the journal",
  replay: "Looking back",
  system: "The system",
};

function Contents({ document }: { readonly document: DescribedApi }) {
  return (
    <nav class="sheet reference-contents" aria-label="Contents">
      {[...operationsByTag(document)].map(([tag, operations]) => (
        <div>
          <h2>
            <a href={`#tag-${tag}`}>{TITLES[tag] ?? tag}</a>
          </h2>
          <ul>
            {operations.map(({ method, path, operation }) => (
              <li>
                <a href={`#${ANCHORS.operation(operation)}`}>
                  <span class="method">{method}</span> <code>{path}</code>
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <div>
        <h2>
          <a href="#schemas">Schemas</a>
        </h2>
        <ul>
          {Object.keys(document.components.schemas).map((name) => (
            <li>
              <a href={`#${ANCHORS.schema(name)}`}>{name}</a>
            </li>
          ))}
          <li>
            <a href="#problems">Problems</a>
          </li>
        </ul>
      </div>
    </nav>
  );
}

function Schemas({ document }: { readonly document: DescribedApi }) {
  return (
    <section class="group" aria-labelledby="schemas">
      <h2 id="schemas">Schemas</h2>
      {Object.entries(document.components.schemas).map(([name, schema]) => (
        <section id={ANCHORS.schema(name)} class="sheet">
          <h3>{name}</h3>
          <div class="schema">
            <SchemaView schema={schema} />
          </div>
        </section>
      ))}
    </section>
  );
}

/** Every kind of refusal, as RFC 9457 has them. */
function Problems() {
  return (
    <section class="group" aria-labelledby="problems">
      <h2 id="problems">Problems</h2>
      <p class="soft">
        Every refusal is a problem as of RFC 9457: its <code>type</code> is one of these.
      </p>
      <dl class="sheet problem-kinds">
        {PROBLEM_KINDS.map((kind) => (
          <div id={ANCHORS.problem(kind)}>
            <dt>
              <code>{problemType(kind)}</code>
            </dt>
            <dd>
              {problemFacts(kind).status} {problemFacts(kind).title}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
