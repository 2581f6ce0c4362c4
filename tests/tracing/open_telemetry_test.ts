/** The adapter to OpenTelemetry where nobody collects; the scenario tests have one that does. */

import assert from "node:assert/strict";
import { OpenTelemetry } from "../../src/tracing/open_telemetry.ts";

Deno.test("OpenTelemetry: it is off without OTEL_DENO", () => {
  assert.equal(OpenTelemetry.find("0"), undefined);
});
