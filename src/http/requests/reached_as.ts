/** The server as whoever asks has reached it, a proxy between them or not. */

export interface ReachedAs {
  readonly host: string;
  /** Whether over TLS, to the proxy at least. */
  readonly secure: boolean;
  /** Of calls that reach it the same way, without a slash at the end. */
  readonly origin: string;
}

/**
 * A proxy that ends TLS says so in `X-Forwarded-Proto`. Without one anybody may say it, and
 * nothing depends on it but what they are shown themselves.
 */
export function reachedAs({ headers, url }: Request): ReachedAs {
  const { host: named, protocol } = new URL(url);
  const host = headers.get("host") ?? named;
  const secure = protocol === "https:" || schemeTold(headers) === "https";
  return { host, secure, origin: `${secure ? "https" : "http"}://${host}` };
}

/** Of several proxies the first one is the client's. */
function schemeTold(headers: Headers): string | undefined {
  return headers.get("x-forwarded-proto")?.split(",")[0]?.trim();
}
