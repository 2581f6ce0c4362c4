/** A reverse proxy that answers 502 while its server is away. */

/** Streams are refused late, so that requests for the page fail before them. */
const STREAM_REFUSED_MS = 1_000;

export class StandInProxy implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ended = new AbortController();
  readonly #refused = Promise.withResolvers<void>();

  constructor(private readonly target: string) {
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      signal: this.#ended.signal,
    };
    this.#server = Deno.serve(options, (request) => this.#pass(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Resolves with the first stream that was refused. */
  get refusal(): Promise<void> {
    return this.#refused.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Streams would keep it open.
    this.#ended.abort();
    await this.#server.finished;
  }

  async #refuseStream(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, STREAM_REFUSED_MS));
    this.#refused.resolve();
  }

  async #pass({ url, headers, signal }: Request): Promise<Response> {
    const { pathname, search } = new URL(url);
    try {
      const response = await fetch(this.target + pathname + search, { headers, signal });
      return new Response(response.body, response);
    } catch {
      if (pathname === "/ui/live") await this.#refuseStream();
      return new Response("bad gateway", { status: 502 });
    }
  }
}
