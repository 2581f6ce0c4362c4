/**
 * Reads a request besides its body: its query, strictly, and its headers: preferences, origin,
 * media types.
 */

import type { Context } from "hono";
import { accepts } from "hono/accepts";
import * as v from "valibot";
import type { LogId } from "../../core/ids.ts";
import { type Origin, parseTraceparent, type TraceIds } from "../../core/trace_ids.ts";
import { withOrigin } from "../../engine/requests.ts";
import type { EventDocument } from "./event_documents.ts";
import { requestViewer } from "./viewer.ts";
import { documented, parseWholeNumber } from "../../documents/fields.ts";
import { type Parameters, parseQuery, type Query } from "../../documents/parameters.ts";
import { invalidRequest } from "../../documents/refusal.ts";

/** @throws {Problem} `invalid-request` if there is any query. */
export function refuseQuery(request: Request): void {
  if (request.url.includes("?")) readQuery(request, {});
}

/** @throws {Problem} `invalid-request` for a parameter that is unknown, repeated or wrong. */
export function readQuery<Known extends Parameters>(request: Request, known: Known): Query<Known> {
  return parseQuery(new URL(request.url).searchParams, known);
}

const POSITION_RULE = "must be the logId of an entry";

/** Some clients send an empty value before they have a position. */
export const positionField = v.pipe(
  documented(v.string(), { type: "string", pattern: "^[0-9]{0,15}$" }),
  v.check((text) => text === "" || parseWholeNumber(text) !== undefined, POSITION_RULE),
);

/**
 * The position in a header; `undefined` if it has none.
 *
 * @throws {Problem} `invalid-request`
 */
export function headerPosition({ headers }: Request, header: string): LogId | undefined {
  const text = headers.get(header);
  if (text === null || text === "") return undefined;
  const position = parseWholeNumber(text);
  if (position === undefined) throw invalidRequest([{ header, detail: POSITION_RULE }]);
  return position;
}

export const WAIT_SECONDS_MAX = 60;

const WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i;
/** Of several, the first applies. */
const RETURN = /(?:^|,)\s*return\s*=\s*"?([a-z]*)"?\s*(?:$|[,;])/i;

export interface Preferences {
  /** `wait=N`: how many seconds to wait for the end of the job; `undefined` if not requested. */
  readonly waitSeconds?: number | undefined;
  /** `return=minimal`: answer only with the id, state and links of the job. */
  readonly minimal: boolean;
}

const NO_PREFERENCES: Preferences = { minimal: false };
const MINIMAL: Preferences = { minimal: true };

/** Parses `Prefer` (RFC 7240). An unknown or invalid preference is ignored. */
export function parsePreferences({ headers }: Request): Preferences {
  const header = headers.get("prefer");
  if (header === null) return NO_PREFERENCES;
  if (header === "return=minimal") return MINIMAL;
  const asked = WAIT.exec(header)?.[1];
  const minimal = RETURN.exec(header)?.[1]?.toLowerCase() === "minimal";
  return asked === undefined
    ? { minimal }
    : { minimal, waitSeconds: Math.min(Number(asked), WAIT_SECONDS_MAX) };
}

/** The header that names the applied preferences; `undefined` if there are none. */
export function appliedHeader(
  { waitSeconds, minimal }: Preferences,
): { readonly "preference-applied": string } | undefined {
  const wait = waitSeconds === undefined ? undefined : `wait=${waitSeconds}`;
  if (!minimal) return wait === undefined ? undefined : { "preference-applied": wait };
  const both = wait === undefined ? "return=minimal" : `return=minimal, ${wait}`;
  return { "preference-applied": both };
}

/**
 * Whether a client prefers a media type to JSON, by the q-values of its `Accept` header. One that
 * prefers neither, as with `*\/*`, gets JSON.
 */
export function prefers(c: Context, mediaType: string): boolean {
  const supports = ["application/json", mediaType];
  return accepts(c, { header: "Accept", supports, default: "application/json" }) === mediaType;
}

/** Browsers accept HTML explicitly; other programs accept anything. */
export function acceptsHtml(c: Context): boolean {
  return prefers(c, "text/html");
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether the method of a request says that it changes nothing (RFC 9110, 9.2.1). */
export function isSafe({ method }: Request): boolean {
  return SAFE_METHODS.has(method);
}

/** Collects spans for the request that is being answered. */
export interface RequestSpans {
  /** The trace and span of the current request. */
  active(): TraceIds | undefined;
  /** Names the span after the route; paths would give as many names as there are jobs. */
  routed(method: string, route: string): void;
}

/** Its trace is the span of the request if there is one, otherwise that of `traceparent`. */
export function requestOrigin(c: Context, spans: RequestSpans | undefined): Origin | undefined {
  const trace = spans?.active() ?? parseTraceparent(c.req.raw.headers.get("traceparent"));
  const { name } = requestViewer(c);
  return name === undefined ? trace : { ...trace, actor: name };
}

export function originatedEvents(
  document: EventDocument,
  origin: Origin | undefined,
): EventDocument {
  if (origin === undefined) return document;
  const items = document.items.map((judged) =>
    judged.valid ? { valid: true as const, event: withOrigin(judged.event, origin) } : judged
  );
  return { ...document, items };
}

interface ReachedAs {
  readonly host: string;
  /** Whether the client used TLS, at least to the proxy. */
  readonly secure: boolean;
  /** The base URL by which the client reached the server, without a trailing slash. */
  readonly origin: string;
}

/**
 * A proxy that terminates TLS says so in `X-Forwarded-Proto`, and one that changes `Host` keeps the
 * client's in `X-Forwarded-Host`. Without a proxy any client can send them, but they only affect
 * what that client is shown.
 */
export function reachedAs({ headers, url }: Request): ReachedAs {
  const { host: named, protocol } = new URL(url);
  const host = headers.get("host") ?? named;
  const secure = protocol === "https:" || forwarded(headers, "proto") === "https";
  const asked = forwarded(headers, "host") ?? "";
  const shown = /^[\w.:[\]-]+$/.test(asked) ? asked : host;
  return { host, secure, origin: `${secure ? "https" : "http"}://${shown}` };
}

/** With several proxies, the first value is that of the client's connection. */
function forwarded(headers: Headers, what: "proto" | "host"): string | undefined {
  return headers.get(`x-forwarded-${what}`)?.split(",")[0]?.trim();
}
