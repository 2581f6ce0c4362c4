/** Talks to a running server over HTTP, as any other client does. */

import {
  CommandError,
  type CommandInput,
  type CommandOption,
  EXIT_UNAVAILABLE,
} from "./command.ts";

const DEFAULT_URL = "http://127.0.0.1:8000";
const EXIT_REFUSED = 1;

/** Options of every command that talks to a server. */
export const SERVER_OPTIONS: readonly CommandOption[] = [
  { name: "url", value: "url", help: "the server; DAYBOOK_URL, or the one that holds the journal" },
  { name: "journal", value: "folder", default: "journal", help: "where to look for the server" },
];

/** The answer is a problem (RFC 9457): the server understood, and refused. */
export class RefusedError extends CommandError {
  constructor(readonly status: number, readonly problem: Readonly<Record<string, unknown>>) {
    super(refusalText(status, problem), EXIT_REFUSED);
  }
}

export class Client {
  readonly url: string;
  readonly #token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** The server that the options, the environment or the lock of the journal name. */
  static of(input: CommandInput): Client {
    const url = input.text("url") ?? input.env("DAYBOOK_URL") ??
      announcedBy(input.text("journal") ?? "journal") ?? DEFAULT_URL;
    return new Client(url, input.env("DAYBOOK_TOKEN"));
  }

  /**
   * The JSON at a path.
   *
   * @throws {RefusedError} when the answer is a problem.
   * @throws {CommandError} when the server cannot be reached.
   */
  async get<Body>(path: string): Promise<Body> {
    return await (await this.request(path)).json();
  }

  /** Sends JSON and gives the JSON that comes back; throws as `get` does. */
  async post<Body>(path: string, body?: unknown, headers: HeadersInit = {}): Promise<Body> {
    const init = body === undefined ? { method: "POST", headers } : {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    };
    return await (await this.request(path, init)).json();
  }

  /** Any request; throws as `get` does. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set("authorization", `Bearer ${this.#token.trim()}`);
    const response = await this.#fetch(path, { ...init, headers });
    if (response.ok) return response;
    throw new RefusedError(response.status, await problemIn(response));
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.url + path, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new CommandError(
        `cannot reach ${this.url}: ${reasonOf(error, this.url)}`,
        EXIT_UNAVAILABLE,
      );
    }
  }
}

/** The address that a running server has written into the lock of its journal. */
function announcedBy(journal: string): string | undefined {
  try {
    const text = Deno.readTextFileSync(`${journal}/LOCK`).trim();
    return text.startsWith("http") ? text : undefined;
  } catch {
    return undefined; // There is no journal here, or it may not be read: the default is as good.
  }
}

async function problemIn(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return body as Record<string, unknown>;
  } catch {
    // Whoever answered is not Daybook; its text is all there is to tell.
  }
  return { detail: text.slice(0, 200) };
}

function refusalText(status: number, problem: Readonly<Record<string, unknown>>): string {
  const detail = String(problem["detail"] ?? problem["title"] ?? "no reason was given");
  const errors = Array.isArray(problem["errors"]) ? problem["errors"] : [];
  const issues = errors.map((issue: Record<string, unknown>) => {
    const where = issue["pointer"] ?? issue["parameter"] ?? issue["header"] ?? "";
    return `\n  ${where === "" ? "the body" : String(where)} ${String(issue["detail"])}`;
  });
  return `${detail} (${status})${issues.join("")}`;
}

function reasonOf(error: unknown, url: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `permission is missing, add --allow-net=${new URL(url).host}`;
  }
  return "is Daybook running there? deno task start starts it, --url names another place";
}
