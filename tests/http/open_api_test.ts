/** `/openapi.json`: it is valid, and every route does what it says. */

import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { PROBLEM_KINDS } from "../../src/http/responses/problem.ts";
import { problemType } from "../../src/documents/refusal.ts";
import { VERSION } from "../../src/version.ts";
import {
  API_ROUTES,
  jsonOf,
  type ProblemBody,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { type FuzzRequest, requests } from "../support/http/arbitrary_requests.ts";
import { replaced, withMembers } from "../support/engine/replaced.ts";
import { IS_QUICK, rounds } from "../support/effort.ts";
import { answerTo, requestOf, startWithJobs, textOf } from "../support/http/fuzzed_app.ts";
import {
  answerExampleFlaws,
  answerFlaw,
  type Described,
  type Document,
  documentOf,
  exampleFlaws,
  operationAt,
  operationsOf,
  requestFlaw,
  SchemaChecks,
  undescribed,
} from "./open_api.ts";
import { type Schemas, valuesOf } from "../support/http/described_values.ts";

const RUNS = rounds(40, 4_000, 8);
/** A short round, and further ones only while an operation is rare. */
const ROUNDS_MAX = rounds(15, 5);
const REQUESTS_PER_RUN = 50;
/** The minimum number of valid requests to each operation; most runs have many more. */
const TAKEN_MIN = rounds(2, 2, 0);
/** There is rarely anything to end: `pauses_test.ts` and `limits_of_types_test.ts` test this. */
const ENDS = ["DELETE /pauses/{id}", "DELETE /limits/{type}"];

async function readDocument(token?: string): Promise<Document> {
  const app = await startApp({ version: VERSION, ...(token === undefined ? {} : { token }) });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return await documentOf(await app.get("/openapi.json", headers));
}

function nameOf({ method, path }: { method: string; path: string }): string {
  return `${method} ${path}`;
}

Deno.test("openapi: the document is valid OpenAPI 3.1, of this version", async () => {
  const document = await readDocument();
  const result = await new Validator().validate({ ...document });
  assert.ok(result.valid, JSON.stringify(result.errors, null, 2));
  assert.deepEqual([document.openapi, document.info.version], ["3.1.0", VERSION]);
  const wrong = await new Validator().validate({ ...document, paths: { "jobs": {} } });
  assert.ok(!wrong.valid, "the validator takes everything");
});

Deno.test("openapi: many requests at once share one conversion of the document", async () => {
  const app = await startApp({ version: VERSION });
  let conversions = 0;
  const { stringify } = JSON;
  const undo = replaced(JSON, "stringify", {
    value: (...args: Parameters<typeof stringify>) => {
      if ((args[0] as Partial<Document> | null)?.openapi !== undefined) conversions++;
      return stringify(...args);
    },
  });
  const requests = Array.from({ length: 10 }, () => app.get("/openapi.json"));
  const answers = await Promise.all(requests).finally(undo);
  for (const answer of answers) assert.equal((await documentOf(answer)).openapi, "3.1.0");
  assert.equal(conversions, 1);
});

Deno.test("openapi: it has exactly the routes of the app", async () => {
  const routes = API_ROUTES.map(({ method, path }) =>
    nameOf({ method, path: path.replace(/:(\w+)/, "{$1}") })
  );
  const described = operationsOf(await readDocument());
  assert.deepEqual(described.map(nameOf).toSorted(), routes.toSorted());
  const ids = described.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("openapi: each operation names the scope of its route", async () => {
  for (const token of [undefined, "s3cret-token-0123456789"]) {
    for (const { method, path, operation } of operationsOf(await readDocument(token))) {
      const declared = path.replace(/\{(\w+)\}/, ":$1");
      const scope = API_ROUTES.find((route) => route.method === method && route.path === declared)
        ?.scope;
      const needed = scope === "open" ? [] : [{ bearer: [scope] }];
      const free = scope !== "open" && token === undefined ? [{}] : [];
      assert.deepEqual(operation.security, [...free, ...needed], nameOf({ method, path }));
    }
  }
});

Deno.test("openapi: every kind of problem is listed, and has an operation that answers it", async () => {
  const document = await readDocument();
  const text = JSON.stringify(document.paths);
  // These belong to no operation: there is none at the path, or none with the method.
  const ofNone = ["not-found", "method-not-allowed"];
  for (const kind of PROBLEM_KINDS) {
    assert.ok(document.info.description.includes(`\`${problemType(kind)}\``), kind);
    assert.equal(text.includes(`"${problemType(kind)}"`), !ofNone.includes(kind), kind);
  }
});

Deno.test("openapi: its request examples match their schemas, and are accepted", async () => {
  const document = await readDocument();
  assert.deepEqual(exampleFlaws(new SchemaChecks(document, false), document), []);
  const { examples = {} } =
    document.paths["/events"]?.post?.requestBody?.content["application/json"] ?? {};
  const app = await startApp();
  assert.ok(Object.keys(examples).length > 0);
  for (const { value } of Object.values(examples) as { value: unknown }[]) {
    await jsonOf(await app.post("/events", value), 200);
  }
});

Deno.test("openapi: each successful answer has an example that matches its schema", async () => {
  const document = await readDocument();
  assert.deepEqual(answerExampleFlaws(new SchemaChecks(document, true), document), []);
});

Deno.test("openapi: each operation, parameter and member has a description", async () => {
  assert.deepEqual(undescribed(await readDocument()), []);
});

Deno.test("openapi: each operation that records something takes a trace, and may find the disk full", async () => {
  const unsafe = operationsOf(await readDocument())
    .filter(({ method }) => method !== "GET")
    .map(({ path, operation: { parameters = [], responses } }) => {
      const takesTrace = parameters.some(({ name }) => name === "traceparent");
      return { path, takesTrace, mayBeFull: "507" in responses };
    });
  assert.deepEqual(unsafe.filter(({ takesTrace, mayBeFull }) => takesTrace !== mayBeFull), []);
  const recordingNothing = unsafe.filter(({ mayBeFull }) => !mayBeFull).map(({ path }) => path);
  assert.deepEqual(recordingNothing, ["/jobs/{id}/what-if", "/journal/verify"]);
});

Deno.test("openapi: every sequence has a schema for its items", async () => {
  const sequences = /^(?:text\/event-stream|application\/x-ndjson)$/;
  const contents = operationsOf(await readDocument()).flatMap(({ operation }) =>
    [operation.requestBody, ...Object.values(operation.responses)]
      .flatMap((body) => Object.entries(body?.content ?? {}))
  );
  const itemTypes = contents.filter(([, content]) => "x-oai-itemSchema" in content)
    .map(([mediaType]) => mediaType);
  const sequenceTypes = contents.map(([mediaType]) => mediaType)
    .filter((mediaType) => sequences.test(mediaType));
  assert.deepEqual(itemTypes, sequenceTypes);
  assert.ok(sequenceTypes.length > 3);
});

Deno.test("openapi: queries are refused by routes that document none", async () => {
  const app = await startApp();
  assert.equal((await app.get("/openapi.json?x=1")).status, 422);
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Checks answers, and accepted requests, against a document. */
class Conformance {
  readonly taken = new Map<string, number>();
  sent = 0;
  readonly #answers: SchemaChecks;
  readonly #requests: SchemaChecks;

  constructor(readonly document: Document) {
    this.#answers = new SchemaChecks(document, true);
    this.#requests = new SchemaChecks(document, false);
  }

  /** @throws {assert.AssertionError} where they differ. */
  async send(app: TestApp, spec: FuzzRequest): Promise<Answered> {
    await app.clock.settle(10);
    const request = requestOf(app, spec);
    const described = operationAt(this.document, request);
    const response = await answerTo(app, request);
    const text = await textOf(response);
    this.sent++;
    if (described === undefined) {
      assert.ok([400, 401, 403, 404, 405, 421].includes(response.status), `${response.status}`);
      return { status: response.status, text };
    }
    const place = `${nameOf(described)}: ${response.status}`;
    const isHead = request.method === "HEAD";
    const flaw = isHead ? undefined : answerFlaw(this.#answers, described, response, text);
    assert.equal(flaw, undefined, `${place}: ${flaw}`);
    if (response.status >= 400) return { status: response.status, text };
    const body = new TextDecoder().decode(spec.body ?? new Uint8Array());
    const excess = requestFlaw(this.#requests, described, request, body);
    assert.equal(excess, undefined, `${place} took what is not described: ${excess}`);
    this.taken.set(nameOf(described), (this.taken.get(nameOf(described)) ?? 0) + 1);
    return { status: response.status, text };
  }
}

function property(conformance: Conformance, start: () => Promise<TestApp>) {
  const sequence = fc.array(requests, { minLength: 1, maxLength: REQUESTS_PER_RUN, size: "max" });
  return fc.asyncProperty(sequence, async (specs) => {
    const app = await start();
    for (const spec of specs) await conformance.send(app, spec);
  });
}

Deno.test("openapi: every route answers as documented, and accepts only documented input", async () => {
  const conformance = new Conformance(await readDocument());
  const rareOnes = () =>
    operationsOf(conformance.document).map(nameOf)
      .filter((name) => !ENDS.includes(name) && (conformance.taken.get(name) ?? 0) < TAKEN_MIN);
  let rare: readonly string[] = [];
  // A control applies to few jobs: a random round has hardly a valid request for one.
  for (let round = 0; round === 0 || rare.length > 0 && round < ROUNDS_MAX; round++) {
    await fc.assert(property(conformance, startWithJobs), { numRuns: RUNS });
    rare = rareOnes();
  }
  console.log(`openapi: ${conformance.sent} requests`);
  assert.deepEqual(rare, [], "nearly all requests to these are refused");
});

/** Sends many requests, until one of them shows the flaw. */
function testCaught(what: string, fn: () => Promise<void>): void {
  Deno.test({ name: `openapi: ${what} is caught`, ignore: IS_QUICK, fn });
}

async function assertFails<Specs>(
  checked: fc.IAsyncProperty<Specs>,
  flaw: RegExp,
): Promise<void> {
  const options = { numRuns: 25 * RUNS, endOnFailure: true };
  const { failed, errorInstance } = await fc.check(checked, options);
  assert.ok(failed, "it was not caught");
  assert.match(String((errorInstance as Error).message), flaw);
}

/** Refusals of a request's form, which the document excludes. */
const OF_FORM: readonly number[] = [400, 405, 415];

/** Valid values of a parameter are in the document, except those that depend on the journal. */
const OF_JOURNAL: readonly string[] = ["cursor", "after", "at", "from", "to"];

function assertForm({ route }: FuzzRequest, { status, text }: Answered): void {
  assert.ok(!OF_FORM.includes(status), `${route}: ${status}`);
  if (status !== 422) return;
  const { errors = [] }: ProblemBody = JSON.parse(text);
  for (const { parameter, detail } of errors) {
    // Dependencies between parameters are described in words.
    const isExpected = parameter === undefined || OF_JOURNAL.includes(parameter) ||
      detail.endsWith("with view=full");
    assert.ok(isExpected, `${route} refuses the parameter ${parameter}`);
  }
}

/** Requests generated from the document alone. */
function formProperty(conformance: Conformance) {
  const sequence = fc.array(describedRequests(conformance.document), {
    minLength: 1,
    maxLength: REQUESTS_PER_RUN,
    size: "max",
  });
  return fc.asyncProperty(sequence, async (specs) => {
    const app = await startWithJobs();
    for (const spec of specs) assertForm(spec, await conformance.send(app, spec));
  });
}

Deno.test("openapi: a request generated from the document is valid for its route", async () => {
  const conformance = new Conformance(await readDocument());
  // A control needs a job in the right state, and what-if a plan that makes sense.
  const rareOnes = () =>
    operationsOf(conformance.document).map(nameOf)
      .filter((name) => !name.startsWith("POST /jobs/") && !ENDS.includes(name))
      .filter((name) => !conformance.taken.has(name));
  let rare: readonly string[] = [];
  for (let round = 0; round === 0 || rare.length > 0 && round < ROUNDS_MAX; round++) {
    await fc.assert(formProperty(conformance), { numRuns: rounds(20, 2_000, 5) });
    rare = IS_QUICK ? [] : rareOnes();
  }
  const taken = [...conformance.taken.values()].reduce((sum, one) => sum + one, 0);
  console.log(`openapi: ${conformance.sent} requests from the document, ${taken} taken`);
  assert.deepEqual(rare, [], "all requests to these are refused");
});

/** Documents that allow what no route accepts. */
const GENEROUS: Readonly<Record<string, readonly [RegExp, (text: string) => string]>> = {
  "allows too high a limit": [
    /refuses the parameter limit/,
    (text) => text.replaceAll(/"maximum":500(?!\d)/g, '"maximum":5000'),
  ],
  "has a state too many": [
    /refuses the parameter state/,
    (text) => text.replaceAll('"enum":["Created",', '"enum":["Created","Paused",'),
  ],
};

for (const [name, [flaw, change]] of Object.entries(GENEROUS)) {
  testCaught(`a document that ${name}`, async () => {
    const wrong = change(JSON.stringify(await readDocument()));
    await assertFails(formProperty(new Conformance(JSON.parse(wrong))), flaw);
  });
}

/** Servers whose answers do not match the document. */
const CARELESS: Readonly<Record<string, readonly [RegExp, (app: TestApp) => void]>> = {
  "tells more than is described": [/^GET \/journal: 200: .*additional properties/, ({ engine }) => {
    const { journalInfo } = engine;
    engine.journalInfo = async () => ({ ...await journalInfo.call(engine), secret: 1 });
  }],
  "leaves out what is described": [/explain: 200: .*required property 'timing'/, ({ engine }) => {
    const { explanations } = engine;
    engine.explanations = async () => {
      const { explainer, ...others } = await explanations.call(engine);
      const explain: typeof explainer.explain = async (jobId) => {
        const { timing: _, ...rest } = await explainer.explain(jobId) ?? {};
        return rest as never;
      };
      return { ...others, explainer: withMembers(explainer, { explain }) };
    };
  }],
  "answers text for a number": [/^GET \/jobs: 200: .*priority must be integer/, (app) => {
    const { lists } = app.engine;
    const { summaries } = lists;
    lists.summaries = (query) => {
      const page = summaries.call(lists, query);
      return { ...page, jobs: page.jobs.map((job) => ({ ...job, priority: "high" as never })) };
    };
  }],
};

for (const [name, [flaw, spoil]] of Object.entries(CARELESS)) {
  testCaught(`a server that ${name}`, async () => {
    const start = async () => {
      const app = await startWithJobs();
      spoil(app);
      return app;
    };
    const conformance = new Conformance(await readDocument());
    await assertFails(property(conformance, start), flaw);
    console.log(`openapi: caught after ${conformance.sent} requests`);
  });
}

/** Documents that do not match the routes. */
const WRONG: Readonly<Record<string, readonly [RegExp, (text: string) => string]>> = {
  "lacks a state": [
    /must be equal to one of/,
    (text) => text.replaceAll('"Created","Running",', '"Created",'),
  ],
  "lacks a parameter": [
    /parameter stratum is not described/,
    (text) => text.replaceAll('"name":"stratum"', '"name":"layer"'),
  ],
  "wants another type than is taken": [
    /spanId must be integer/,
    (text) =>
      text.replaceAll(
        '"spanId":{"type":"string","pattern"',
        '"spanId":{"type":"integer","pattern"',
      ),
  ],
  "lacks a status": [/status 422 is not described/, (text) => text.replaceAll('"422":', '"429":')],
};

for (const [name, [flaw, change]] of Object.entries(WRONG)) {
  testCaught(`a document that ${name}`, async () => {
    const right = JSON.stringify(await readDocument());
    const wrong = change(right);
    assert.notEqual(wrong, right);
    const conformance = new Conformance(JSON.parse(wrong));
    await assertFails(property(conformance, startWithJobs), flaw);
  });
}

/** Any request that the document allows, to any of its operations. */
export function describedRequests(document: Document): fc.Arbitrary<FuzzRequest> {
  const { schemas } = document.components;
  return fc.oneof(...operationsOf(document).map((one) => requestTo(one, schemas)));
}

function requestTo({ method, path, operation }: Described, schemas: Schemas) {
  const { parameters = [], requestBody } = operation;
  const inQuery = parameters.filter((one) => one.in === "query");
  const body = requestBody?.content["application/json"]?.schema;
  const documents = body === undefined ? fc.constant(undefined) : valuesOf(body, schemas);
  return fc.record({
    job: fc.nat(9),
    query: parametersOf(inQuery, schemas),
    headers: parametersOf(parameters.filter((one) => one.in === "header"), schemas),
    document: requestBody?.required === false
      ? fc.option(documents, { nil: undefined })
      : documents,
  }).map(({ job, query, headers, document }): FuzzRequest => ({
    route: `${method} ${path}`,
    method,
    path: path.replace("{id}", path.startsWith("/events/") ? `~${job}` : `@${job}`)
      .replace("{type}", "test.import"),
    query: query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&"),
    headers: document === undefined
      ? headers
      : [...headers, ["content-type", "application/json"] as const],
    body: document === undefined ? undefined : new TextEncoder().encode(JSON.stringify(document)),
  }));
}

type Pair = readonly [name: string, value: string];

/** Mostly few parameters, because each may match no entry and no job. */
function parametersOf(
  parameters: NonNullable<Described["operation"]["parameters"]>,
  schemas: Schemas,
): fc.Arbitrary<readonly Pair[]> {
  const each = parameters.map(({ name, schema, required }) => {
    const texts = valuesOf(schema, schemas).map((value) => [value].flat().map(String));
    const pairs = texts.map((all) => all.map((text): Pair => [name, text]));
    return required === true ? pairs : fc.option(pairs, { nil: [], freq: 2 });
  });
  return fc.tuple(...each).map((all) => all.flat());
}
