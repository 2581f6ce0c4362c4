/** A separate Redis server with an append-only file. */

import { type LocalServer, startLocal } from "./local_server.ts";

/** When the log is synced: before each answer, or once a second. */
export type AppendFsync = "always" | "everysec";

export function startRedis(appendFsync: AppendFsync): Promise<LocalServer> {
  return startLocal((folder, port) => ({
    program: "redis-server",
    args: [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder],
      ...["--appendonly", "yes", "--appendfsync", appendFsync, "--save", ""],
    ],
  }));
}
