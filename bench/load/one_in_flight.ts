/**
 * Sends one request at a time over one connection, in a separate process, and prints the
 * milliseconds of each. `wrk` would correct its percentiles for requests it assumes it missed, and
 * `fetch` would be a large part of the measured time.
 */

/** Starts the process and returns the latencies, in milliseconds. */
export async function oneInFlight(
  { port, path = "/jobs", body, prefer, seconds }: {
    readonly port: number;
    readonly path?: string;
    readonly body: string;
    readonly prefer: string;
    readonly seconds: number;
  },
): Promise<readonly number[]> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-net=127.0.0.1", import.meta.url],
      ...[`${port}`, path, body, prefer, `${seconds}`],
    ],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot measure the latency");
  return JSON.parse(new TextDecoder().decode(stdout));
}

class Connection {
  readonly #buffer = new Uint8Array(65_536);
  readonly #decoder = new TextDecoder("latin1");

  constructor(private readonly connection: Deno.Conn) {}

  /** Sends a whole request and reads the whole answer. */
  async ask(request: Uint8Array): Promise<void> {
    await this.connection.write(request);
    let text = "";
    do {
      const read = await this.connection.read(this.#buffer);
      if (read === null) throw new Error("the server closed the connection");
      text += this.#decoder.decode(this.#buffer.subarray(0, read));
    } while (!isWhole(text));
    if (!text.startsWith("HTTP/1.1 2")) throw new Error(text);
  }
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, end))?.[1];
  if (length === undefined) throw new Error(`an answer without its length: ${answer}`);
  return answer.length >= end + 4 + Number(length);
}

function requestOf(path: string, body: string, prefer: string): Uint8Array {
  const lines = [
    `POST ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    "content-type: application/json",
    `content-length: ${body.length}`,
    `prefer: ${prefer}`,
    "",
    body,
  ];
  return new TextEncoder().encode(lines.join("\r\n"));
}

/** Warm-up while this process's code is compiled, as long as that of BullMQ's client. */
const WARM_UP_MS = 1_500;

if (import.meta.main) {
  const [port, path = "", body = "", prefer = "", seconds] = Deno.args;
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  tcp.setNoDelay();
  const connection = new Connection(tcp);
  const request = requestOf(path, body, prefer);
  const latencies: number[] = [];
  const begin = performance.now() + WARM_UP_MS;
  const end = begin + Number(seconds) * 1_000;
  for (let now = performance.now(); now < end;) {
    await connection.ask(request);
    const then = now;
    now = performance.now();
    if (then >= begin) latencies.push(now - then);
  }
  tcp.close();
  console.log(JSON.stringify(latencies));
}
