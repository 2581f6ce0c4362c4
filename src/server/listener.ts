/**
 * Accepts connections, and restarts when needed: Deno's server ends permanently when accepting a
 * connection fails, as it does while the process has no free file descriptors. Open connections are
 * served meanwhile. Deno has no time limit for request headers, so if connections that send no
 * request hold all descriptors, they are closed after a while; open requests are answered.
 * A connection over HTTP/2 is closed only if its client replies to the server's ping.
 */

import { durationText } from "../core/duration.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import { sizeText } from "../core/counted.ts";
import { Problem, problemResponse, STATUS } from "../http/responses/problem.ts";
import { limitConnections } from "../http/guard/connections.ts";
import { jsonResponse } from "../http/responses/response.ts";
import type { ReadingProgress } from "../journal/options.ts";

/**
 * The backlog of connections that are not yet accepted; beyond it, a client waits at least a
 * second. This is the system's maximum.
 */
const WAITING_MAX = 4_096;
/** Delay before it listens again. */
const AGAIN_MS = 100;
/** How long connections that send no request may block others. */
const ASKS_NOTHING_MS = 5_000;
/**
 * The shortest time between two warnings, since it may fail for as long as the descriptors are
 * held.
 */
const TOLD_EVERY_MS = 60_000;

type Server = Deno.HttpServer<Deno.NetAddr>;
type Fetch = Deno.ServeHandler<Deno.NetAddr>;

interface ListenerOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly fetch: Fetch;
  readonly clock: Pick<Clock, "monotonic" | "setTimer">;
  readonly warn: (message: string) => void;
}

export class Listener {
  readonly #fetch: Fetch;
  #server: Server;
  /** Servers that accept no more connections, but still have open ones. */
  readonly #ended = new Set<Server>();
  #isStopped = false;
  #toldMs = -Infinity;
  /** The address it listens on. */
  readonly addr: Deno.NetAddr;

  /** @throws {Error} if it cannot listen there. */
  constructor(private readonly options: ListenerOptions) {
    this.#fetch = limitConnections(options.fetch);
    this.#server = this.#serve(options.port);
    this.addr = this.#server.addr;
  }

  /** Accepts no more connections. Resolves when all requests are answered. */
  async shutdown(): Promise<void> {
    this.#isStopped = true;
    const servers = new Set([...this.#ended, this.#server]);
    await Promise.all([...servers].map((server) => server.shutdown()));
  }

  #serve(port: number): Server {
    const { hostname } = this.options;
    const options = { hostname, port, tcpBacklog: WAITING_MAX, onListen: () => {} };
    const server = Deno.serve(options, this.#fetch);
    server.finished.catch((error: unknown) => this.#hasEnded(server, error));
    return server;
  }

  #hasEnded(server: Server, error: unknown): void {
    if (this.#isStopped) return;
    this.#ended.add(server);
    this.options.clock.setTimer(ASKS_NOTHING_MS, () => void this.#close(server));
    this.#refused(error);
  }

  /** Resolves when its last answer has ended; a stream may never end. */
  async #close(server: Server): Promise<void> {
    await server.shutdown();
    this.#ended.delete(server);
  }

  #refused(error: unknown): void {
    if (this.#isStopped) return;
    const { clock, warn } = this.options;
    if (clock.monotonic() - this.#toldMs >= TOLD_EVERY_MS) {
      this.#toldMs = clock.monotonic();
      warn(
        `Cannot take new connections: ${
          errorMessage(error)
        }; open ones are served, idle ones are ` +
          `closed in ${durationText(ASKS_NOTHING_MS)}, and new ones are ` +
          "taken as soon as that works again",
      );
    }
    clock.setTimer(AGAIN_MS, () => this.#again());
  }

  #again(): void {
    if (this.#isStopped) return;
    try {
      this.#server = this.#serve(this.addr.port);
    } catch (error) {
      this.#refused(error);
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

  /**
   * @param tell Logs a line.
   */
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
