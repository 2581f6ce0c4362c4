/** Daybook itself, as one of those that are compared. */

import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { PLACES, THREE_TASKS, UNTIL_DONE } from "../targets/job_bodies.ts";
import { HttpPeer } from "./http_peer.ts";
import type { LocalServer } from "./local_server.ts";
import type { PeerSystem } from "./peer.ts";
import { postgresPrograms, startPostgres } from "./postgres.ts";

export const daybook: PeerSystem = {
  name: "Daybook",
  steps: "three tasks",
  durability: "before each answer",
  install: () => Promise.resolve({ start: () => started(), ...NOTHING }),
};

export const daybookInPostgres: PeerSystem = {
  name: "Daybook, its journal in PostgreSQL",
  steps: "three tasks",
  durability: "before each answer",
  async install() {
    if (await postgresPrograms() === undefined) {
      return "there is no PostgreSQL, and no way to install it";
    }
    return { start: async () => await started(await startPostgres()), ...NOTHING };
  },
};

/** Nothing was installed. */
const NOTHING = { [Symbol.asyncDispose]: () => Promise.resolve() };

/** @param database That holds the journal, instead of a folder. */
async function started(database?: LocalServer): Promise<HttpPeer> {
  await using started = new AsyncDisposableStack();
  const place = database === undefined
    ? {}
    : { database: `postgres://bench@127.0.0.1:${started.use(database).port}/postgres` };
  const server = started.use(await startDaybook({ flags: PLACES, ...place }));
  started.use(await keepCompany(server.url));
  return new HttpPeer({
    port: server.port,
    path: "/jobs",
    body: THREE_TASKS,
    prefer: UNTIL_DONE,
    pids: database === undefined ? [server.pid] : [server.pid, database.pid],
    started: started.move(),
  });
}
