/**
 * The document at `/openapi.json`: OpenAPI 3.1, generated from the schemas with which the routes
 * read requests, and from those that describe answers.
 */

import * as v from "valibot";
import { jobIdField, withinLazy } from "../../documents/fields.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Work } from "../../core/work.ts";
import { SCOPES } from "../../access/tokens.ts";
import {
  entryAnswer,
  receiptsAnswer,
  streamedEntryAnswer,
} from "../../documents/answers/entries.ts";
import { citation, explanationAnswer } from "../../documents/answers/explanation.ts";
import { failureAnswer, jobAnswer, jobSummaryAnswer } from "../../documents/answers/job.ts";
import {
  condition,
  count,
  errorCause,
  limitName,
  stateName,
  text,
} from "../../documents/answers/parts.ts";
import { standing } from "../../documents/answers/system.ts";
import { cloudEvent } from "../requests/event_documents.ts";
import { correlationForms, planObject } from "../../documents/plan_schema.ts";
import { newJob } from "../../documents/create_request.ts";
import { incomingEvent } from "../../documents/events.ts";
import { PROBLEM_KINDS, problemFacts, type ProblemKind } from "../responses/problem.ts";
import { problemType } from "../../documents/refusal.ts";
import { type Parameter, VALUES_MAX } from "../../documents/parameters.ts";
import { LOG_ID_HEADERS } from "../guard/relay.ts";
import {
  type Content,
  type Header,
  type Operation,
  reference,
  type Route,
  type RouteScope,
} from "../routing/route.ts";
import { mapped, namedSchemaObjects, type NamedSchemas, schemaObject } from "./json_schema.ts";
import { withExample } from "./answer_examples.ts";
import { described } from "./members.ts";

/** The body of a refusal, as `problemResponse` writes it. */
const problemAnswer = v.object({
  type: v.picklist(PROBLEM_KINDS.map(problemType)),
  title: text,
  status: count,
  detail: text,
  instance: text,
  errors: v.exactOptional(v.array(v.object({
    pointer: v.exactOptional(text),
    parameter: v.exactOptional(text),
    header: v.exactOptional(text),
    detail: text,
  }))),
  allowedIn: v.exactOptional(v.array(stateName)),
  knownTypes: v.exactOptional(v.array(text)),
  jobId: v.exactOptional(text),
  newJobId: v.exactOptional(text),
  neededScope: v.exactOptional(v.picklist(SCOPES)),
  scopes: v.exactOptional(v.array(v.picklist(SCOPES))),
  limit: v.exactOptional(v.object({ name: limitName, max: v.number() })),
  position: v.exactOptional(count),
  shared: v.exactOptional(standing),
});

const NAMED: NamedSchemas = {
  State: stateName,
  Condition: condition,
  Citation: citation,
  ErrorCause: errorCause,
  Failure: failureAnswer,
  Receipts: receiptsAnswer,
  Job: jobAnswer,
  JobSummary: jobSummaryAnswer,
  Entry: entryAnswer,
  StreamedEntry: streamedEntryAnswer,
  Explanation: explanationAnswer,
  Problem: problemAnswer,
  NewJob: newJob,
  Plan: withinLazy(planObject),
  Correlation: correlationForms,
  Event: withinLazy(incomingEvent),
  CloudEvent: cloudEvent,
};

/** Problems of every route that needs a token. */
const COMMON_PROBLEMS: readonly ProblemKind[] = [
  ...["malformed-host", "invalid-request", "unauthorized", "forbidden", "wrong-host"] as const,
  "too-many-failures",
  "over-capacity",
  "index-damaged",
  "journal-damaged",
  "behind",
  "not-ready",
  "internal",
];

/** Problems of every open route: probes take no token, and no limit applies to them. */
const OPEN_PROBLEMS: readonly ProblemKind[] = ["malformed-host", "wrong-host", "internal"];

/** Problems of a route that takes a body. */
const BODY_PROBLEMS: readonly ProblemKind[] = [
  "malformed-json",
  "malformed-text",
  "unreadable-body",
  "body-too-slow",
  "body-too-large",
  "unsupported-media-type",
];

/** Problems of a route that is not safe, whether or not it records anything. */
const UNSAFE_PROBLEMS: readonly ProblemKind[] = ["cross-site", "draining"];

/** Problems of a route that records something. */
const WRITE_PROBLEMS: readonly ProblemKind[] = ["outcome-unknown", "disk-full"];

/** Headers of a route that records something. */
const TRACE_HEADERS: Readonly<Record<string, Header>> = {
  "traceparent": {
    description:
      "W3C Trace Context: its ids are recorded with all entries that the request causes. " +
      "An invalid value is ignored.",
    schema: v.string(),
  },
};

/** Only the leader of a shared journal records. */
function isWrite({ method, by }: Place): boolean {
  return method !== "GET" && by !== "here";
}

const PROBLEM_LIST = PROBLEM_KINDS
  .map((kind) =>
    `- \`${problemType(kind)}\` (${problemFacts(kind).status}): ${problemFacts(kind).title}`
  )
  .join("\n");

const DESCRIPTION = "A job engine in one process, with an append-only journal. Every error is " +
  `a problem (RFC 9457) of one of these types:\n\n${PROBLEM_LIST}`;

/** The server that the document is about. */
export interface DescribedServer {
  readonly version: string;
  /** Whether every request except a probe needs a token. */
  readonly needsToken: boolean;
}

/** The document of all routes that have an operation, route by route: it is large. */
export function* openApiDocument(
  routes: readonly Route[],
  { version, needsToken }: DescribedServer,
): Work<JsonObject> {
  const schemas = described(namedSchemaObjects(NAMED)) as JsonObject;
  yield;
  return {
    openapi: "3.1.0",
    info: { title: "Daybook", version, description: DESCRIPTION },
    // Relative to the URL of the document, so that it also works behind a proxy.
    servers: [{ url: "/", description: "The server that serves this document" }],
    paths: yield* describePaths(routes, needsToken, schemas),
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: `A token has some of the scopes ${SCOPES.join(", ")}; none implies another.`,
        },
      },
    },
  };
}

function* describePaths(
  routes: readonly Route[],
  needsToken: boolean,
  schemas: JsonObject,
): Work<JsonObject> {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of routes) {
    if (route.operation === undefined) continue;
    const template = route.path.replace(/:(\w+)/g, "{$1}");
    const item = paths[template] ??= {};
    item[route.method.toLowerCase()] = described({
      ...operationObject(route, route.operation, schemas),
      security: describeSecurity(route.scope, needsToken),
    }) as JsonObject;
    yield;
  }
  return paths;
}

type Place = Omit<Route, "operation" | "handle">;

function operationObject(place: Place, operation: Operation, schemas: JsonObject): JsonObject {
  const { id, tag, summary, description, body } = operation;
  const parameters = describeParameters(place, operation);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : {
      requestBody: { required: body.required, content: mapped(body.content, mediaTypeObject) },
    }),
    responses: {
      ...describeAnswers(place, operation, schemas),
      ...describeProblems(place, operation),
    },
  };
}

/** An empty requirement means that a request without a token is accepted too. */
function describeSecurity(scope: RouteScope, needsToken: boolean): readonly JsonObject[] {
  if (scope === "open") return [];
  return [...needsToken ? [] : [{}], { bearer: [scope] }];
}

function describeParameters(place: Place, { query = {}, headers = {} }: Operation): JsonObject[] {
  const { path } = place;
  const inPath = (path.match(/:\w+/g) ?? []).map((name) => ({
    name: name.slice(1),
    in: "path",
    required: true,
    description: name === ":id" ? `The id of ${thingAt(path)}.` : "The type of the jobs.",
    schema: name === ":id" ? toJsonSchema(jobIdField) : { type: "string" },
  }));
  const inQuery = Object.entries(query).map(([name, parameter]) => queryObject(name, parameter));
  const trace = isWrite(place) ? TRACE_HEADERS : {};
  const allHeaders = { ...headers, ...trace, ...positions(place).request };
  const inHeaders = Object.entries(allHeaders)
    .map(([name, header]) => ({ name, in: "header", ...headerObject(header) }));
  return [...inPath, ...inQuery, ...inHeaders];
}

/** What the id in a path identifies: in `/jobs/:id`, a job. */
function thingAt(path: string): string {
  const thing = path.split("/")[1]?.slice(0, -1) ?? "";
  return `${thing === "event" ? "an" : "a"} ${thing}`;
}

function queryObject(name: string, { form, schema, description, required }: Parameter): JsonObject {
  const one = toJsonSchema(schema);
  const also = form === "list"
    ? " May be repeated, or hold several values separated by commas."
    : "";
  return {
    name,
    in: "query",
    description: description + also,
    ...(required === true ? { required } : {}),
    schema: form === "single" ? one : { type: "array", items: one, maxItems: VALUES_MAX },
  };
}

function headerObject({ description, schema }: Header): JsonObject {
  return { description, schema: toJsonSchema(schema) };
}

function describeAnswers(place: Place, { answers }: Operation, schemas: JsonObject): JsonObject {
  return mapped(answers, ({ description, content, headers }) => {
    const all = { ...headers, ...positions(place).answer };
    return {
      description,
      ...(Object.keys(all).length === 0 ? {} : { headers: mapped(all, headerObject) }),
      ...(content === undefined ? {} : {
        content: mapped(
          content,
          (one, mediaType) => withExample(mediaType, mediaTypeObject(one), schemas),
        ),
      }),
    };
  });
}

/** Probes are about the process, so they have no position. */
function positions({ scope }: Place): Partial<typeof LOG_ID_HEADERS> {
  return scope === "open" ? {} : LOG_ID_HEADERS;
}

/** Kinds with the same status share an answer. */
function describeProblems(place: Place, { problems = [], body }: Operation): JsonObject {
  const kinds = new Set([
    ...problems,
    ...body === undefined ? [] : BODY_PROBLEMS,
    ...place.method === "GET" ? [] : UNSAFE_PROBLEMS,
    ...isWrite(place) ? WRITE_PROBLEMS : [],
    ...place.scope === "open" ? OPEN_PROBLEMS : COMMON_PROBLEMS,
  ]);
  const byStatus = Map.groupBy(kinds, (kind) => problemFacts(kind).status);
  return Object.fromEntries([...byStatus].map(([status, kinds]) => [status, problemObject(kinds)]));
}

function problemObject(kinds: readonly ProblemKind[]): JsonObject {
  const types = { type: "object", properties: { type: { enum: kinds.map(problemType) } } };
  return {
    description: kinds.map((kind) => problemFacts(kind).title).join("; or: "),
    content: {
      "application/problem+json": {
        schema: { allOf: [reference("Problem"), types] },
      },
    },
  };
}

function mediaTypeObject({ schema, examples, item }: Content): JsonObject {
  return {
    schema: "json" in schema ? schema.json : toJsonSchema(schema),
    // OpenAPI 3.2 calls it itemSchema; 3.1 needs the registered extension name.
    ...(item === undefined ? {} : { "x-oai-itemSchema": item }),
    ...(examples === undefined ? {} : { examples: mapped(examples, (value) => ({ value })) }),
  };
}

/** Many places have the same schemas, and converting one converts all the named ones, too. */
const CONVERTED = new WeakMap<v.GenericSchema, JsonObject>();

function toJsonSchema(schema: v.GenericSchema): JsonObject {
  const converted = CONVERTED.get(schema) ?? schemaObject(schema, NAMED);
  CONVERTED.set(schema, converted);
  return converted;
}
