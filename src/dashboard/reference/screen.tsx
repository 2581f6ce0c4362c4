/**
 * `/ui/reference`: each route with its summary and a curl call, and each kind of problem. All
 * details of a route, such as schemas, are in `/openapi.json`.
 */

import type { Context } from "hono";
import { isObject, type JsonObject } from "../../core/json.ts";
import type { Action } from "../../explain/statements/explanation.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { MEANINGS, PROBLEM_KINDS, problemFacts } from "../../http/responses/problem.ts";
import { problemType } from "../../documents/refusal.ts";
import { refuseQuery } from "../../http/requests/request.ts";
import type { Route } from "../../http/routing/route.ts";
import { page } from "../page.tsx";
import { type Commands, CopyText, curlCommands } from "../parts/curl.tsx";
import { Table } from "../parts/table.tsx";

export const REFERENCE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/ui/reference", scope: "read", handle: showReference },
];

/** The part of an operation that the page shows. */
interface DescribedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean }[];
  readonly requestBody?: { readonly content: DescribedContents };
  readonly responses: Readonly<Record<string, { readonly content?: DescribedContents }>>;
  readonly security: readonly JsonObject[];
}

type DescribedContents = Readonly<
  Record<string, { readonly examples?: Readonly<Record<string, { readonly value: unknown }>> }>
>;

export interface DescribedApi {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

/** An operation, with its method and path. */
interface Placed {
  readonly method: string;
  /** As in `/openapi.json`: `/jobs/{id}`. */
  readonly path: string;
  readonly operation: DescribedOperation;
}

/** In the order of `/openapi.json`. */
export function operationsIn({ paths }: DescribedApi): readonly Placed[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    }))
  );
}

interface ExampleCall {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject;
  /** The answer is a stream. */
  readonly isStream: boolean;
}

/** Example ids, by the beginning of the path. */
const EXAMPLE_IDS = {
  jobs: "order-42",
  events: "parcel-7",
  pauses: "pau_01J00000000000000000000001",
} as const;

function exampleId(path: string): string {
  const [, root = ""] = path.split("/");
  return Object.entries(EXAMPLE_IDS).find(([name]) => name === root)?.[1] ?? EXAMPLE_IDS.jobs;
}

/** A call that works as it is, on a job with the id of the examples. */
export function exampleCall({ method, path, operation }: Placed): ExampleCall {
  const { parameters = [], requestBody, responses } = operation;
  const required = parameters.filter(({ in: place, required }) => place === "query" && required)
    // All other required parameters are points in a job's life.
    .map(({ name }) => [name, name === "about" ? EXAMPLE_IDS.jobs : "2026-01-31T12:00:00Z"]);
  const search = new URLSearchParams(required).toString();
  const examples = Object.values(requestBody?.content["application/json"]?.examples ?? {});
  const body = examples.map(({ value }) => value).find(isObject);
  return {
    method,
    path: path.replace("{id}", exampleId(path)).replace("{type}", "order.fulfil") +
      (search === "" ? "" : `?${search}`),
    ...(body === undefined ? {} : { body }),
    isStream: Object.values(responses).some(({ content = {} }) => "text/event-stream" in content),
  };
}

function curlOfExample({ method, path, body, isStream }: ExampleCall, commands: Commands): string {
  if (isStream) return commands.follow(path);
  if (method === "GET") return commands.get(path);
  const action = { method: method as Action["method"], path };
  return commands.of(body === undefined ? action : { ...action, body });
}

const TITLES: Readonly<Record<string, string>> = {
  jobs: "Jobs",
  events: "Events and the journal",
  replay: "History and explanations",
  system: "The system",
};

async function showReference(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  const document = (await deps.openApi()).document as unknown as DescribedApi;
  const commands = curlCommands(c, deps);
  const groups = Map.groupBy(operationsIn(document), ({ operation }) => operation.tags[0] ?? "");
  return page(c, deps, {
    title: "Reference",
    styles: ["manual.css"],
    body: (
      <>
        <header class="stack">
          <h1>API reference</h1>
          <p class="soft">
            Daybook{" "}
            {document.info.version}: every route with its scope and a call of this server, for a job
            with the id <code>order-42</code>. Parameters, bodies, answers and their schemas are in
            {" "}
            <a href="/openapi.json">openapi.json</a>.
          </p>
        </header>
        {[...groups].map(([tag, operations]) => (
          <section class="part" aria-labelledby={`tag-${tag}`}>
            <h2 id={`tag-${tag}`}>{TITLES[tag] ?? tag}</h2>
            <Table caption={`Routes: ${TITLES[tag] ?? tag}`} headings={["Route", "Scope", "Call"]}>
              {operations.map((placed) => (
                <OperationRow
                  placed={placed}
                  curl={curlOfExample(exampleCall(placed), commands)}
                />
              ))}
            </Table>
          </section>
        ))}
        <Problems />
      </>
    ),
  });
}

function OperationRow({ placed, curl }: { readonly placed: Placed; readonly curl: string }) {
  const { method, path, operation: { operationId, summary, security } } = placed;
  const scopes = security.flatMap((one) => one["bearer"] as readonly string[] ?? []);
  return (
    <tr id={`operation-${operationId}`}>
      <th scope="row" class="route">
        <span class="route-path mono">{method} {path}</span>
        <span class="route-summary">{summary}</span>
      </th>
      <td>{scopes.length === 0 ? "none" : scopes.join(", ")}</td>
      <td class="route-call">
        <CopyText text={curl} />
      </td>
    </tr>
  );
}

/** All kinds of problems (RFC 9457). */
function Problems() {
  return (
    <section class="part" aria-labelledby="problems">
      <h2 id="problems">Problems</h2>
      <p class="soft">
        Every error is a problem (RFC 9457), whose <code>type</code> is one of these.
      </p>
      <Table caption="Kinds of problems" headings={["Type", "Status", "Meaning"]}>
        {PROBLEM_KINDS.map((kind) => (
          <tr id={`problem-${kind}`}>
            <th scope="row">
              <a class="mono" href={problemType(kind)}>{kind}</a>
            </th>
            <td>{problemFacts(kind).status}</td>
            <td class="words">{problemFacts(kind).title}. {MEANINGS[kind]}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
