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

/** For the driver: it takes what is given to be connected, and writing waits until it is. */
export function dialler(hosts: readonly string[]): (target: Target) => Socket {
  let turn = 0;
  return ({ host, port, path }) => {
    const socket = new Socket();
    if (path !== false) return socket.connect({ path });
    const peer = { host: hosts[turn++ % hosts.length] ?? host[0] ?? "", port: port[0] ?? 5432 };
    watch(socket.connect(peer), peer);
    // The driver wants to know whose certificate it is.
    return Object.assign(socket, peer);
  };
}

function watch(socket: Socket, peer: Peer): void {
  let read = 0;
  let isLooking = false;
  const timer = setInterval(async () => {
    if (socket.destroyed) return clearInterval(timer);
    const isSilent = socket.bytesRead === read;
    read = socket.bytesRead;
    // The first answer has a limit of the driver's own.
    if (!isSilent || isLooking || read === 0) return;
    isLooking = true;
    if (!await isReachable(peer)) socket.destroy();
    isLooking = false;
  }, SILENT_MS);
  socket.once("close", () => clearInterval(timer));
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
