/** BullMQ with Redis; "fsync always" is the baseline for Daybook's jobs. */

import { haveProgram } from "../system.ts";
import { installLibrary, type LibraryPeer } from "./client_library.ts";
import { type LocalServer, startLocal } from "./local_server.ts";
import type { Installation, PeerSystem } from "./peer.ts";

/** When the log is synced: before each answer, or once a second. */
type AppendFsync = "always" | "everysec";

const DURABILITY: Readonly<Record<AppendFsync, string>> = {
  always: "before each answer",
  everysec: "once a second: what came after can be lost",
};

export function bullMq(appendFsync: AppendFsync): PeerSystem {
  return {
    name: `BullMQ and Redis, fsync ${appendFsync === "always" ? "always" : "every second"}`,
    steps: "three updates of one job",
    durability: DURABILITY[appendFsync],
    install: () => installBullMq(appendFsync),
  };
}

/** Returns the reason as text if it cannot be installed. */
export async function installBullMq(
  appendFsync: AppendFsync,
): Promise<Installation<LibraryPeer> | string> {
  if (!await haveProgram("redis-server")) {
    return "there is no redis-server, and no way to install it";
  }
  return await installLibrary({
    packages: ["bullmq@6", "ioredis@5"],
    script: "bullmq.mjs",
    startServer: () => startRedis(appendFsync),
  });
}

/** A separate Redis server with an append-only file. */
function startRedis(appendFsync: AppendFsync): Promise<LocalServer> {
  return startLocal((folder, port) => ({
    program: "redis-server",
    args: [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder],
      ...["--appendonly", "yes", "--appendfsync", appendFsync, "--save", ""],
    ],
  }));
}
