/** Libraries that store their jobs in PostgreSQL: pg-boss, DBOS and OpenWorkflow. */

import { type ClientLibrary, installLibrary, type LibraryPeer } from "./client_library.ts";
import type { Installation, PeerSystem } from "./peer.ts";
import { postgresPrograms, startPostgres } from "./postgres.ts";

/** Returns the reason as text if the library, or PostgreSQL, cannot be installed. */
async function installOnPostgres(
  library: Omit<ClientLibrary, "startServer">,
): Promise<Installation<LibraryPeer> | string> {
  if (await postgresPrograms() === undefined) {
    return "there is no PostgreSQL, and no way to install it";
  }
  return await installLibrary({ ...library, startServer: startPostgres });
}

/** How the next job of each chain is sent: 64 in one statement, or each on its own. */
type Mode = "together" | "each";

const NAMES: Readonly<Record<Mode, string>> = {
  together: "pg-boss and PostgreSQL",
  each: "the same, each job on its own",
};
const STEPS: Readonly<Record<Mode, string>> = {
  together: "a chain of three jobs, as it has no steps; 64 are sent in one statement",
  each: "a chain of three jobs, each of which sends the next",
};

export function pgBoss(mode: Mode): PeerSystem {
  return {
    name: NAMES[mode],
    steps: STEPS[mode],
    durability: "at each commit",
    inPostgres: true,
    install: () => installOnPostgres({ packages: ["pg-boss@12"], script: "pg_boss.mjs", mode }),
  };
}

export const dbos: PeerSystem = {
  name: "DBOS and PostgreSQL",
  steps: "three steps",
  durability: "at each commit",
  inPostgres: true,
  install: () => installOnPostgres({ packages: ["@dbos-inc/dbos-sdk@5"], script: "dbos.mjs" }),
};

export const openWorkflow: PeerSystem = {
  name: "OpenWorkflow and PostgreSQL",
  steps: "three steps",
  durability: "at each commit",
  inPostgres: true,
  install: () =>
    installOnPostgres({
      packages: ["openworkflow@0.10", "postgres@3"],
      script: "openworkflow.mjs",
    }),
};
