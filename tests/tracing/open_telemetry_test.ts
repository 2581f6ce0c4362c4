/** The OpenTelemetry adapter without a collector; the scenario tests have one. */

import assert from "node:assert/strict";
import { OpenTelemetry } from "../../src/tracing/open_telemetry.ts";

Deno.test("OpenTelemetry: it is off without OTEL_DENO", () => {
  assert.equal(OpenTelemetry.find("0"), undefined);
});
