/** The adapter to OpenTelemetry where nobody collects; the scenario tests have one that does. */

import assert from "node:assert/strict";
import { OpenTelemetry } from "../../src/tracing/open_telemetry.ts";
import { withoutOwnTraceparent } from "../../src/tracing/traced_fetch.ts";

Deno.test("OpenTelemetry: is not found in a process without OTEL_DENO", () => {
  assert.equal(OpenTelemetry.find("0"), undefined);
});

Deno.test("withoutOwnTraceparent: leaves the trace to Deno, and all else as it is", async () => {
  const seen: [string, RequestInit][] = [];
  const fetch = withoutOwnTraceparent((...call) => {
    seen.push(call);
    return Promise.resolve(new Response());
  });
  const headers = new Headers({ traceparent: "00-1", tracestate: "a=b", "webhook-id": "7" });
  await fetch("https://example.com/", { method: "POST", body: "x", headers });
  const [[url, { headers: sent, ...init }] = ["", {}]] = seen;
  assert.deepEqual([url, init], ["https://example.com/", { method: "POST", body: "x" }]);
  assert.deepEqual([...new Headers(sent)], [["webhook-id", "7"]]);
  assert.equal(headers.get("traceparent"), "00-1");
});
