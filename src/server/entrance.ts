/**
 * Where requests come in. While the journal is being opened, the answers tell how far that is; then
 * the server answers.
 */

import { sizeText } from "../core/counted.ts";
import { lackText } from "../core/permissions.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import { refusalWithoutHost } from "../http/guard/hosts.ts";
import { Problem, problemResponse, STATUS } from "../http/responses/problem.ts";
import { jsonResponse } from "../http/responses/response.ts";
import type { ReadingProgress } from "../journal/options.ts";
import type { Configuration } from "../settings/configuration.ts";
import { withStart } from "../settings/permission_advice.ts";
import type { Daybook } from "./daybook.ts";
import { Listener } from "./listener.ts";

/**
 * If opening the journal takes longer, probes are answered meanwhile. By then it is known whether
 * another process holds the journal, which takes precedence over a port in use.
 */
const LISTEN_AFTER_MS = 1_000;

type Fetch = Daybook["fetch"];

interface EntranceOptions extends Pick<Configuration, "hostname" | "port"> {
  readonly clock: Clock;
  /** The answers until the server is open. */
  readonly opening: Fetch;
  readonly warn: (message: string) => void;
}

export class Entrance {
  #answer: Fetch;
  #listening: Listener | string | undefined;
  readonly #cancel: () => void;

  /** Listens by itself after `LISTEN_AFTER_MS`. */
  constructor(private readonly options: EntranceOptions) {
    this.#answer = options.opening;
    this.#cancel = options.clock.setTimer(LISTEN_AFTER_MS, () => this.listen());
  }

  /** The listener, or the reason why it cannot listen. Listens at the first call only. */
  listen(): Listener | string {
    this.#cancel();
    return this.#listening ??= this.#begin();
  }

  /** From now on, the server answers. */
  open(fetch: Fetch): Listener | string {
    this.#answer = fetch;
    return this.listen();
  }

  #begin(): Listener | string {
    const { hostname, port, clock, warn } = this.options;
    const fetch: Fetch = (request, connection) =>
      refusalWithoutHost(request) ?? this.#answer(request, connection);
    try {
      return new Listener({ hostname, port, fetch, clock, warn });
    } catch (error) {
      const message = `Cannot listen on ${hostname}:${port}: `;
      if (!(error instanceof Deno.errors.NotCapable)) {
        return `${message}${errorMessage(error)}; try --port 0`;
      }
      const missing = { net: [hostname] };
      return withStart(message + lackText(missing), missing);
    }
  }
}

/** How long other work waits for its turn. */
const SLICE_MS = 20;
/** The time between two lines; a shorter opening logs nothing. */
const LINE_MS = 2_000;

/**
 * Reports progress while a long journal is being read, in the log and to the probes of a
 * supervisor, which would otherwise take the process for hung.
 */
export class StartProgress {
  readonly #print: (line: string) => void;
  #sliceBegan: number;
  #loggedMs: number;
  #bytesDone = 0;
  #bytesTotal = 0;

  /** @param tell Logs a line. */
  constructor(
    private readonly clock: Pick<Clock, "monotonic" | "pause">,
    tell: (line: string) => void,
  ) {
    this.#print = tell;
    this.#sliceBegan = this.#loggedMs = clock.monotonic();
  }

  readonly progress: ReadingProgress = (bytesDone, bytesTotal) => {
    const now = this.clock.monotonic();
    if (now - this.#sliceBegan < SLICE_MS) return undefined;
    [this.#bytesDone, this.#bytesTotal] = [bytesDone, bytesTotal];
    if (now - this.#loggedMs >= LINE_MS) {
      this.#loggedMs = now;
      this.#print(this.#text);
    }
    return this.clock.pause().then(() => void (this.#sliceBegan = this.clock.monotonic()));
  };

  /** The answer to requests until the journal is open. */
  readonly fetch = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    if (pathname === "/livez") return jsonResponse({ status: "live" }, STATUS.ok);
    const detail = `Cannot answer yet: ${this.#text}`;
    return problemResponse(new Problem("not-ready", detail, { retryAfterSeconds: 1 }), request);
  };

  get #text(): string {
    if (this.#bytesTotal === 0) return "the journal is being opened";
    const share = this.#bytesDone / this.#bytesTotal;
    return `reading the journal: ${Math.round(100 * share)} % of ${sizeText(this.#bytesTotal)}`;
  }
}
