/** pg-boss with PostgreSQL. */

import { installLibrary } from "./client_library.ts";
import type { PeerSystem } from "./peer.ts";
import { postgresPrograms, startPostgres } from "./postgres.ts";

/**
 * How the three jobs of a chain are handled: each on its own, as in all other systems, or 64 in one
 * call that sends all next jobs in one statement, so that they fail together.
 */
type Mode = "each" | "together";

const NAMES: Readonly<Record<Mode, string>> = {
  each: "pg-boss and PostgreSQL",
  together: "pg-boss and PostgreSQL, 64 jobs in one call",
};
const STEPS: Readonly<Record<Mode, string>> = {
  each: "a chain of three jobs, as it has no steps",
  together: "a chain of three jobs, 64 of which fail together",
};

export function pgBoss(mode: Mode): PeerSystem {
  return {
    name: NAMES[mode],
    steps: STEPS[mode],
    durability: "at each commit",
    inPostgres: true,
    async install() {
      if (await postgresPrograms() === undefined) {
        return "there is no PostgreSQL, and no way to install it";
      }
      return await installLibrary({
        packages: ["pg-boss@12"],
        script: "pg_boss.mjs",
        mode,
        startServer: startPostgres,
      });
    },
  };
}
