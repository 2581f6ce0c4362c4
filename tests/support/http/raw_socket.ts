/** Requests as raw text, which no HTTP library would produce, and connections that send them. */

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

export interface RawAnswer {
  /** As text in which each character is a byte. */
  readonly text: string;
  /** Whether the server ended the connection. */
  readonly closed: boolean;
}

/** Resolves after a time, or when it is cancelled. */
function pause(ms: number): { readonly over: Promise<void>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return {
    over: promise,
    cancel() {
      clearTimeout(timer);
      resolve();
    },
  };
}

export interface Patience {
  /** How long a required answer may take. */
  readonly answerMs: number;
  /** How long a connection must be silent before it counts as finished. */
  readonly quietMs: number;
}

/** Sends the bytes of a case, and returns what comes back until the connection ends or is quiet. */
export async function exchange(
  port: number,
  { parts, leaves, statuses }: RawCase,
  patience: Patience,
): Promise<RawAnswer> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const answer = leaves === true
      ? undefined
      : readAll(connection, patience, statuses?.length ?? 1);
    await sendAll(connection, parts);
    return await answer ?? { text: "", closed: false };
  } finally {
    connection.close();
  }
}

/** A server may close before everything was sent. */
async function sendAll(connection: Deno.Conn, parts: RawCase["parts"]): Promise<void> {
  try {
    for (const part of parts) {
      if (typeof part === "object" && "pauseMs" in part) await pause(part.pauseMs).over;
      else {await writeAll(
          connection,
          typeof part === "string" ? new TextEncoder().encode(part) : part,
        );}
    }
  } catch {
    // The answer says what it did.
  }
}

export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function readAll(
  connection: Deno.Conn,
  { answerMs, quietMs }: Patience,
  wanted: number,
): Promise<RawAnswer> {
  const buffer = new Uint8Array(65_536);
  for (let text = "";;) {
    const quiet = pause(statusesIn({ text }).length < wanted ? answerMs : quietMs);
    const read = connection.read(buffer).catch(() => null);
    const count = await Promise.race([read, quiet.over]);
    quiet.cancel();
    if (typeof count !== "number") return { text, closed: count === null };
    text += String.fromCharCode(...buffer.subarray(0, count));
  }
}

/** The statuses of the answers on one connection, in order; bodies have one line. */
export function statusesIn({ text }: Pick<RawAnswer, "text">): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3}) [A-Z]/g)].map(([, status]) => Number(status));
}
