/** The hosts that webhooks may be sent to. An operator lists them; none is the default. */

/** `host`, or `host:port`; a port in brackets of IPv6 is none. */
const ENTRY = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/;

export class AllowedHosts {
  readonly #entries: ReadonlySet<string>;

  /**
   * @param entries `host` stands for its default ports, 80 for http and 443 for https;
   * `host:port` for that port. No patterns.
   * @throws {TypeError} when an entry is neither.
   */
  constructor(entries: readonly string[]) {
    this.#entries = new Set(entries.map(normalEntry));
  }

  allows(url: URL): boolean {
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    return this.#entries.has(`${url.hostname}:${port}`) ||
      (url.port === "" && this.#entries.has(url.hostname));
  }
}

/** As `URL` writes it: in lower case, punycode, the shortest form of an address. */
function normalEntry(entry: string): string {
  const [, host = "", port] = ENTRY.exec(entry) ?? [];
  const url = URL.parse(`http://${host}/`);
  if (url === null || host.includes("*") || url.host === "" || url.href !== `http://${url.host}/`) {
    throw new TypeError(
      `Cannot allow webhooks to ${JSON.stringify(entry)}: it must be a host or host:port`,
    );
  }
  return port === undefined ? url.hostname : `${url.hostname}:${Number(port)}`;
}
