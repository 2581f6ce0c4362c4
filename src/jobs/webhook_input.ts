/** The input of a `webhook.deliver` job, and the hosts that it may name. */

import * as v from "valibot";
import { BlockList, isIP } from "node:net";
import { EVENT_TYPE_MAX_LENGTH, EVENT_TYPE_PATTERN, EVENT_TYPE_RULE } from "../core/ids.ts";

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
  payload: v.pipe(v.unknown(), v.description("Any JSON."), v.examples([{ orderId: "order-42" }])),
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

/** `host`, or `host:port`; the colons inside brackets of IPv6 do not begin a port. */
const ENTRY = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/;

/** An operator lists them; the default is none. */
export class AllowedHosts {
  readonly #entries: ReadonlySet<string>;

  /**
   * @param entries `host` stands for its default ports, 80 for http and 443 for https;
   * `host:port` for that port. No patterns.
   * @throws {TypeError} when an entry is neither.
   */
  constructor(entries: readonly string[]) {
    this.#entries = new Set(entries.map(normalEntry));
  }

  allows(url: URL): boolean {
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    return this.#entries.has(`${url.hostname}:${port}`) ||
      (url.port === "" && this.#entries.has(url.hostname));
  }
}

/** In the form that `URL` uses: lower case, punycode, the shortest form of an address. */
function normalEntry(entry: string): string {
  const [, host = "", port] = ENTRY.exec(entry) ?? [];
  const url = URL.parse(`http://${entry}/`);
  if (url === null || host === "" || host.includes("*") || url.href !== `http://${url.host}/`) {
    throw new TypeError(
      `Cannot allow webhooks to ${JSON.stringify(entry)}: it must be a host or host:port`,
    );
  }
  return port === undefined ? url.hostname : `${url.hostname}:${Number(port)}`;
}

// Addresses that are not on the public internet. Allowing a name does not vouch for its address:
// its owner could point it at this machine or its network.

/** Source: the special-purpose address registries of IANA (RFC 6890). */
const PRIVATE_NETWORKS: readonly string[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "::1/128",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  // Teredo and 6to4 addresses contain an IPv4 address that may itself be private.
  "2001::/32",
  "2002::/16",
  "2001:db8::/32",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
];

const privateList = new BlockList();
for (const network of PRIVATE_NETWORKS) {
  const [address = "", bits] = network.split("/");
  privateList.addSubnet(address, Number(bits), familyOf(address));
}

/** Whether an address is not public. Covers IPv4 addresses inside IPv6. */
export function isPrivateAddress(address: string): boolean {
  return isIP(address) === 0 || privateList.check(address, familyOf(address));
}

/** Whether a host is an address, or the name of this machine. */
export function isAddressOrLocal(hostname: string): boolean {
  return hostname === "localhost" || isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
