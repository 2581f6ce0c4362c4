/** Talks to a running server over HTTP, like any other client. */

import * as v from "valibot";
import { isObject } from "../core/json.ts";
import { EXIT } from "../core/exit_codes.ts";
import { issueText, remainingIssues, type RequestIssue } from "../documents/refusal.ts";
import { parseJsonText } from "../core/json_text.ts";
import { CommandError, type CommandInput } from "./command.ts";
import { plainText } from "./terminal.ts";
import { type ServerAddress, serverAddress, tokenOption } from "./server_address.ts";

/** The longest wait for an answer; streams have their own signal. */
const ANSWER_MAX_MS = 60_000;

/** The part of `fetch` that the client needs, so that tests can replace it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The server refused the request: the answer is a problem (RFC 9457). */
export class RefusedByServerError extends CommandError {
  constructor(readonly status: number, readonly problem: Readonly<Record<string, unknown>>) {
    super(refusalText(status, problem), EXIT.refused);
  }
}

export class Client {
  readonly #locate: () => ServerAddress;
  readonly #token: string | undefined;
  readonly #fetchOf: Fetch;
  readonly #answerMaxMs: number;
  #lastUrl: string | undefined;

  /**
   * @param url The server's address, or a function that finds it, called for each request.
   * @param answerMaxMs The longest time for a whole answer, in milliseconds, for requests without a
   * signal of their own.
   */
  constructor(
    url: string | (() => ServerAddress),
    token: string | undefined,
    fetchOf: Fetch = fetch,
    answerMaxMs = ANSWER_MAX_MS,
  ) {
    this.#locate = typeof url === "string" ? () => ({ url }) : url;
    this.#token = token?.trim();
    this.#fetchOf = fetchOf;
    this.#answerMaxMs = answerMaxMs;
  }

  /**
   * The server named by the options, the environment or the lock of the journal.
   *
   * @throws {UsageError} if the address is invalid, or two are given.
   * @throws {CommandError} if the token file cannot be read.
   */
  static of(input: CommandInput, fetchOf: Fetch = fetch): Client {
    return new Client(serverAddress(input), tokenOption(input), fetchOf);
  }

  /** The server's address as of the last request, without a trailing slash. */
  get url(): string {
    return this.#lastUrl ?? this.#located().url;
  }

  #located(): ServerAddress {
    const { url, ...found } = this.#locate();
    return { url: url.replace(/\/+$/, ""), ...found };
  }

  /**
   * The JSON at a path.
   *
   * @throws {RefusedByServerError} if the answer is a problem.
   * @throws {CommandError} if the server cannot be reached, or the answer has another shape.
   */
  async get<Schema extends v.GenericSchema>(schema: Schema, path: string) {
    return await this.json(schema, await this.request(path));
  }

  /** Sends JSON, or nothing, and returns the JSON of the answer; throws like `get`. */
  async send<Schema extends v.GenericSchema>(
    schema: Schema,
    method: "POST" | "PUT" | "DELETE",
    path: string,
    body?: object,
  ) {
    const headers = { "content-type": "application/json" };
    const init = body === undefined ? {} : { body: JSON.stringify(body), headers };
    return await this.json(schema, await this.request(path, { method, ...init }));
  }

  /**
   * The answers to a query, page by page; throws like `get`.
   *
   * @param query May be changed between two pages.
   */
  async *pages<Page extends { readonly nextCursor?: string | null | undefined }>(
    schema: v.GenericSchema<unknown, Page>,
    path: string,
    query: URLSearchParams,
  ): AsyncGenerator<Page> {
    for (let cursor: string | null | undefined = ""; typeof cursor === "string";) {
      if (cursor !== "") query.set("cursor", cursor);
      const page: Page = await this.get(schema, `${path}?${query}`);
      yield page;
      cursor = page.nextCursor;
    }
  }

  /** Sends any request; throws like `get`. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set("authorization", `Bearer ${this.#token}`);
    const response = await this.#fetch(path, { ...init, headers });
    if (response.ok) return response;
    throw new RefusedByServerError(response.status, problemIn(await this.text(response)));
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { url, unheld } = this.#located();
    this.#lastUrl = url;
    const signal = init.signal ?? AbortSignal.timeout(this.#answerMaxMs);
    try {
      return await this.#fetchOf(url + path, { ...init, signal });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      if (signal.aborted) throw silent(url);
      throw unreachable(error, url, unheld);
    }
  }

  /**
   * The text of an answer.
   *
   * @throws {CommandError} if the connection ends early.
   */
  async text(response: Response): Promise<string> {
    return await readText(response, this.url);
  }

  /**
   * The JSON of an answer.
   *
   * @throws {CommandError} if it is not JSON, or has another shape.
   */
  async json<Schema extends v.GenericSchema>(schema: Schema, response: Response) {
    return this.parse(schema, await this.text(response));
  }

  /** The same for a text, such as the data of a message. */
  parse<Schema extends v.GenericSchema>(schema: Schema, text: string): v.InferOutput<Schema> {
    try {
      const value = parseJsonText(text);
      if (v.is(schema, value)) return value;
    } catch {
      // It is not JSON.
    }
    throw this.notDaybook();
  }

  /** Another program, or another version of Daybook, uses the port. */
  notDaybook(): CommandError {
    return new CommandError(
      `cannot understand the answer of ${this.url}: it is another program, or another version of Daybook`,
      EXIT.unavailable,
    );
  }
}

/** Something uses the port but does not answer. */
function silent(url: string): CommandError {
  return new CommandError(`gave up on ${url}: it does not answer`, EXIT.unavailable);
}

async function readText(response: Response, url: string): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    // An abort is passed to the caller; anything else means that the connection was lost.
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    if (error instanceof DOMException && error.name === "TimeoutError") throw silent(url);
    throw new CommandError(`lost the connection to ${url} during its answer`, EXIT.unavailable);
  }
}

function problemIn(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    if (isObject(body)) return body;
  } catch {
    // The answer does not come from Daybook; its text is all there is.
  }
  const isPage = /^\s*</.test(text);
  return {
    detail: isPage
      ? "the answer is a page: another program, or a proxy, has this address"
      : text.slice(0, 200),
  };
}

/** The server's message on one line. */
function refusalText(status: number, problem: Readonly<Record<string, unknown>>): string {
  const { detail: given, title } = problem;
  const stated = [given, title].find((text) => typeof text === "string") ?? otherReason(given);
  // Of a second retry: the member is an option here.
  const detail = problem["newJobId"] === undefined
    ? stated
    : stated.replace('"again" retries', "--again retries");
  const errors: readonly unknown[] = Array.isArray(problem["errors"]) ? problem["errors"] : [];
  const issues = errors.filter(isIssue);
  const remaining = remainingIssues(detail, issues);
  // The detail either lacks all issues, or already contains the first.
  const mark = remaining.length < issues.length ? "; " : ": ";
  const reasons = remaining.length === 0 ? "" : mark + remaining.map(issueText).join("; ");
  const hint = status === 401 ? TOKEN_HINT : HINTS.get(problem["type"]);
  return plainText(`${detail}${reasons} (${status})${hint === undefined ? "" : `; ${hint}`}`);
}

/** Other programs give details that are not texts. */
function otherReason(detail: unknown): string {
  return JSON.stringify(detail)?.slice(0, 200) ?? "no reason was given";
}

const TOKEN_HINT = "give the token in DAYBOOK_TOKEN or --token-file";

/** Advice by problem type; the server does not know about commands. */
const HINTS: ReadonlyMap<unknown, string> = new Map([
  ["/problems/unknown-job", "deno task daybook jobs lists them"],
  ["/problems/unknown-limits", "deno task daybook limits lists them"],
  ["/problems/unknown-pause", "deno task daybook pauses lists them"],
]);

function isIssue(value: unknown): value is RequestIssue {
  return isObject(value) && typeof value["detail"] === "string" &&
    ["pointer", "parameter", "header"].some((name) => typeof value[name] === "string");
}

/** @param unheld The folder of the journal, if no server holds it. */
function unreachable(error: unknown, url: string, unheld: string | undefined): CommandError {
  if (error instanceof Deno.errors.NotCapable) {
    const { host } = new URL(url);
    return CommandError.lacking(`cannot reach ${url}`, EXIT.unavailable, { net: [host] });
  }
  const start = "deno task start starts one, --url names another address";
  const message = unheld === undefined
    ? `cannot reach ${url}: is Daybook running there? deno task start starts it, ` +
      "--url names another address"
    : `no server holds ${unheld}/, and ${url} does not answer; ${start}`;
  return new CommandError(message, EXIT.unavailable);
}
