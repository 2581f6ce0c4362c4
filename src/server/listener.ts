/**
 * Accepts connections, and restarts when needed: Deno's server ends permanently when accepting a
 * connection fails, as it does while the process has no free file descriptors. Open connections are
 * served meanwhile. Deno has no time limit for request headers, so if connections that send no
 * request hold all descriptors, they are closed after a while; open requests are answered.
 * A connection over HTTP/2 is closed only if its client replies to the server's ping. It may also
 * send many requests at a time, so there is a limit on those of one connection.
 */

import { durationText } from "../core/duration.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import { overCapacity } from "../documents/refusal.ts";
import { leaveUnread } from "../http/bodies/streamed_body.ts";
import { HTTP_LIMITS } from "../http/capacity/limits.ts";
import { problemResponse } from "../http/responses/problem.ts";

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
  readonly clock: Pick<Clock, "monotonic" | "nextTurn" | "setTimer">;
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
    this.#fetch = limitConnections(options.fetch, options.clock);
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

/** While fewer requests are being answered, connections are not counted, since that takes time. */
const UNCOUNTED_MAX = 100;
const { connectionRequestsMax: REQUESTS_MAX } = HTTP_LIMITS;

/**
 * Answers after which further requests wait for a turn of the event loop. Deno calls the handler
 * while it polls a connection. If the answer is ready at once, it continues with the next request
 * that the same client has already sent, a hundred of them or more; and it looks for what other
 * clients have sent only at every 61st poll.
 */
const ANSWERED_MAX = 8;

/** Limits what clients get at a time, each connection and all of them. */
export function limitConnections(fetch: Fetch, clock: Pick<Clock, "nextTurn">): Fetch {
  let open = 0;
  /** Counted requests being answered, by the address of their client. */
  const counts = new Map<string, number>();
  const add = (client: string, difference: 1 | -1) => {
    const count = (counts.get(client) ?? 0) + difference;
    if (count > 0) counts.set(client, count);
    else counts.delete(client);
  };
  let answered = 0;
  let nextTurn: Promise<void> | undefined;
  const turnOver = async () => {
    await clock.nextTurn();
    answered = 0;
    nextTurn = undefined;
  };
  return async (request, info) => {
    const client = open < UNCOUNTED_MAX ? undefined : addressText(info.remoteAddr);
    if (client !== undefined && counts.get(client) === REQUESTS_MAX) return refusal(request);
    open++;
    if (client !== undefined) add(client, 1);
    try {
      if (nextTurn !== undefined) await nextTurn;
      return await fetch(request, info);
    } finally {
      if (++answered === ANSWERED_MAX) nextTurn = turnOver();
      open--;
      if (client !== undefined) add(client, -1);
    }
  };
}

function addressText({ hostname, port }: Deno.NetAddr): string {
  return `${hostname} ${port}`;
}

function refusal(request: Request): Response {
  leaveUnread(request);
  const problem = overCapacity({ name: "connectionRequestsMax", max: REQUESTS_MAX });
  return problemResponse(problem, request);
}
