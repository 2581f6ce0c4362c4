/**
 * Sockets to PostgreSQL. Of several hosts each takes the next one. A machine that is lost says
 * nothing, and TCP would wait for it for a quarter of an hour; so a socket on which nothing comes is
 * given up once its host cannot be reached. A commit may wait for a standby as long as it likes.
 */

import { connect, Socket } from "node:net";

/** Nothing has come for as long: the host is looked at. */
const SILENT_MS = 3_000;
const REACH_MS = 3_000;

/** What the driver says of where to. */
interface Target {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a socket on this machine. */
  readonly path: string | false;
}

interface Peer {
  readonly host: string;
  readonly port: number;
}

/**
 * For the driver: it takes what is given to be connected, and writing waits until it is.
 *
 * @param hosts Without any, the driver's own.
 */
export function dialler(hosts: readonly string[]): (target: Target) => Socket {
  let turn = 0;
  return ({ host, port, path }) => {
    if (path !== false) return new Socket().connect({ path });
    const next = hosts[turn++ % hosts.length] ?? host[0] ?? "";
    // The address of version 6 is in brackets in a URL alone.
    const peer = { host: next.replace(/^\[(.*)\]$/, "$1"), port: port[0] ?? 5432 };
    // The driver wants to know whose certificate it is.
    return Object.assign(new WatchedSocket(peer).connect(peer), peer);
  };
}

class WatchedSocket extends Socket {
  readonly #peer: Peer;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Bytes that had come at the last look. */
  #read = 0;
  #isLooking = false;

  constructor(peer: Peer) {
    super();
    this.#peer = peer;
    this.#timer = setInterval(() => void this.#look(), SILENT_MS);
  }

  /** Listeners would not hear of it: the driver removes them all. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    super._destroy(error, callback);
  }

  async #look(): Promise<void> {
    const isSilent = this.bytesRead === this.#read;
    this.#read = this.bytesRead;
    // The first answer has a limit of the driver's own.
    if (!isSilent || this.#isLooking || this.#read === 0) return;
    this.#isLooking = true;
    if (!await isReachable(this.#peer)) this.destroy();
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
