/** A stop ends, whatever the database does, and loses nothing that was acknowledged. */

import assert from "node:assert/strict";
import { inFolder } from "../support/temporary_folder.ts";
import { Member, STEPS } from "./members.ts";
import { testWithPostgres } from "./postgres_server.ts";

testWithPostgres(
  "stopping: a leader whose database is away says what it cannot record, and ends with 70",
  (server) =>
    inFolder(async (folder) => {
      const leader = new Member({
        ...{ journal: server.url("shop"), folder, definitions: STEPS },
        args: ["--drain=0s"],
      });
      leader.start();
      await leader.is("ready");
      const kept = await leader.post("/jobs", { jobId: "kept", type: "slow", input: {} });
      assert.equal(kept.status, 202, await kept.text());
      await server.crash();
      const lost = leader.post("/jobs", { jobId: "lost", type: "steps", input: {} })
        .then((response) => response.status, () => "no answer");
      leader.signal("SIGTERM");
      const code = await leader.ended();
      const output = leader.output.join("\n");
      assert.equal(code, 70, output);
      assert.match(output, /could not stop cleanly: Cannot record \d+ entr.* has not answered/);
      assert.notEqual(await lost, 202);
      await server.begin();
      leader.start();
      await leader.is("ready");
      assert.equal((await leader.get("/jobs/kept"))["state"], "Running");
      assert.equal(await leader.stop(), 0, leader.output.join("\n"));
    }),
);
