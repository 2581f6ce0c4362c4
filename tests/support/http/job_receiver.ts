/** A webhook receiver: notes what it gets and answers as the test says. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { WebhookFetch } from "../../../src/jobs/webhook_deliver.ts";

export const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

export interface Received {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

export type Answer = () => Response | Promise<Response>;

export class Receiver {
  readonly received: Received[] = [];
  readonly #answers: Answer[];

  /** The last answer is repeated. */
  constructor(...answers: readonly Answer[]) {
    this.#answers = [...answers];
  }

  readonly fetch: WebhookFetch = async (url, init) => {
    assert.equal(init.redirect, "manual");
    return await this.receive(new Request(url, init));
  };

  async receive(request: Request): Promise<Response> {
    const { url, method, headers } = request;
    this.received.push({ url, method, headers, body: await request.text() });
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    return await (answer ?? status(204))();
  }
}

/** An answer with a status, and optionally headers and a body. */
export function status(
  code: number,
  headers: HeadersInit = {},
  body: string | null = null,
): Answer {
  return () => new Response(body, { status: code, headers });
}

/**
 * The signature that a receiver expects, computed with Web Crypto by the specification of Standard
 * Webhooks, independently of the signing code.
 */
export async function expectedSignature({ headers, body }: Received): Promise<string> {
  const secret = Buffer.from(WEBHOOK_SECRET.slice("whsec_".length), "base64");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new Uint8Array(secret), algorithm, false, [
    "sign",
  ]);
  const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
  return `v1,${Buffer.from(signature).toString("base64")}`;
}
