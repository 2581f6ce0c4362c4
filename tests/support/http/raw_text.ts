/** Requests as raw text, which no HTTP library would produce. */

/** The pause between two writes; none if bytes follow at once. */
export interface Pause {
  readonly pauseMs: number;
}

export interface RawCase {
  readonly name: string;
  readonly parts: readonly (string | Uint8Array<ArrayBuffer> | Pause)[];
  /** The allowed statuses, in order; any except 5xx by default. */
  readonly statuses?: readonly (readonly number[])[];
  /** The client leaves without reading. */
  readonly leaves?: boolean;
  /** A job that may be created; every other is smuggled. */
  readonly creates?: string;
}

export const HOST = "Host: 127.0.0.1\r\n";
const JSON_TYPE = "Content-Type: application/json\r\n";

/** The body that creates a job of this name. */
export function bodyFor(jobId: string): string {
  return JSON.stringify({ jobId, plan: { expected: [{ id: "x", eventType: "a.B" }] } });
}

/** A whole request that creates a job, to be hidden in another one. */
export function hidden(jobId: string): string {
  const body = bodyFor(jobId);
  return `POST /jobs HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: ${body.length}\r\n\r\n${body}`;
}

export function post(headers: string, body: string, path = "/jobs"): string {
  return `POST ${path} HTTP/1.1\r\n${HOST}${JSON_TYPE}${headers}\r\n${body}`;
}

export function get(path: string, headers = ""): string {
  return `GET ${path} HTTP/1.1\r\n${HOST}${headers}\r\n`;
}

export function chunked(...chunks: string[]): string {
  const coded = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return `${coded.join("")}0\r\n\r\n`;
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export const CHUNKED = "Transfer-Encoding: chunked\r\n";
export const KEEP = "Connection: keep-alive\r\n";
export const lengthOf = (text: string) => `Content-Length: ${text.length}\r\n`;
