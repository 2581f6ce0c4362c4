/**
 * `webhook.deliver`: sends one event to a URL, signed according to Standard Webhooks. An example of
 * a task that distinguishes failures that a retry can fix from those that it cannot.
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { isPermissionMissing } from "../core/thrown.ts";
import { defineJob } from "../engine/definition.ts";
import { NonRetryableError, RetryLater } from "../engine/job_errors.ts";
import type { TaskContext } from "../engine/job_context.ts";
import {
  AllowedHosts,
  isAddressOrLocal,
  isPrivateAddress,
  type WebhookInput,
  webhookInput,
} from "./webhook_input.ts";

const SECRET_PREFIX = "whsec_";
const SECRET_PATTERN = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;

/** The content of a signature: one attempt to deliver a message. */
interface SignedParts {
  /** The same for each attempt. */
  readonly id: string;
  /** The time of this attempt, in seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/** @throws {TypeError} when it is not a secret; the message does not quote it. */
export function parseSecret(secret: string): Uint8Array {
  const key = Buffer.from(SECRET_PATTERN.exec(secret)?.[1] ?? "", "base64");
  if (key.length < KEY_BYTES_MIN || key.length > KEY_BYTES_MAX) {
    throw new TypeError(
      `Cannot use the webhook secret: it must be ${SECRET_PREFIX} and then ` +
        `${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes in base64`,
    );
  }
  return key;
}

/** The value of `webhook-signature`. */
export function signWebhook(key: Uint8Array, { id, timestamp, body }: SignedParts): string {
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return `v1,${digest}`;
}

export interface WebhookRequest {
  readonly method: "POST";
  readonly headers: Headers;
  readonly body: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

/**
 * Sends a request. Once connected, and before it sends anything, it calls `admit` with the address
 * of the connection, and rejects with what that throws: a name may resolve differently than when it
 * was looked up. For hosts allowed as an address, and for `localhost`, `admit` accepts any address.
 */
export type WebhookFetch = (
  url: string,
  request: WebhookRequest,
  admit: (address: string) => void,
) => Promise<Response>;

export interface WebhookOptions {
  /** Each a `host` or a `host:port`. Nothing is sent to other hosts. */
  readonly allowedHosts: readonly string[];
  /** `whsec_` and base64. Without it, deliveries are not signed. */
  readonly secret?: string;
  readonly fetch: WebhookFetch;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * Looks up the addresses of a name. When given, no connection is made to a name with an address
   * that is not public.
   */
  readonly lookup?: (hostname: string) => Promise<readonly string[]>;
}

interface Delivered {
  readonly status: number;
  /** Attempts begun, this one included. */
  readonly attempts: number;
  /** The duration of the last attempt. */
  readonly durationMs: number;
}

/** Eight attempts over about 18 minutes, unless the receiver asks for other delays. */
const RETRY = { maxAttempts: 8, initialMs: 1_000, factor: 3, maxMs: 3_600_000, jitter: 0.2 };

/** Of one attempt. */
const TIMEOUT_MS = 15_000;

/** @throws {TypeError} when the secret or an allowed host cannot be used. */
export function webhookDeliver(options: WebhookOptions) {
  const sender = new WebhookSender(options);
  return defineJob({
    type: "webhook.deliver",
    version: 1,
    description: "Sends an event to a URL: signed, with retries, to allowed hosts only.",
    input: webhookInput,
    async run(ctx, input) {
      // Created once, with the job's own time, so that every attempt sends the same bytes.
      const timestamp = new Date(ctx.now()).toISOString();
      const body = JSON.stringify({ type: input.event, timestamp, data: input.payload });
      return await ctx.task("deliver", (task) => sender.deliver(task, input, body), {
        retry: RETRY,
        timeoutMs: TIMEOUT_MS,
      });
    },
  });
}

class WebhookSender {
  readonly #options: WebhookOptions;
  readonly #allowed: AllowedHosts;
  readonly #key: Uint8Array | undefined;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#allowed = new AllowedHosts(options.allowedHosts);
    this.#key = options.secret === undefined ? undefined : parseSecret(options.secret);
  }

  /** One attempt. Throws an error that says whether to try again. */
  async deliver(task: TaskContext, input: WebhookInput, body: string): Promise<Delivered> {
    const url = new URL(input.url);
    if (!this.#allowed.allows(url)) throw notAllowed(url);
    await this.#refusePrivate(url);
    const startedMs = this.#options.now();
    const response = await this.#post(task, input, url, body);
    if (verdictOn(response.status) !== "delivered") throw await this.#refusal(url, response);
    await discardBody(response);
    const durationMs = Math.max(0, this.#options.now() - startedMs);
    return { status: response.status, attempts: task.attempt, durationMs };
  }

  async #refusePrivate({ hostname }: URL): Promise<void> {
    const { lookup } = this.#options;
    if (lookup === undefined || isAddressOrLocal(hostname)) return;
    for (const address of await permitted(hostname, () => lookup(hostname))) {
      admit(hostname, address);
    }
  }

  async #post(task: TaskContext, input: WebhookInput, url: URL, body: string): Promise<Response> {
    const { signal } = task;
    const headers = this.#headers(task, input, body);
    const request = { method: "POST", headers, body, redirect: "manual", signal } as const;
    const { hostname } = url;
    return await permitted(
      url.host,
      () => this.#options.fetch(url.href, request, (address) => admit(hostname, address)),
    );
  }

  #headers(task: TaskContext, input: WebhookInput, body: string): Headers {
    const id = task.jobId;
    const timestamp = Math.floor(this.#options.now() / 1_000);
    const headers = new Headers(input.headers);
    if (!headers.has("user-agent")) headers.set("user-agent", "Daybook");
    headers.set("content-type", "application/json");
    headers.set("webhook-id", id);
    headers.set("webhook-timestamp", String(timestamp));
    if (task.traceparent !== undefined) headers.set("traceparent", task.traceparent);
    if (this.#key !== undefined) {
      headers.set("webhook-signature", signWebhook(this.#key, { id, timestamp, body }));
    }
    return headers;
  }

  async #refusal(url: URL, response: Response): Promise<Error> {
    const message = `Cannot deliver to ${url.host}: ${await describeAnswer(response)}`;
    if (verdictOn(response.status) === "giveUp") return new NonRetryableError(message);
    const delayMs = retryAfterMs(response.headers.get("retry-after"), this.#options.now());
    return delayMs === undefined ? new Error(message) : new RetryLater(delayMs, message);
  }
}

function notAllowed(url: URL): NonRetryableError {
  return new NonRetryableError(
    `Cannot deliver to ${url.host}: the host is not allowed; start Daybook with ` +
      `--webhook-hosts=${url.host} or DAYBOOK_WEBHOOK_HOSTS, and the permission ` +
      `--allow-net=${url.host}`,
  );
}

/** @throws {NonRetryableError} when a name leads to an address that is not public. */
function admit(hostname: string, address: string): void {
  if (isAddressOrLocal(hostname) || !isPrivateAddress(address)) return;
  throw new NonRetryableError(
    `Cannot deliver to ${hostname}: its address ${address} is not public; to send there, ` +
      "use and allow the address itself",
  );
}

/** @throws {NonRetryableError} when this process lacks the permission to connect. */
async function permitted<Result>(host: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!isPermissionMissing(error)) throw error;
    throw new NonRetryableError(
      `Cannot deliver to ${host}: this process may not connect to it; start Daybook with the ` +
        `permission --allow-net=${host}`,
    );
  }
}

/** The most characters of an answer that are read and recorded. */
const EXCERPT_LENGTH_MAX = 200;

/** Statuses below 500 after which another attempt may succeed. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

type Verdict = "delivered" | "tryAgain" | "giveUp";

/** A redirect is not followed, since it could lead anywhere. */
export function verdictOn(status: number): Verdict {
  if (status >= 200 && status < 300) return "delivered";
  return status >= 500 || TRANSIENT_STATUSES.has(status) ? "tryAgain" : "giveUp";
}

/** The status and the beginning of the body, in words. Releases the connection. */
async function describeAnswer(response: Response): Promise<string> {
  const excerpt = await readExcerpt(response);
  const answer = `it answered ${response.status}`;
  const location = response.status < 400 ? "; redirects are not followed" : "";
  return excerpt === "" ? answer + location : `${answer}${location}: ${excerpt}`;
}

/** Releases the connection without reading further. */
async function discardBody(response: Response): Promise<void> {
  // The status has arrived, so a body that breaks off does not matter.
  await response.body?.cancel().catch(() => {});
}

async function readExcerpt(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  try {
    const { value } = await reader.read();
    return printable(new TextDecoder().decode(value));
  } catch {
    return "";
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** On one line, and without characters that control a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").trim().slice(0, EXCERPT_LENGTH_MAX).toWellFormed();
}

const SECONDS = /^\d+$/;

/** The longest delay that a receiver may ask for: an hour. */
const RETRY_AFTER_MS_MAX = 3_600_000;
/** The shortest delay, so that a receiver cannot cause a storm of attempts. */
const RETRY_AFTER_MS_MIN = 1_000;

/** How long the receiver asks to wait (`Retry-After`); `undefined` when it does not say. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  const asked = SECONDS.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  if (Number.isNaN(asked)) return undefined;
  return Math.min(Math.max(asked, RETRY_AFTER_MS_MIN), RETRY_AFTER_MS_MAX);
}
