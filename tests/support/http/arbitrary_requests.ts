/** Requests for each route: valid, doubtful and hostile ones. */

import fc from "fast-check";
import { runToEnd } from "../../../src/core/work.ts";
import type { Route } from "../../../src/http/routing/route.ts";
import { openApiDocument } from "../../../src/http/openapi/document.ts";
import { API_ROUTES } from "./http_app.ts";
import {
  bulkActions,
  cloudEvents,
  creations,
  events,
  limits as typeLimits,
  pauses,
  reasons,
  retries,
  suppositions,
} from "./arbitrary_documents.ts";
import { type Schemas, valuesOf } from "./described_values.ts";
import { headerText, hostileBody, hostileText, mutated, urlText } from "./arbitrary_hostile.ts";

export interface FuzzRequest {
  readonly route: string;
  readonly method: string;
  /** `@n` is replaced by the id of the nth job. */
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

type Header = readonly [name: string, value: string];

interface Body {
  readonly headers: readonly Header[];
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

/** The parts of a request that a route reads. */
interface RouteInput {
  readonly query?: Readonly<Record<string, fc.Arbitrary<string>>>;
  readonly headers?: fc.Arbitrary<Header>;
  readonly body?: fc.Arbitrary<Body>;
}

const encoder = new TextEncoder();

function bytesBody(type: string, text: string, more: readonly Header[] = []): Body {
  return { headers: [["content-type", type], ...more], body: encoder.encode(text) };
}

function json(value: fc.Arbitrary<unknown>, type = "application/json"): fc.Arbitrary<Body> {
  return value.map((document) => bytesBody(type, JSON.stringify(document) ?? ""));
}

/** Mostly valid, sometimes with one change, sometimes of any content and media type. */
function bodyOf(good: fc.Arbitrary<unknown>, ...others: fc.Arbitrary<Body>[]) {
  return fc.oneof(
    { weight: 4, arbitrary: fc.oneof(json(good), ...others) },
    { weight: 3, arbitrary: json(mutated(good)) },
    {
      weight: 2,
      arbitrary: hostileBody.map((body) => ({ ...bytesBody("application/json", ""), body })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(mediaTypes, hostileBody).map(([type, body]) => ({
        headers: [["content-type", type]],
        body,
      } satisfies Body)),
    },
  );
}

const mediaTypes = fc.oneof(
  fc.constantFrom(
    ...["application/json; charset=utf-16", "text/plain", "application/xml", "APPLICATION/JSON"],
    ...["multipart/form-data", "multipart/form-data; boundary=x", "application/cloudevents+json"],
    ...["application/cloudevents-batch+json", "application/x-ndjson", "", ";", "a/b/c"],
  ),
  headerText,
);

const lines = fc.array(fc.oneof(events, mutated(events)), { maxLength: 5 }).map((all) =>
  bytesBody("application/x-ndjson", all.map((event) => JSON.stringify(event)).join("\n"))
);

const jobLines = fc.array(fc.oneof(creations, mutated(creations)), { maxLength: 3 }).map((all) =>
  bytesBody("application/x-ndjson", all.map((job) => JSON.stringify(job)).join("\n"))
);

const form = fc.tuple(creations, hostileText).map(([document, name]) => {
  const part = (disposition: string, text: string) =>
    `--x\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`;
  const file = `name="${name.replaceAll(/["\r\n]/g, "")}"; filename="f"`;
  const text = part('name="job"', JSON.stringify(document)) + part(file, "a,b") + "--x--\r\n";
  return bytesBody("multipart/form-data; boundary=x", text);
});

const binaryEvent = fc.tuple(
  cloudEvents,
  fc.dictionary(fc.constantFrom("x", "__proto__", "constructor", "prototype", "id"), headerText, {
    maxKeys: 2,
  }),
).map(([{ data, ...attributes }, more]) =>
  bytesBody(
    "application/json",
    JSON.stringify(data) ?? "",
    Object.entries({ ...attributes, ...more })
      .map(([name, value]) => [`ce-${name}`, encodeURIComponent(value)]),
  )
);

const nothing: fc.Arbitrary<Body> = fc.constant({ headers: [], body: undefined });

function control(document: fc.Arbitrary<unknown>): RouteInput {
  return { body: fc.oneof(nothing, bodyOf(document)) };
}

const positions = fc.constantFrom("0", "1", "2", "3", "7", "30", "999", "-1", "1.5", "01");
const points = fc.oneof(
  fc.constant("2026-01-01T00:00:00Z"),
  fc.constantFrom("1", "2", "3", "7", "30", "999", "evt_x", "2026-13-01"),
);
const limits = fc.constantFrom("1", "2", "50", "500", "1000", "0", "501", "x");
const strata = fc.constantFrom("domain", "framework", "coordination", "x");
const types = fc.constantFrom("a.B", "shop.ParcelShipped,job.JobCreated", "job.", ",", "..");
const cursors = fc.oneof(
  fc.constantFrom("jobs:3", "history:2", "journal:1", "jobs:99999999999999999", "x").map(btoa),
  urlText,
);
const jobIds = fc.constantFrom("@0", "@1", "nobody", "..");
const one = (...texts: string[]) => fc.constantFrom(...texts);

const lastEventId = fc.oneof(positions, headerText).map((text): Header => ["last-event-id", text]);
const PREFERENCES = [
  ...["wait=0", "wait=1", "respond-async, wait=99999999", "wait"],
  ...["return=minimal", "return=minimal, wait=1", "return=representation"],
];
const prefer = fc.oneof(one(...PREFERENCES), headerText)
  .map((text): Header => ["prefer", text]);
const noneMatch = fc.oneof(one('"1"', 'W/"2", "3"', "*", '"', ","), headerText)
  .map((text): Header => ["if-none-match", text]);
const accept = fc.oneof(
  one("application/x-ndjson", "text/plain", "*/*", "text/plain;q=0"),
  headerText,
)
  .map((text): Header => ["accept", text]);
const keys = fc.oneof(one("k1", "k2"), headerText).map((text): Header => ["idempotency-key", text]);

const filters = {
  state: one("Running", "Done", "Failed,Created", "x"),
  condition: one("waiting", "x"),
  type: one("test.greet", "x"),
  label: one("team:a", "team:", ":", "x"),
  createdAfter: points,
  createdBefore: points,
  search: fc.oneof(one("bank", "team:a ANN", " ", ".*("), urlText),
  fingerprint: one("0123456789ab", "0123456789AB", "x"),
  retried: one("true", "false", "x"),
};

const entryQuery = { limit: limits, cursor: cursors };
const streamQuery = { stratum: strata, only: one("transitions", "x"), after: positions, types };

/** Routes for which requests generated from the document would be refused or too similar. */
export const OWN_INPUTS: Readonly<Record<string, RouteInput>> = {
  "PUT /limits/:type": { body: bodyOf(typeLimits) },
  "POST /pauses": { body: bodyOf(pauses) },
  "POST /jobs": {
    headers: fc.oneof(keys, prefer),
    body: bodyOf(creations, form, jobLines, json(fc.array(creations, { maxLength: 3 }))),
  },
  "GET /jobs": { query: { ...entryQuery, ...filters } },
  "POST /jobs/bulk": { body: bodyOf(bulkActions) },
  "GET /failures": { query: { limit: limits, ...filters } },
  "GET /jobs/:id": { headers: fc.oneof(prefer, noneMatch) },
  "GET /jobs/:id/events": { query: entryQuery, headers: accept },
  "GET /jobs/:id/stream": {
    query: { ...streamQuery, until: one("terminal", "x") },
    headers: lastEventId,
  },
  "GET /jobs/:id/explain": { query: { format: one("text", "json", "x") }, headers: accept },
  "GET /queue/explain": { query: { format: one("text", "json", "x") }, headers: accept },
  "GET /explain": {
    query: { about: one("42", "none", "team:a"), format: one("text", "json", "x") },
    headers: accept,
  },
  "GET /events/:id/explain": { query: { format: one("text", "json", "x") }, headers: accept },
  "GET /jobs/:id/replay": { query: { at: points } },
  "GET /jobs/:id/diff": { query: { from: points, to: points } },
  "POST /jobs/:id/what-if": { body: bodyOf(suppositions) },
  "POST /jobs/:id/start": control(reasons),
  "POST /jobs/:id/cancel": control(reasons),
  "POST /jobs/:id/suspend": control(reasons),
  "POST /jobs/:id/resume": control(reasons),
  "POST /jobs/:id/wake": control(reasons),
  "POST /jobs/:id/retry": control(retries),
  "POST /events": {
    body: bodyOf(
      fc.oneof(events, fc.array(fc.oneof(events, mutated(events)), { maxLength: 4 })),
      lines,
      json(cloudEvents, "application/cloudevents+json"),
      json(fc.array(cloudEvents, { maxLength: 3 }), "application/cloudevents-batch+json"),
      binaryEvent,
    ),
  },
  "GET /events": {
    query: { ...entryQuery, after: positions, stratum: strata, jobId: jobIds, eventType: types },
    headers: accept,
  },
  "GET /stream": { query: { ...streamQuery, jobId: jobIds }, headers: lastEventId },
};

export function nameOfRoute({ method, path }: Route): string {
  return `${method} ${path}`;
}

/** What each route reads according to the document, so that a new route needs no entry above. */
function describedInputs(): ReadonlyMap<string, RouteInput> {
  const document = runToEnd(openApiDocument(API_ROUTES, { version: "0", needsToken: false }));
  const { paths, components: { schemas } } = document as unknown as Described;
  return new Map(API_ROUTES.map((route) => {
    const operation = paths[route.path.replace(/:(\w+)/g, "{$1}")]?.[route.method.toLowerCase()];
    return [nameOfRoute(route), inputOf(operation ?? {}, schemas)];
  }));
}

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Schemas };
}

interface DescribedOperation {
  readonly parameters?: readonly { name: string; in: string; schema: Schemas[string] }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { schema: Schemas[string] }>>;
  };
}

function inputOf(
  { parameters = [], requestBody }: DescribedOperation,
  schemas: Schemas,
): RouteInput {
  const query = parameters.filter((one) => one.in === "query").map(({ name, schema }) =>
    [name, mostly(valuesOf(schema, schemas).map(String), urlText)] as const
  );
  const schema = requestBody?.content["application/json"]?.schema;
  if (schema === undefined) return { query: Object.fromEntries(query) };
  const body = bodyOf(valuesOf(schema, schemas));
  return {
    query: Object.fromEntries(query),
    body: requestBody?.required === false ? fc.oneof(nothing, body) : body,
  };
}

/** Routes whose requests mostly need no preparation. */
const strangeHeader = fc.oneof(
  prefer,
  noneMatch,
  accept,
  keys,
  lastEventId,
  fc.tuple(
    one(
      "origin",
      "sec-fetch-site",
      "host",
      "content-length",
      "content-encoding",
      "expect",
      "range",
    ),
    fc.oneof(one("cross-site", "http://evil.example", "5", "gzip", "bytes=0-1"), headerText),
  ),
  fc.tuple(one("authorization", "cookie", "x-forwarded-for", "accept-encoding"), headerText),
);

const METHODS = one(
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "PATCH",
  "DELETE",
  "POST",
  "TRACE",
  "FOO",
  "get",
);

function mostly<Value>(usual: fc.Arbitrary<Value>, rare: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: rare });
}

function queryOf(known: RouteInput["query"] = {}): fc.Arbitrary<string> {
  const pairs = Object.entries(known).map(([name, values]) =>
    values.map((value) => `${name}=${encodeURIComponent(value)}`)
  );
  const good = pairs.length === 0 ? fc.constant("") : fc.array(fc.oneof(...pairs), { maxLength: 3 })
    .map((parts) => parts.join("&"));
  const names = fc.oneof(one(...Object.keys(known), "token", "__proto__"), urlText);
  const odd = fc.array(fc.tuple(names, urlText).map((pair) => pair.join("=")), { maxLength: 4 });
  return mostly(good, fc.oneof(odd.map((parts) => parts.join("&")), one("&", "=", "&&=", "?")));
}

function pathOf(pattern: string): fc.Arbitrary<string> {
  const mark = pattern.startsWith("/events/") ? "~" : "@";
  const known = fc.nat(9).map((index) => `${mark}${index}`);
  const named = pattern.includes(":type") ? fc.constant("test.import") : known;
  const usual = mostly(named, urlText).map((name) => pattern.replace(/:\w+/, () => name));
  const odd = fc.tuple(usual, one("/", "//", "/x", "/%2e", "%2F", ";", "\\")).map(([path, end]) =>
    path + end
  );
  return mostly(usual, fc.oneof(odd, urlText.map((text) => `/${text}`)));
}

function requestTo(route: string, { query, headers, body = nothing }: RouteInput) {
  const [method = "", pattern = ""] = route.split(" ");
  const own = headers === undefined ? fc.constant([]) : fc.array(headers, { maxLength: 2 });
  return fc.record({
    route: fc.constant(route),
    method: mostly(fc.constant(method), METHODS),
    path: pathOf(pattern),
    query: queryOf(query),
    own,
    strange: mostly(fc.constant<Header[]>([]), fc.array(strangeHeader, { maxLength: 3 })),
    content: mostly(body, bodyOf(events)),
  }).map(({ own, strange, content, ...request }): FuzzRequest => ({
    ...request,
    headers: [...content.headers, ...own, ...strange],
    body: content.body,
  }));
}

/** Routes that create and move jobs, and those that few jobs are in the right state for. */
const OFTEN: ReadonlySet<string> = new Set([
  ...["POST /jobs", "POST /events", "POST /jobs/:id/retry", "POST /jobs/:id/wake"],
]);

export const requests: fc.Arbitrary<FuzzRequest> = fc.oneof(
  ...[...describedInputs()].map(([route, described]) => ({
    weight: OFTEN.has(route) ? 4 : 1,
    arbitrary: requestTo(route, OWN_INPUTS[route] ?? described),
  })),
);
