/** The exact texts about the leader of a shared journal. */

import assert from "node:assert/strict";
import { databaseText, roleText, type Standing, standingLines } from "../../src/core/standing.ts";

const FOLLOWING: Standing = {
  role: "following",
  since: "2026-01-01T00:00:00.000Z",
  leader: { writer: "wri_a", url: "http://a.test" },
  why: null,
  copy: { logId: 7, entriesBehind: 1, msBehind: 1_200 },
  databaseSilentSince: null,
  database: null,
};

Deno.test("standing: a follower names the leader, and how far behind it is", () => {
  assert.equal(
    roleText(FOLLOWING),
    "follows http://a.test (wri_a), since 2026-01-01T00:00:00.000Z; at logId 7, behind by 1 entry " +
      "and 1.2 s",
  );
  assert.match(roleText({ ...FOLLOWING, leader: null }), /^knows no leader, since/);
  assert.match(
    roleText({ ...FOLLOWING, databaseSilentSince: "2026-01-01T00:00:09.000Z" }),
    / 1.2 s; the database has not answered since 2026-01-01T00:00:09.000Z$/,
  );
});

Deno.test("standing: a leader says why it leads", () => {
  const leading = { ...FOLLOWING, role: "leading", copy: null } as const;
  const since = "leads since 2026-01-01T00:00:00.000Z: ";
  assert.deepEqual(
    (["first", "ended", "silent"] as const).map((why) => roleText({ ...leading, why })),
    [
      `${since}no process had led this journal before`,
      `${since}the session of the previous leader had ended`,
      `${since}the previous leader had been silent for too long`,
    ],
  );
});

Deno.test("standing: the promises of the database are named, and unknown ones left out", () => {
  const database = {
    address: "postgres://daybook@db/jobs?journal=shop",
    standbyDemanded: false,
    standbys: null,
    settings: { fsync: "on", synchronous_standby_names: "" },
  };
  assert.equal(
    databaseText(database),
    "postgres://daybook@db/jobs?journal=shop: fsync on, synchronous_standby_names empty; a " +
      "synchronous standby is not required",
  );
  const texts = [0, 1, 2].map((standbys) =>
    databaseText({ ...database, standbyDemanded: true, standbys })
  );
  assert.deepEqual(texts.map((text) => text.slice(text.indexOf("is "))), [
    "is required, and none is connected: writes wait",
    "is required, and 1 is connected",
    "is required, and 2 are connected",
  ]);
  assert.equal(standingLines(FOLLOWING).length, 1);
  assert.equal(standingLines({ ...FOLLOWING, database }).length, 2);
});
