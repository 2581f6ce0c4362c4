/** Reads the document at `/openapi.json` like a client, and checks answers against it. */

import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

type Json = Record<string, unknown>;

interface Content {
  readonly schema: Json;
  readonly examples?: Record<string, Json>;
  /** Of an answer. */
  readonly example?: unknown;
  /** The schema of each line or message, if the content is a sequence. */
  readonly "x-oai-itemSchema"?: Json;
}

interface Body {
  readonly content: Readonly<Record<string, Content>>;
}

interface Operation {
  readonly operationId: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly required?: boolean;
    readonly schema: Json;
  }[];
  readonly requestBody?: Body & { readonly required: boolean };
  readonly responses: Readonly<Record<string, Partial<Body>>>;
  readonly security: readonly Json[];
}

export interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

/** An operation of the document, with its location. */
export interface Described {
  readonly method: string;
  /** As in the document: `/jobs/{id}`. */
  readonly path: string;
  readonly operation: Operation;
}

export function operationsOf({ paths }: Document): readonly Described[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    }))
  );
}

/** The operation of a request (that of GET for HEAD); `undefined` if there is none. */
export function operationAt(
  document: Document,
  { method, url }: Request,
): Described | undefined {
  const parts = new URL(url).pathname.split("/");
  const wanted = method === "HEAD" ? "GET" : method;
  const matching = operationsOf(document).filter(({ method, path }) =>
    method === wanted && isPathOf(path.split("/"), parts)
  );
  return matching.find(({ path }) => !path.includes("{")) ?? matching[0];
}

function isPathOf(template: readonly string[], parts: readonly string[]): boolean {
  return template.length === parts.length &&
    template.every((name, at) => name === parts[at] || (name.startsWith("{") && parts[at] !== ""));
}

/**
 * The same schemas, but objects of answers may only have described members: clients must ignore
 * unknown members, and a test must not.
 */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, inner]) => [key, closed(inner)]);
  const object = Object.fromEntries(members);
  const isObject = "properties" in value && "required" in value;
  return isObject && !("additionalProperties" in value)
    ? { ...object, additionalProperties: false }
    : object;
}

/** Compiling takes longer than all validations, so the compiled code is not improved. */
const COMPILING = { inlineRefs: false, code: { optimize: false } };

/** Validates values by the schemas of a document; those that are equal are compiled once. */
export class SchemaChecks {
  readonly #ajv = new Ajv2020({
    ...{ strict: true, strictTypes: false, validateFormats: false },
    ...COMPILING,
  });
  readonly #compiled = new WeakMap<object, ValidateFunction>();
  readonly #byText = new Map<string, ValidateFunction>();
  readonly #id: string;

  /** @param forAnswers Whether undescribed members are flaws. */
  constructor(document: Document, readonly forAnswers: boolean) {
    this.#id = `https://daybook.test/${forAnswers}`;
    const { components } = document;
    const schemas = forAnswers ? closed(components) as typeof components : components;
    // Keywords of OpenAPI that are not rules, and the location of the schemas.
    for (const keyword of ["components"]) this.#ajv.addKeyword(keyword);
    this.#ajv.addSchema({ $id: this.#id, components: schemas });
  }

  /** The flaw, in words; `undefined` if there is none. */
  flawOf(schema: Json, value: unknown): string | undefined {
    const validate = this.#compiled.get(schema) ?? this.#compile(schema);
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors, { separator: "\n" });
  }

  #compile(schema: Json): ValidateFunction {
    const own = this.forAnswers ? closed(schema) : schema;
    const text = JSON.stringify(own).replaceAll('"#/components/', `"${this.#id}#/components/`);
    const validate = this.#byText.get(text) ?? this.#ajv.compile(JSON.parse(text));
    this.#byText.set(text, validate);
    this.#compiled.set(schema, validate);
    return validate;
  }
}

/** How an answer differs from its operation, in words. */
export function answerFlaw(
  checks: SchemaChecks,
  { operation }: Described,
  response: Response,
  text: string,
): string | undefined {
  const declared = operation.responses[response.status];
  if (declared === undefined) return `status ${response.status} is not described`;
  const given = response.headers.get("content-type")?.split(";")[0];
  if (given === undefined) {
    return declared.content === undefined ? undefined : "it has no content";
  }
  const content = declared.content?.[given];
  if (content === undefined) return `${given} is not described for ${response.status}`;
  for (const [schema, value] of describedValues(content, given, text)) {
    const flaw = checks.flawOf(schema, value);
    if (flaw !== undefined) return `${flaw}\n${JSON.stringify(value)}`;
  }
  return undefined;
}

/** The parts of an answer, each with its schema. */
function describedValues(
  { schema, "x-oai-itemSchema": item = {} }: Content,
  mediaType: string,
  text: string,
): readonly (readonly [schema: Json, value: unknown])[] {
  switch (mediaType) {
    case "application/json":
    case "application/problem+json":
      return [[schema, JSON.parse(text)]];
    case "application/x-ndjson":
      return [[schema, text], ...linesOf(text).map((line) => [item, JSON.parse(line)] as const)];
    case "text/event-stream":
      return [[schema, text], ...messagesOf(text).flatMap((one) => describedMessage(item, one))];
    default:
      return [[schema, text]];
  }
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The fields of each whole message of a stream. */
function messagesOf(text: string): readonly Json[] {
  return text.split("\n\n").slice(0, -1).map((message) =>
    Object.fromEntries(
      [...message.matchAll(/^(\w+): (.*)$/gm)]
        .map(([, name = "", value = ""]) => [name, name === "retry" ? Number(value) : value]),
    )
  );
}

/** A message with the schema of items, and its data with the schema of their content. */
function describedMessage(item: Json, message: Json): readonly (readonly [Json, unknown])[] {
  if (typeof message.data !== "string") return [[item, message]];
  const { data } = item.properties as { readonly data: { readonly contentSchema: Json } };
  return [[item, message], [data.contentSchema, JSON.parse(message.data)]];
}

/** The probes and the index ignore the query. */
const ANY_QUERY: ReadonlySet<string> = new Set(["/", "/livez", "/readyz"]);

/** How an accepted request differs from its operation, in words. */
export function requestFlaw(
  checks: SchemaChecks,
  { path, operation }: Described,
  request: Request,
  text: string,
): string | undefined {
  if (ANY_QUERY.has(path)) return undefined;
  const { parameters = [], requestBody } = operation;
  const { searchParams } = new URL(request.url);
  const known = new Set(parameters.filter((one) => one.in === "query").map(({ name }) => name));
  const unknown = [...searchParams.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) return `parameter ${unknown} is not described`;
  for (const { name, in: place, schema, required = false } of parameters) {
    const given = place === "query"
      ? searchParams.getAll(name)
      : [request.headers.get(name)].filter((value) => value !== null);
    if (place !== "path" && required && given.length === 0) return `${name} is required`;
    if (place === "path" || given.length === 0) continue;
    const flaw = checks.flawOf(schema, parameterValue(schema, given));
    if (flaw !== undefined) return `${name}: ${flaw}`;
  }
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (requestBody === undefined || mediaType !== "application/json") return undefined;
  if (text === "" || request.headers.has("ce-specversion")) return undefined;
  const { schema = {} } = requestBody.content[mediaType] ?? {};
  const value = JSON.parse(text);
  // Each of many is judged separately and has a receipt, so an invalid one is not a flaw of the
  // rest.
  const isJudgedAlone = ["deliverEvents", "submitJob"].includes(operation.operationId);
  if (isJudgedAlone && Array.isArray(value)) return undefined;
  return checks.flawOf(schema, value);
}

/** Parsed by the document's styles, with numbers for numeric schemas. */
function parameterValue(schema: Json, given: readonly string[]): unknown {
  if (schema.type === "array") {
    // A comma separates values, except of labels, which may contain commas.
    const { pattern } = schema.items as Json;
    return given.flatMap((text) => pattern === "^[^:]+:" ? text : text.split(","))
      .filter((part) => part !== "");
  }
  const [text = ""] = given;
  return schema.type === "integer" && /^\d+$/.test(text) ? Number(text) : text;
}

export function exampleFlaws(checks: SchemaChecks, document: Document): readonly string[] {
  return operationsOf(document).flatMap(({ operation }) =>
    Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema, examples = {} }) =>
      Object.values(examples).map(({ value }) => checks.flawOf(schema, value))
        .filter((flaw) => flaw !== undefined)
    )
  );
}

/** Successful answers without an example, and examples that do not match the schema. */
export function answerExampleFlaws(checks: SchemaChecks, document: Document): readonly string[] {
  return operationsOf(document).flatMap(({ operation: { operationId, responses } }) =>
    Object.entries(responses).filter(([status]) => Number(status) < 300).flatMap((
      [, { content }],
    ) =>
      Object.entries(content ?? {}).flatMap(([mediaType, one]) => {
        const { example = Object.values(one.examples ?? {})[0]?.value } = one;
        if (example === undefined) return [`${operationId}: no example of ${mediaType}`];
        const text = typeof example === "string" ? example : JSON.stringify(example);
        return describedValues(one, mediaType, text).map(([schema, value]) =>
          checks.flawOf(schema, value)
        ).filter((flaw) => flaw !== undefined).map((flaw) => `${operationId}: ${flaw}`);
      })
    )
  );
}

/** Operations, parameters and members without a description. */
export function undescribed(document: Document): readonly string[] {
  const found = new Set<string>();
  for (const { operation } of operationsOf(document)) {
    const { operationId, description, parameters = [] } = operation;
    if (description === undefined) found.add(operationId);
    for (const one of parameters) {
      if (one.description === undefined) found.add(`${operationId}, parameter ${one.name}`);
    }
    membersWithout(operation, found);
  }
  membersWithout(document.components, found);
  return [...found];
}

function membersWithout(value: unknown, found: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  const { properties = {} } = value as { properties?: Record<string, Json> };
  for (const [name, { description, $ref }] of Object.entries(properties)) {
    if (description === undefined && $ref === undefined) found.add(`member ${name}`);
  }
  for (const inner of Object.values(value)) membersWithout(inner, found);
}

export async function documentOf(response: Response): Promise<Document> {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  return await response.json();
}
