/** A server that tasks call to wait for the test; it answers when the test says so. */

export class Gate {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #opened = Promise.withResolvers<void>();
  #waiting = 0;
  #awaited: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, async () => {
      this.#arrived();
      await this.#opened.promise;
      return new Response("go on");
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Resolves when this many tasks have called. */
  asked(count: number): Promise<void> {
    if (this.#waiting >= count) return Promise.resolve();
    return new Promise((resolve) => void this.#awaited.push({ count, resolve }));
  }

  open(): void {
    this.#opened.resolve();
  }

  async close(): Promise<void> {
    this.open();
    await this.#server.shutdown();
  }

  #arrived(): void {
    this.#waiting++;
    for (const { resolve } of this.#awaited.filter(({ count }) => count <= this.#waiting)) {
      resolve();
    }
    this.#awaited = this.#awaited.filter(({ count }) => count > this.#waiting);
  }
}
