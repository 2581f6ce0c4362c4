/** OpenWorkflow with PostgreSQL. */

import type { PeerSystem } from "./peer.ts";
import { installOnPostgres } from "./postgres.ts";

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
