/** A call of each operation that may be made as it is, on a job that has the id of the examples. */

import type { JsonObject } from "../../core/json.ts";
import { curlOf, followCurlOf, readCurlOf } from "../../http/answers/curl.ts";
import { isObject } from "../../http/requests/fields.ts";
import type { DescribedContents, Placed } from "./described.ts";

/** The job that examples are about. */
export const EXAMPLE_JOB = "order-42";

export interface ExampleCall {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject;
  /** The answer comes bit by bit. */
  readonly isStream: boolean;
}

export function exampleCall({ method, path, operation }: Placed): ExampleCall {
  const { parameters = [], requestBody, responses } = operation;
  const required = parameters.filter(({ in: place, required }) => place === "query" && required)
    // The only ones that are needed are points of a job's life.
    .map(({ name }) => [name, "2026-01-31T12:00:00Z"]);
  const search = new URLSearchParams(required).toString();
  const body = exampleBody(requestBody?.content);
  return {
    method,
    path: path.replace("{id}", EXAMPLE_JOB) + (search === "" ? "" : `?${search}`),
    ...(body === undefined ? {} : { body }),
    isStream: Object.values(responses).some(({ content = {} }) => "text/event-stream" in content),
  };
}

function exampleBody(content: DescribedContents | undefined): JsonObject | undefined {
  const examples = Object.values(content?.["application/json"]?.examples ?? {});
  return examples.map(({ value }) => value).find(isObject);
}

/** @param base The server as the client addresses it, without a slash at the end. */
export function curlOfExample(call: ExampleCall, base: string, needsToken: boolean): string {
  const { method, path, body, isStream } = call;
  if (isStream) return followCurlOf(path, base, needsToken);
  if (method === "GET") return readCurlOf(path, base, needsToken);
  const action = { method: "POST", path, ...(body === undefined ? {} : { body }) } as const;
  return curlOf(action, base, needsToken);
}
