/** What a browser may do with a page of the dashboard: nothing that came from elsewhere. */

import { NO_STORE_HEADERS } from "../http/answers/response.ts";

/**
 * No script and no style but from the fixed map of assets: a text that somebody smuggled into
 * a page can do nothing. Nor may the page be shown in a frame, or send a form elsewhere.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

export const PAGE_HEADERS = {
  ...NO_STORE_HEADERS,
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": CONTENT_SECURITY_POLICY,
  // Without a referrer a browser would not say where a form comes from, and it would be refused.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
} as const;
