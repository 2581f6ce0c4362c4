/** pg-boss with PostgreSQL. */

import { installLibrary } from "./client_library.ts";
import type { PeerSystem } from "./peer.ts";
import { postgresPrograms, startPostgres } from "./postgres.ts";

export const pgBoss: PeerSystem = {
  name: "pg-boss and PostgreSQL",
  steps: "a chain of three jobs, as it has no steps",
  durability: "at each commit",
  async install() {
    if (await postgresPrograms() === undefined) {
      return "there is no PostgreSQL, and no way to install it";
    }
    return await installLibrary({
      packages: ["pg-boss@12"],
      script: "pg_boss.mjs",
      startServer: startPostgres,
    });
  },
};
