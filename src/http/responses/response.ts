/** Successful responses, and the headers of all. */

/** The headers of every answer: no answer may be cached, or interpreted as another type. */
export const NO_STORE_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

const JSON_HEADERS = { ...NO_STORE_HEADERS, "content-type": "application/json" };

export function jsonResponse(
  value: unknown,
  status: number,
  headers?: Readonly<Record<string, string>>,
): Response {
  return jsonTextResponse(JSON.stringify(value), status, headers);
}

export function jsonTextResponse(
  json: string,
  status: number,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(json, {
    status,
    headers: headers === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
  });
}

/**
 * The answer to a request that created the resource at `location`. Caches do not store answers to a
 * POST, and no page can embed them, so it needs no headers against either.
 *
 * @param json The body, as text.
 */
export function createdResponse(
  json: string,
  status: number,
  location: string,
  headers: Readonly<Record<string, string>>,
): Response {
  return new Response(json, {
    status,
    headers: { "content-type": "application/json", location, ...headers },
  });
}

export function textResponse(text: string, status: number): Response {
  return new Response(text, {
    status,
    headers: { ...NO_STORE_HEADERS, "content-type": "text/plain; charset=utf-8" },
  });
}

export function emptyResponse(
  status: number,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(null, { status, headers: { ...NO_STORE_HEADERS, ...headers } });
}

export function streamResponse(
  body: ReadableStream<Uint8Array>,
  contentType: string,
  status: number,
): Response {
  return new Response(body, {
    status,
    // A buffering proxy would turn a stream into one late answer.
    headers: { ...NO_STORE_HEADERS, "content-type": contentType, "x-accel-buffering": "no" },
  });
}
