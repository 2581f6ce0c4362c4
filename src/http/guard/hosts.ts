/** The host that a request is for, and whether it is served here. */

import { LOOPBACK_HOSTS } from "../../access/tokens.ts";
import { shellWord } from "../../core/shell_word.ts";
import { Problem, problemResponse } from "../responses/problem.ts";

export class Hosts {
  /** `undefined` when all are served. */
  readonly #served: ReadonlySet<string> | undefined;
  /** The last host that was served. Most requests name the same one. */
  #last: string | undefined;

  /** @param allowed Names besides those of the loopback. */
  constructor(allowed: readonly string[] | "any") {
    this.#served = allowed === "any"
      ? undefined
      : new Set([...LOOPBACK_HOSTS, ...allowed].map(hostOf));
  }

  /**
   * The host of a request, exactly as written.
   *
   * @throws {Problem} `malformed-host`, or `wrong-host` for one that is not served.
   */
  of({ headers, url }: Request): string {
    const named = headers.get("host");
    if (named !== null && named === this.#last && isAt(url, named)) return named;
    if (!isHost(named, url)) throw malformedHost(named);
    const host = named ?? new URL(url).host;
    const other = this.#served && unserved(url, host, this.#served);
    if (other !== undefined) throw wrongHost(other);
    return this.#last = host;
  }
}

/**
 * Refuses a request without a Host header, as HTTP/1.1 requires (RFC 9112, 3.2); `undefined` for
 * any other. `Deno.serve` would put its own address into the URL of such a request, and no list of
 * hosts could tell it from a name that the client sent. HTTP/1.0, and HTTP/2 without TLS, need a
 * Host here too.
 */
export function refusalWithoutHost(request: Request): Response | undefined {
  // `has` would make Deno copy all headers.
  if (request.headers.get("host") !== null) return undefined;
  const detail = "Cannot take the request: it has no Host header";
  return problemResponse(new Problem("malformed-host", detail), request);
}

/** A name or address, and a port (RFC 9110, 7.2). Whether the name is allowed is checked later. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s/\\?#@:[\]]*)(?::(\d{0,5}))?$/;
const PORT_MAX = 65_535;
/** The longest DNS name with a port. */
const HOST_LENGTH_MAX = 260;

/**
 * Whether the hosts in the header, if any, and in the target of a request are syntactically valid.
 */
function isHost(named: string | null, url: string): boolean {
  if (named !== null) {
    const parts = HOST.exec(named);
    if (parts === null || Number(parts[1] ?? 0) > PORT_MAX) return false;
    if (isAt(url, named)) return true;
  }
  return URL.canParse(url);
}

const SCHEME = "http://";

function isAt(url: string, host: string): boolean {
  return url.startsWith(host, SCHEME.length) && url[SCHEME.length + host.length] === "/";
}

/**
 * The host that is not served, if there is one. A target may name a host itself, which then takes
 * precedence (RFC 9112, 3.2.2); few do.
 */
function unserved(url: string, host: string, hosts: ReadonlySet<string>): string | undefined {
  if (!hosts.has(nameOf(host))) return host;
  if (isAt(url, host)) return undefined;
  const target = new URL(url).host;
  return hosts.has(nameOf(target)) ? undefined : target;
}

/** An address or name, as a Host header writes it. */
function hostOf(address: string): string {
  const isIPv6 = address.includes(":") && !address.startsWith("[");
  return (isIPv6 ? `[${address}]` : address).toLowerCase();
}

/** A host without its port, in lower case. */
function nameOf(host: string): string {
  const port = host.lastIndexOf(":");
  const name = port > host.lastIndexOf("]") ? host.slice(0, port) : host;
  return name.toLowerCase();
}

/** A page whose name was rebound to this server (DNS rebinding) sends its own name as host. */
function wrongHost(host: string): Problem {
  const shown = host.slice(0, HOST_LENGTH_MAX);
  const flag = shown === "" ? "--allowed-hosts" : `--allowed-hosts=${nameOf(shown)}`;
  return new Problem(
    "wrong-host",
    `Cannot answer for the Host ${JSON.stringify(shown)}: it is not on the list of hosts; if it ` +
      `is a name of this server, start Daybook with ${shellWord(flag)}`,
  );
}

function malformedHost(named: string | null): Problem {
  const what = named === null ? "its target names no host" : `its Host is ${JSON.stringify(named)}`;
  return new Problem("malformed-host", `Cannot take the request: ${what}`);
}
