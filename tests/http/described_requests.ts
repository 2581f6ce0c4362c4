/**
 * Requests generated only from the document at `/openapi.json`, like those of a generated client.
 */

import fc from "fast-check";
import type { FuzzRequest } from "../support/http/arbitrary_requests.ts";
import { type Schemas, valuesOf } from "../support/http/described_values.ts";
import { type Described, type Document, operationsOf } from "./open_api.ts";

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
