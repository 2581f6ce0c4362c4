/** Security defaults of outgoing requests: webhooks. */

import assert from "node:assert/strict";
import { readConfiguration } from "../../src/settings/configuration.ts";
import { webhookDeliver, type WebhookOptions } from "../../src/jobs/webhook_deliver.ts";
import { isPrivateAddress } from "../../src/jobs/webhook_input.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { Receiver, status } from "../support/http/job_receiver.ts";

const EVENT = { event: "order.shipped", payload: {} };

/** Delivers to a URL; returns what was received, and why it failed. */
async function deliver(
  url: string,
  options: Partial<WebhookOptions>,
  ...answers: Receiver["receive"][]
) {
  const receiver = new Receiver(status(200));
  const fetch = answers.length === 0 ? receiver.fetch : (to: string, init: RequestInit) => {
    const [answer] = answers;
    assert.ok(answer);
    return answer(new Request(to, init));
  };
  const definition = webhookDeliver({ allowedHosts: [], fetch, now: () => 0, ...options });
  const daybook = await Harness.start({ definitions: [definition] });
  const jobId = await daybook.submit("webhook.deliver", { url, ...EVENT });
  const job = daybook.job(jobId);
  return { received: receiver.received, failure: job.state === "Failed" ? job.failure : undefined };
}

Deno.test("default, webhooks: off, unless a host is on the list", async () => {
  const configuration = readConfiguration({
    args: [],
    env: () => undefined,
    readTextFile: () => assert.fail("no file is read"),
  });
  assert.ok(configuration.kind === "run");
  const { webhookHosts: allowedHosts } = configuration.configuration;
  assert.deepEqual(allowedHosts, []);
  for (const url of ["https://example.com/", "http://localhost/", "http://127.0.0.1:8000/jobs"]) {
    const { received, failure } = await deliver(url, { allowedHosts });
    assert.deepEqual(received, []);
    assert.match(failure?.error.message ?? "", /the host is not allowed/);
  }
});

Deno.test("default, webhooks: a name on the list allows no other name, port or spelling", async () => {
  const allowedHosts = ["hooks.example.com"];
  const urls = [
    "https://hooks.example.com.evil.example/",
    "https://evil.example/hooks.example.com",
    "https://evil-hooks.example.com/",
    "https://hooks.example.com:8443/",
    "https://hooks.example.com./",
  ];
  for (const url of urls) {
    assert.deepEqual((await deliver(url, { allowedHosts })).received, [], url);
  }
  const { received } = await deliver("https://HOOKS.example.com/", { allowedHosts });
  assert.equal(received.length, 1);
});

for (const code of [301, 302, 303, 307, 308]) {
  Deno.test(`default, webhooks: no redirect is followed, ${code} included`, async () => {
    let asked = 0;
    const { failure } = await deliver(
      "https://hooks.example.com/",
      { allowedHosts: ["hooks.example.com"] },
      (request) => {
        asked += 1;
        assert.equal(request.redirect, "manual");
        const headers = { location: "http://169.254.169.254/latest/meta-data" };
        return Promise.resolve(new Response(null, { status: code, headers }));
      },
    );
    assert.equal(asked, 1);
    assert.equal(failure?.kind, "poison");
    assert.equal(
      failure.error.message,
      `Cannot deliver to hooks.example.com: it answered ${code}; redirects are not followed`,
    );
  });
}

const PRIVATE = [
  "127.0.0.1",
  "10.0.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "169.254.169.254",
  "100.64.0.1",
  "::1",
  "fd00::1",
  "fe80::1",
  "::ffff:127.0.0.1",
  "64:ff9b::7f00:1",
  // Addresses that tunnel to private ones, and formerly private ranges.
  "2002:7f00:1::",
  "64:ff9b:1::7f00:1",
  "2001:0:7f00:1::",
  "fec0::1",
];

Deno.test("default, webhooks: an address that is not public gets nothing, whether the first or the last of a name", async () => {
  for (const address of PRIVATE) {
    assert.ok(isPrivateAddress(address), address);
    for (const addresses of [[address], ["93.184.216.34", address]]) {
      const { received, failure } = await deliver("https://hooks.example.com/", {
        allowedHosts: ["hooks.example.com"],
        lookup: () => Promise.resolve(addresses),
      });
      assert.deepEqual(received, []);
      assert.match(failure?.error.message ?? "", /is not public/);
    }
  }
});
