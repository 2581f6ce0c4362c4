/** DBOS with PostgreSQL. */

import type { PeerSystem } from "./peer.ts";
import { installOnPostgres } from "./postgres.ts";

export const dbos: PeerSystem = {
  name: "DBOS and PostgreSQL",
  steps: "three steps",
  durability: "at each commit",
  inPostgres: true,
  install: () => installOnPostgres({ packages: ["@dbos-inc/dbos-sdk@5"], script: "dbos.mjs" }),
};
