/** The input of a `webhook.deliver` job. */

import * as v from "valibot";
import { EVENT_TYPE_MAX_LENGTH, EVENT_TYPE_PATTERN, EVENT_TYPE_RULE } from "../../core/ids.ts";

const URL_LENGTH_MAX = 2_000;
const HEADERS_MAX = 20;
const HEADER_LENGTH_MAX = 1_000;

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** Visible ASCII, spaces and tabs, so that a value cannot inject a header line. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/**
 * Headers that the delivery or the connection sets, or that hold secrets. The input of a job is in
 * the journal for everyone to read, so a password does not belong in it. The receiver recognizes
 * the sender by the signature.
 */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const SIGNATURE_PREFIX = "webhook-";

const URL_RULE = "must be an http or https URL without a user, a password or a fragment";

const url = v.pipe(
  v.string(),
  v.maxLength(URL_LENGTH_MAX, `must be at most ${URL_LENGTH_MAX} characters`),
  v.check(isDeliverable, URL_RULE),
  v.examples(["https://example.com/hooks/orders"]),
);

const headerName = v.pipe(
  v.string(),
  v.regex(HEADER_NAME, "must be the name of a header"),
  v.check(isFree, "must not be a header that Daybook sets, or that holds a secret"),
);

const headerValue = v.pipe(
  v.string(),
  v.maxLength(HEADER_LENGTH_MAX, `must be at most ${HEADER_LENGTH_MAX} characters`),
  v.regex(HEADER_VALUE, "must be visible ASCII, spaces and tabs"),
);

export const webhookInput = v.strictObject({
  url,
  event: v.pipe(
    v.string(),
    v.maxLength(EVENT_TYPE_MAX_LENGTH),
    v.regex(EVENT_TYPE_PATTERN, `must be ${EVENT_TYPE_RULE}`),
    v.description("What happened, such as order.shipped."),
    v.examples(["order.shipped"]),
  ),
  payload: v.pipe(
    v.unknown(),
    v.description("Any JSON."),
    v.examples([{ orderId: "order-42" }]),
  ),
  headers: v.exactOptional(v.pipe(
    v.record(headerName, headerValue),
    v.maxEntries(HEADERS_MAX, `must have at most ${HEADERS_MAX} headers`),
  )),
});

export type WebhookInput = v.InferOutput<typeof webhookInput>;

function isDeliverable(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") &&
    url.username === "" && url.password === "" && url.hash === "";
}

function isFree(name: string): boolean {
  const lower = name.toLowerCase();
  return !RESERVED_HEADERS.has(lower) && !lower.startsWith(SIGNATURE_PREFIX);
}
