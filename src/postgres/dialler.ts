/**
 * Opens sockets to PostgreSQL, trying the configured hosts in turn. A lost machine sends nothing,
 * and TCP would wait for it for a quarter of an hour. So a socket that receives nothing is closed
 * once its host cannot be reached. A commit may still wait for a standby as long as it needs.
 */

import { connect, Socket } from "node:net";
import { lackText } from "../core/permissions.ts";

/** After this much silence, the host is probed. */
const SILENT_MS = 3_000;
const REACH_MS = 3_000;

/** What the driver passes to a socket function. */
interface Target {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** The path of a Unix socket, if it uses one. */
  readonly path: string | false;
}

interface Peer {
  readonly host: string;
  readonly port: number;
}

interface Dialler {
  /**
   * The socket function for the driver, which treats the returned socket as connected; writes wait
   * until it is.
   */
  readonly dial: (target: Target) => Socket;
  /** Ends the current connection. */
  hangUp(): void;
}

/**
 * @param hosts When empty, the driver's own host is used.
 * @param ownPort When 0, the driver's own port is used.
 */
export function dialler(hosts: readonly string[], ownPort: number): Dialler {
  let turn = 0;
  let socket: Socket | undefined;
  const dial = ({ host, port, path }: Target) => {
    if (path !== false) return new Socket().connect({ path });
    const names = hosts.length === 0 ? host.slice(0, 1) : hosts;
    // A URL puts an IPv6 address in brackets; `connect` expects it without.
    // The driver takes a part of an IPv6 address for the port.
    const peers = names.map((name) => ({
      host: name.replace(/^\[(.*)\]$/, "$1"),
      port: ownPort || port[0] || 5432,
    }));
    requirePermissions(peers);
    const peer = peers[turn++ % peers.length] ?? { host: "", port: ownPort };
    // The driver reads the host from the socket to verify the certificate.
    return Object.assign(new WatchedSocket(peer).connect(peer), peer);
  };
  return { dial: (target) => socket = dial(target), hangUp: () => void socket?.destroy() };
}

/**
 * For an address, `connect` would throw where nothing catches it; for a name, it would say that the
 * name has no address. All hosts are checked, so that a fail-over does not find one missing.
 *
 * @throws {Deno.errors.NotCapable}
 */
function requirePermissions(peers: readonly Peer[]): void {
  const missing = peers
    .map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`)
    .filter((host) => Deno.permissions.querySync({ name: "net", host }).state !== "granted");
  if (missing.length === 0) return;
  throw new Deno.errors.NotCapable(lackText({ net: missing }));
}

class WatchedSocket extends Socket {
  readonly #timer: ReturnType<typeof setInterval>;
  /** Bytes received by the last check. */
  #read = 0;
  #isLooking = false;

  constructor(private readonly peer: Peer) {
    super();
    this.#timer = setInterval(() => void this.#look(), SILENT_MS);
  }

  /** Overridden because the driver removes all listeners, so no event would arrive. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    super._destroy(error, callback);
  }

  async #look(): Promise<void> {
    const isSilent = this.bytesRead === this.#read;
    this.#read = this.bytesRead;
    // The driver has its own time limit for the first answer.
    if (!isSilent || this.#isLooking || this.#read === 0) return;
    this.#isLooking = true;
    if (!await isReachable(this.peer)) this.destroy();
    this.#isLooking = false;
  }
}

function isReachable(peer: Peer): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ ...peer, timeout: REACH_MS });
    const end = (isThere: boolean) => {
      probe.destroy();
      resolve(isThere);
    };
    probe.once("connect", () => end(true));
    for (const failure of ["timeout", "error"]) probe.once(failure, () => end(false));
  });
}
