import assert from "node:assert/strict";
import * as v from "valibot";
import {
  AllowedHosts,
  isAddressOrLocal,
  isPrivateAddress,
  webhookInput,
} from "../../src/jobs/webhook_input.ts";
import {
  parseSecret,
  retryAfterMs,
  signWebhook,
  verdictOn,
} from "../../src/jobs/webhook_deliver.ts";

function allows(entries: readonly string[], url: string): boolean {
  return new AllowedHosts(entries).allows(new URL(url));
}

Deno.test("AllowedHosts: nothing is allowed by default", () => {
  assert.equal(allows([], "https://example.com/"), false);
});

Deno.test("AllowedHosts: a host allows only its default ports", () => {
  assert.equal(allows(["Example.com"], "https://example.com/hook"), true);
  assert.equal(allows(["example.com"], "http://EXAMPLE.com:80/hook"), true);
  assert.equal(allows(["example.com"], "http://example.com:8080/hook"), false);
});

Deno.test("AllowedHosts: host:port allows only that port", () => {
  assert.equal(allows(["example.com:8080"], "http://example.com:8080/"), true);
  assert.equal(allows(["example.com:8080"], "http://example.com/"), false);
  assert.equal(allows(["example.com:443"], "https://example.com/"), true);
  assert.equal(allows(["example.com:443"], "http://example.com/"), false);
  assert.equal(allows(["example.com:80"], "https://example.com/"), false);
  assert.equal(allows(["[::1]:8080"], "http://[0:0:0:0:0:0:0:1]:8080/"), true);
});

Deno.test("AllowedHosts: a name that only looks alike is another host", () => {
  for (
    const url of [
      "https://example.com.evil.test/",
      "https://sub.example.com/",
      "https://example.com./",
      "https://evil.test/example.com",
      "https://evil.test?example.com",
    ]
  ) assert.equal(allows(["example.com"], url), false, url);
});

Deno.test("AllowedHosts: addresses are compared as addresses", () => {
  assert.equal(allows(["127.0.0.1:80"], "http://2130706433/"), true);
  assert.equal(allows(["bücher.example"], "https://xn--bcher-kva.example/"), true);
});

Deno.test("AllowedHosts: an invalid host is refused when Daybook starts", () => {
  for (
    const entry of [
      "",
      "*",
      "*.example.com",
      "https://example.com",
      "example.com/hook",
      "user@example.com",
      "example.com:http",
      "example.com:65536",
      "a b",
    ]
  ) assert.throws(() => new AllowedHosts([entry]), TypeError, entry);
});

Deno.test("signWebhook: it gives the signature of the specification's example", () => {
  const key = parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const signature = signWebhook(key, {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: 1_614_265_330,
    body: '{"test": 2432232314}',
  });
  assert.equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

Deno.test("parseSecret: an invalid secret is refused without being quoted", () => {
  const message =
    "Cannot use the webhook secret: it must be whsec_ and then 24 to 64 bytes in base64";
  for (const secret of ["", "whsec_", "whsec_c2hvcnQ=", `whsec_${"A".repeat(100)}`, "hunter2"]) {
    assert.throws(() => parseSecret(secret), { name: "TypeError", message });
  }
});

Deno.test("verdictOn: it distinguishes delivered, worth another attempt, and final", () => {
  const verdicts = Object.fromEntries(
    [200, 204, 299, 301, 304, 307, 400, 401, 404, 408, 410, 422, 425, 429, 500, 503, 599].map(
      (status) => [status, verdictOn(status)],
    ),
  );
  assert.deepEqual(verdicts, {
    200: "delivered",
    204: "delivered",
    299: "delivered",
    301: "giveUp",
    304: "giveUp",
    307: "giveUp",
    400: "giveUp",
    401: "giveUp",
    404: "giveUp",
    408: "tryAgain",
    410: "giveUp",
    422: "giveUp",
    425: "tryAgain",
    429: "tryAgain",
    500: "tryAgain",
    503: "tryAgain",
    599: "tryAgain",
  });
});

Deno.test("retryAfterMs: it accepts seconds and dates, between a second and an hour", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfterMs("120", now), 120_000);
  assert.equal(retryAfterMs("Thu, 01 Jan 2026 00:02:00 GMT", now), 120_000);
  assert.equal(retryAfterMs("0", now), 1_000);
  assert.equal(retryAfterMs("Wed, 31 Dec 2025 00:00:00 GMT", now), 1_000);
  assert.equal(retryAfterMs("999999999999", now), 3_600_000);
});

Deno.test("retryAfterMs: it returns undefined for what it cannot read", () => {
  for (const header of [null, "", "soon"]) assert.equal(retryAfterMs(header, 0), undefined);
});

Deno.test("isPrivateAddress: it recognizes loopback, private, link-local and mapped addresses", () => {
  for (
    const address of [
      "127.0.0.1",
      "10.1.2.3",
      "172.16.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "::1",
      "::",
      "fe80::1",
      "fd00::1",
      "::ffff:127.0.0.1",
      "::ffff:a9fe:a9fe",
      "no address",
    ]
  ) assert.equal(isPrivateAddress(address), true, address);
  for (const address of ["93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]) {
    assert.equal(isPrivateAddress(address), false, address);
  }
});

Deno.test("isAddressOrLocal: it recognizes addresses and localhost", () => {
  assert.deepEqual(
    ["localhost", "127.0.0.1", "[::1]", "example.com", "localhost.example.com"].map(
      isAddressOrLocal,
    ),
    [true, true, true, false, false],
  );
});

const good = { url: "https://example.com/hook", event: "order.shipped", payload: null };

function issuesOf(more: object): readonly string[] {
  const result = v.safeParse(webhookInput, { ...good, ...more });
  return (result.issues ?? []).map(({ path }) => (path ?? []).map(({ key }) => key).join("/"));
}

Deno.test("webhookInput: it accepts any payload, and custom headers", () => {
  for (const payload of [null, 1, "x", [], {}]) assert.deepEqual(issuesOf({ payload }), []);
  assert.deepEqual(issuesOf({ headers: { "X-Tenant": "a b" } }), []);
});

Deno.test("webhookInput: a URL that is not HTTP, or contains a password, is refused", () => {
  for (
    const url of [
      "example.com",
      "file:///etc/passwd",
      "ftp://example.com/",
      "https://user:secret@example.com/",
      "https://user@example.com/",
      "https://example.com/#part",
      `https://example.com/${"a".repeat(2_000)}`,
    ]
  ) assert.deepEqual(issuesOf({ url }), ["url"], url);
});

Deno.test("webhookInput: headers of the connection, of the signature and of secrets are refused", () => {
  for (
    const name of [
      "Host",
      "Authorization",
      "cookie",
      "Content-Length",
      "content-type",
      "Transfer-Encoding",
      "webhook-id",
      "Webhook-Signature",
      "webhook-anything",
      "x y",
      "",
    ]
  ) assert.ok(issuesOf({ headers: { [name]: "x" } }).length > 0, name);
});

Deno.test("webhookInput: a control character in a header is refused", () => {
  for (const value of ["a\r\nb: c", "a\nb", "a\0b", "é"]) {
    assert.deepEqual(issuesOf({ headers: { "x-a": value } }), ["headers/x-a"], value);
  }
});

Deno.test("webhookInput: a missing payload, a bad event and an unknown field are refused", () => {
  const { payload: _payload, ...without } = good;
  assert.equal(v.is(webhookInput, without), false);
  assert.deepEqual(issuesOf({ event: "order shipped" }), ["event"]);
  assert.deepEqual(issuesOf({ method: "GET" }), ["method"]);
});
