/**
 * A network between a process and PostgreSQL that can be cut, one way or both, and that can lose
 * the answer to a commit.
 */

import { freePort } from "./postgres_server.ts";

export type Direction = "toDatabase" | "toProcess";

export class DatabaseProxy implements AsyncDisposable {
  readonly port = freePort();
  /** Closes a connection instead of passing on that a batch was inserted. */
  losesNext = false;
  lost = 0;
  readonly #listener: Deno.Listener;
  readonly #open = new Set<Deno.Conn>();
  /** Resolves when the direction is no longer cut. */
  readonly #cut = new Map<Direction, PromiseWithResolvers<void>>();

  constructor(
    /** The port of PostgreSQL. */
    public to: number,
  ) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    void this.#accept();
  }

  /** Nothing arrives, not even the end of a connection; nothing is lost either. */
  cut(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#cut.set(direction, Promise.withResolvers());
  }

  /** Everything sent in the meantime arrives now. */
  mend(): void {
    for (const { resolve } of this.#cut.values()) resolve();
    this.#cut.clear();
  }

  /** Both ends see their connections closed; new ones are accepted. */
  drop(): void {
    for (const connection of this.#open) close(connection);
    this.#open.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.drop();
    this.mend();
    return Promise.resolve();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) void this.#serve(client);
  }

  async #serve(client: Deno.Conn): Promise<void> {
    this.#open.add(client);
    try {
      const database = await Deno.connect({ hostname: "127.0.0.1", port: this.to });
      this.#open.add(database);
      void this.#pass(client, database, "toDatabase");
      await this.#pass(database, client, "toProcess");
    } catch {
      // PostgreSQL is not listening.
      close(client);
    }
  }

  async #pass(from: Deno.Conn, to: Deno.Conn, direction: Direction): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let count: number | null; (count = await from.read(buffer)) !== null;) {
        await this.#cut.get(direction)?.promise;
        const bytes = buffer.subarray(0, count);
        if (this.losesNext && direction === "toProcess" && saysInserted(bytes)) {
          this.losesNext = false;
          this.lost++;
          break;
        }
        await writeAll(to, bytes);
      }
    } catch {
      // One of the two is closed.
    }
    await this.#cut.get(direction)?.promise;
    for (const connection of [from, to]) close(connection);
  }
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
}

/** PostgreSQL's answer to a successful insert. */
function saysInserted(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).includes("INSERT 0 1");
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
