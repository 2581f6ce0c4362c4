/** `fetch` of a process in which Deno itself tells the receiver of the trace. */

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Deno adds a `traceparent` to every request, and to one that has its own it would be a second:
 * the receiver would have to ignore both.
 */
export function withoutOwnTraceparent(fetch: Fetch): Fetch {
  return (url, init) => {
    const headers = new Headers(init.headers);
    headers.delete("traceparent");
    headers.delete("tracestate");
    return fetch(url, { ...init, headers });
  };
}
