/** What the headers of a request say: its key, its preferences, where it comes from. */

import type { Context } from "hono";
import { accepts } from "hono/accepts";
import type { Origin } from "../../core/origin.ts";
import { parseTraceparent, type TraceIds } from "../../core/trace_ids.ts";
import { withOrigin } from "../../engine/requests.ts";
import type { EventDocument } from "./event_documents.ts";
import { requestViewer } from "../guard/viewer.ts";

const WAIT_SECONDS_MAX = 60;

const WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i;
/** If there are several, the first counts. */
const RETURN = /(?:^|,)\s*return\s*=\s*"?([a-z]*)"?\s*(?:$|[,;])/i;

export interface Preferences {
  /** `wait=N`: how many seconds for the end of the job; `undefined` when not asked for. */
  readonly waitSeconds?: number | undefined;
  /** `return=minimal`: only what leads to the job. */
  readonly minimal: boolean;
}

const NO_PREFERENCES: Preferences = { minimal: false };
const MINIMAL: Preferences = { minimal: true };

/** `Prefer` (RFC 7240): what a client would rather have. A preference is never an error. */
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

/** The header that says by which preferences an answer is; `undefined` when by none. */
export function appliedHeader(
  { waitSeconds, minimal }: Preferences,
): { readonly "preference-applied": string } | undefined {
  const wait = waitSeconds === undefined ? undefined : `wait=${waitSeconds}`;
  if (!minimal) return wait === undefined ? undefined : { "preference-applied": wait };
  const both = wait === undefined ? "return=minimal" : `return=minimal, ${wait}`;
  return { "preference-applied": both };
}

/**
 * The media type that a client would rather have, by the q-values of its `Accept` header.
 *
 * @param usual Where it prefers neither, as with `*\/*`.
 */
export function preferredType<const Usual extends string, const Other extends string>(
  c: Context,
  usual: Usual,
  other: Other,
): Usual | Other {
  const supports = [usual, other];
  return accepts(c, { header: "Accept", supports, default: usual }) === other ? other : usual;
}

/** Collects spans for the request that is being answered. */
export interface RequestSpans {
  /** Where the request is in its trace. */
  active(): TraceIds | undefined;
  /** Tells which route it takes, after which its span is named: paths are as many as jobs. */
  routed(method: string, route: string): void;
}

/** Its trace is the span of the request where there is one, else what `traceparent` says. */
export function requestOrigin(c: Context, spans: RequestSpans | undefined): Origin | undefined {
  const trace = spans?.active() ?? parseTraceparent(c.req.raw.headers.get("traceparent"));
  const { name } = requestViewer(c);
  return name === undefined ? trace : { ...trace, actor: name };
}

/** The same events, each with its origin. */
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
  /** Whether over TLS, to the proxy at least. */
  readonly secure: boolean;
  /** The origin for calls that reach it the same way, without a slash at the end. */
  readonly origin: string;
}

/**
 * A proxy that ends TLS says so in `X-Forwarded-Proto`. Without one any client may claim it, and
 * nothing depends on it but what they are shown themselves.
 */
export function reachedAs({ headers, url }: Request): ReachedAs {
  const { host: named, protocol } = new URL(url);
  const host = headers.get("host") ?? named;
  const secure = protocol === "https:" || schemeTold(headers) === "https";
  return { host, secure, origin: `${secure ? "https" : "http"}://${host}` };
}

/** If there are several proxies, the first value is the client's. */
function schemeTold(headers: Headers): string | undefined {
  return headers.get("x-forwarded-proto")?.split(",")[0]?.trim();
}
