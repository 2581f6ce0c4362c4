/** Daybook itself, as one of the compared systems. */

import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { HELD_JOB, PLACES, THREE_TASKS, UNTIL_DONE } from "../targets/job_bodies.ts";
import { HttpPeer } from "./http_peer.ts";
import type { LocalServer } from "./local_server.ts";
import type { Installation, PeerSystem } from "./peer.ts";
import { postgresPrograms, startPostgres, startStandby } from "./postgres.ts";

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
  install: () => installed(async () => await started(await startPostgres())),
};

export const daybookWithStandby: PeerSystem = {
  name: "Daybook, PostgreSQL and a standby",
  steps: "three tasks",
  durability: "on both, before each answer",
  install: () =>
    installed(async () => {
      const primary = await startPostgres();
      return await started(primary, await startStandby(primary));
    }),
};

async function installed(start: () => Promise<HttpPeer>): Promise<Installation | string> {
  return await postgresPrograms() === undefined
    ? "there is no PostgreSQL, and no way to install it"
    : { start, ...NOTHING };
}

/** Nothing has to be removed. */
const NOTHING = { [Symbol.asyncDispose]: () => Promise.resolve() };

/**
 * @param primary The database that holds the journal, instead of a folder.
 * @param standby Commits wait for it.
 */
async function started(primary?: LocalServer, standby?: LocalServer): Promise<HttpPeer> {
  await using started = new AsyncDisposableStack();
  const databases = [primary, standby].flatMap((server) => server ?? []);
  for (const database of databases) started.use(database);
  const sync = standby === undefined ? 0 : 1;
  const place = primary === undefined
    ? {}
    : { database: `postgres://bench@127.0.0.1:${primary.port}/postgres?sync=${sync}` };
  const server = started.use(await startDaybook({ flags: PLACES, ...place }));
  started.use(await keepCompany(server.url));
  return new HttpPeer({
    port: server.port,
    path: "/jobs",
    body: THREE_TASKS,
    heldBody: HELD_JOB,
    prefer: UNTIL_DONE,
    pids: [server, ...databases].map(({ pid }) => pid),
    started: started.move(),
  });
}
