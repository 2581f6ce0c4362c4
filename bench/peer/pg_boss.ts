/** pg-boss with PostgreSQL. */

import type { PeerSystem } from "./peer.ts";
import { installOnPostgres } from "./postgres.ts";

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
