/** Hostile clients, each with its own connections, as many as one person may open. */

import { rounds } from "../support/effort.ts";

export interface Target {
  readonly port: number;
  /** One with the scopes `read` and `submit`. */
  readonly token: string;
}

type Part = string | Uint8Array<ArrayBuffer>;

/** Connections that stay open until `leave`. */
export class Crowd implements Disposable {
  readonly #connections: Deno.Conn[] = [];
  /** Connections that the server or the system did not accept. */
  refused = 0;

  constructor(private readonly port: number) {}

  get size(): number {
    return this.#connections.length;
  }

  /** Opens one and sends this, as far as it is accepted. */
  async send(...parts: readonly Part[]): Promise<void> {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
      this.#connections.push(connection);
      void drain(connection);
      for (const part of parts) {
        const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
        for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
      }
    } catch {
      this.refused++;
    }
  }

  async sendTimes(count: number, ...parts: readonly Part[]): Promise<void> {
    // A few at a time, because the system's queue of unaccepted connections is limited.
    for (let sent = 0; sent < count; sent += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - sent) });
      await Promise.all(some.map(() => this.send(...parts)));
    }
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections.splice(0)) {
      try {
        connection.close();
      } catch {
        // The server closed it.
      }
    }
  }
}

const AT_ONCE = 50;

/** Answers are ignored, but must not fill the server's buffers. */
async function drain(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(16_384);
  try {
    while (await connection.read(buffer) !== null);
  } catch {
    // It was closed.
  }
}

const MEBIBYTE = 1024 * 1024;
const MEGABYTE = new Uint8Array(1_000_000).fill(0x61);
const FORM = "content-type: application/x-www-form-urlencoded";

function head({ port }: Target, path: string, ...headers: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...headers, "", ""].join("\r\n");
}

function asHolder(target: Target, ...headers: readonly string[]): string {
  const authorization = `authorization: Bearer ${target.token}`;
  return head(target, "/events", authorization, "content-type: application/json", ...headers);
}

function signIn(target: Target, token: string): string {
  const body = `token=${token}`;
  return head(target, "/ui/sign-in", FORM, `content-length: ${body.length}`) + body;
}

export interface HostileClient {
  readonly name: string;
  /** Whether its connections stay from wave to wave; each costs a little, even when idle. */
  readonly stays: boolean;
  /** One wave of it, without waiting for answers. */
  attack(crowd: Crowd, target: Target): Promise<void>;
}

/** Many connections, each of which is answered at once or costs little. */
const MANY = rounds(500, 2_000);

export const HOSTILE_CLIENTS: readonly HostileClient[] = [
  {
    name: "60 that withhold the end of a megabyte at the sign-in",
    stays: true,
    attack: (crowd, target) => {
      const announced = head(target, "/ui/sign-in", FORM, `content-length: ${MEBIBYTE}`);
      return crowd.sendTimes(60, announced, MEGABYTE);
    },
  },
  {
    name: "60 that withhold the end of a megabyte of an event",
    stays: true,
    attack: (crowd, target) =>
      crowd.sendTimes(60, asHolder(target, `content-length: ${MEBIBYTE}`), MEGABYTE),
  },
  {
    name: "70 that announce a mebibyte and send nothing",
    stays: true,
    attack: (crowd, target) => crowd.sendTimes(70, asHolder(target, `content-length: ${MEBIBYTE}`)),
  },
  {
    name: `${MANY} that announce a byte`,
    stays: false,
    attack: (crowd, target) =>
      crowd.sendTimes(MANY, head(target, "/ui/sign-in", FORM, "content-length: 1")),
  },
  {
    name: "5 that send a body byte by byte",
    stays: false,
    attack: async (crowd, target) => {
      const bytes = "1\r\na\r\n".repeat(20_000);
      await crowd.sendTimes(5, asHolder(target, "transfer-encoding: chunked"), bytes);
    },
  },
  {
    name: "200 that send half of their headers",
    stays: false,
    attack: (crowd, { port }) =>
      crowd.sendTimes(200, `GET /jobs HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-slow: `),
  },
  {
    name: "300 wrong sign-ins",
    stays: false,
    attack: (crowd, target) => crowd.sendTimes(300, signIn(target, "wrong-token-0123456789")),
  },
  {
    name: `${MANY} sign-ins with one token`,
    stays: false,
    attack: (crowd, target) => crowd.sendTimes(MANY, signIn(target, target.token)),
  },
  {
    name: "300 that leave in the middle of a body",
    stays: false,
    attack: async (_, target) => {
      using leaving = new Crowd(target.port);
      const half = `${asHolder(target, "content-length: 100000")}${"x".repeat(50_000)}`;
      await leaving.sendTimes(300, half);
    },
  },
];
