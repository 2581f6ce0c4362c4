import assert from "node:assert/strict";
import { shippedDefinitions } from "../../src/jobs/shipped.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { EPOCH_MS } from "../support/fake_clock.ts";

const webhook = { allowedHosts: [], fetch, now: () => EPOCH_MS };

Deno.test("shippedDefinitions: each has a description and a schema that names its fields", async () => {
  const daybook = await Harness.start({ definitions: shippedDefinitions({ webhook }) });
  const definitions = daybook.engine.definitions();
  const fields = definitions.map(({ type, description, inputSchema }) => {
    assert.ok(description);
    const { properties = {}, additionalProperties } = inputSchema as {
      properties?: object;
      additionalProperties?: boolean;
    };
    assert.equal(additionalProperties, false);
    return [type, Object.keys(properties)];
  });
  assert.deepEqual(fields, [
    ["csv.import", ["csv", "columns", "required", "chunkRows", "delimiter"]],
    ["order.fulfil", ["orderId", "amount", "paymentMethod"]],
    ["webhook.deliver", ["url", "event", "payload", "headers"]],
  ]);
});
