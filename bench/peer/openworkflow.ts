/** OpenWorkflow with PostgreSQL. */

import { installLibrary } from "./client_library.ts";
import type { PeerSystem } from "./peer.ts";
import { postgresPrograms, startPostgres } from "./postgres.ts";

export const openWorkflow: PeerSystem = {
  name: "OpenWorkflow and PostgreSQL",
  steps: "three steps",
  durability: "at each commit",
  inPostgres: true,
  async install() {
    if (await postgresPrograms() === undefined) {
      return "there is no PostgreSQL, and no way to install it";
    }
    return await installLibrary({
      packages: ["openworkflow@0.10", "postgres@3"],
      script: "openworkflow.mjs",
      startServer: startPostgres,
    });
  },
};
