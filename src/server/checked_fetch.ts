/**
 * Sends requests over connections whose actual address was checked first. Resolving a name
 * beforehand proves nothing: its owner can change it a moment later (DNS rebinding). `fetch` does
 * not reveal the address that it connects to, so this replaces it.
 */

import { type IncomingMessage, request as httpRequest } from "node:http";
import { Duplex, Readable } from "node:stream";
import type { WebhookFetch, WebhookRequest } from "../jobs/webhook_deliver.ts";

/** Responses to these methods never have a body. */
const EMPTY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Connects by name, so that Deno checks the permission for the name; with TLS, the certificate must
 * match it. Rejects with the error of `admit` before a byte is sent.
 */
export async function checkedFetch(...args: Parameters<WebhookFetch>): Promise<Response> {
  const [url, init, admit] = args;
  const target = new URL(url);
  const connection = await connectionTo(target, init.signal, admit);
  try {
    return await exchange(target, init, connection);
  } catch (error) {
    close(connection);
    throw error;
  }
}

async function connectionTo(
  { protocol, hostname: host, port }: URL,
  signal: AbortSignal,
  admit: (address: string) => void,
): Promise<Deno.Conn> {
  const isSecure = protocol === "https:";
  const hostname = host.replace(/^\[|\]$/g, "");
  const connection = await Deno.connect({
    hostname,
    port: Number(port || (isSecure ? 443 : 80)),
    signal,
  });
  const stop = () => close(connection);
  signal.addEventListener("abort", stop, { once: true });
  try {
    admit(connection.remoteAddr.hostname);
    signal.throwIfAborted();
    return isSecure ? await secured(connection, hostname) : connection;
  } catch (error) {
    close(connection);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function secured(connection: Deno.TcpConn, hostname: string): Promise<Deno.TlsConn> {
  const secure = await Deno.startTls(connection, { hostname, alpnProtocols: ["http/1.1"] });
  try {
    await secure.handshake();
    return secure;
  } catch (error) {
    close(secure);
    throw error;
  }
}

function exchange(target: URL, init: WebhookRequest, connection: Deno.Conn): Promise<Response> {
  const { method, headers, body, signal } = init;
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      host: target.hostname,
      path: target.pathname + target.search,
      method,
      headers: { host: target.host, ...Object.fromEntries(headers) },
      signal,
      createConnection: () => Duplex.fromWeb(connection),
    });
    const refuse = ({ statusCode }: IncomingMessage) => {
      reject(new Error(`Cannot use the answer: its status is ${statusCode}`));
      sent.destroy();
    };
    sent.once("error", reject);
    sent.once("response", (message) => {
      if (isStatus(message.statusCode)) resolve(toResponse(message));
      else refuse(message);
    });
    // An answer of 101 is reported only here.
    sent.once("upgrade", refuse);
    sent.end(body);
  });
}

/** Whether a response may have it: a receiver may answer with any number. */
function isStatus(status = 0): boolean {
  return status >= 200 && status <= 599;
}

function toResponse(message: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const { statusCode: status = 0 } = message;
  const isEmpty = EMPTY_STATUSES.has(status);
  if (isEmpty) message.resume();
  return new Response(isEmpty ? null : Readable.toWeb(message) as ReadableStream, {
    status,
    headers,
  });
}

/** The connection may already be closed. */
function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
