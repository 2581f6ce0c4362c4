/** The changing role of a process in a shared journal. */

import assert from "node:assert/strict";
import { Membership } from "../../src/journal/write/shared_log.ts";
import { FakeClock } from "../support/fake_clock.ts";

const SELF = { writer: "wri_b", url: "http://b.test" };
const LEADER = { writer: "wri_a", url: "http://a.test" };

function joined() {
  const clock = new FakeClock();
  const told: string[] = [];
  return {
    clock,
    told,
    member: new Membership({ self: SELF, clock, tell: (it) => told.push(it) }),
  };
}

Deno.test("membership: a follower knows the leader, and how far behind its copy is", async () => {
  const { clock, told, member } = joined();
  const since = new Date(clock.now()).toISOString();
  await clock.advance(500);
  assert.deepEqual(member.standing, {
    role: "following",
    since,
    leader: null,
    why: null,
    copy: { logId: 0, entriesBehind: 0, msBehind: 500 },
    databaseSilentSince: null,
    database: null,
  });
  member.ledBy(LEADER);
  member.copied(4, 10);
  assert.deepEqual(member.standing.copy, { logId: 4, entriesBehind: 6, msBehind: 500 });
  member.copied(10, 10);
  assert.deepEqual(member.standing.copy, { logId: 10, entriesBehind: 0, msBehind: 0 });
  await clock.advance(250);
  assert.deepEqual(member.standing.copy, { logId: 10, entriesBehind: 0, msBehind: 250 });
  assert.deepEqual(member.standing.leader, LEADER);
  assert.deepEqual(told, ["following http://a.test, at logId 4; takes over if that process stops"]);
});

Deno.test("membership: the row of an earlier run of this process is not a leader", () => {
  const { told, member } = joined();
  member.ledBy({ writer: "wri_earlier", url: SELF.url });
  member.copied(3, 3);
  assert.equal(member.standing.leader, null);
  assert.deepEqual(told, []);
});

Deno.test("membership: a leader says since when and why, and reports no copy", async () => {
  const { clock, member } = joined();
  member.ledBy(LEADER);
  member.copied(3, 3);
  await clock.advance(7_000);
  member.leads("silent");
  const { role, since, leader, why, copy } = member.standing;
  assert.deepEqual({ role, leader, why, copy }, {
    role: "leading",
    leader: SELF,
    why: "silent",
    copy: null,
  });
  assert.equal(since, new Date(clock.now()).toISOString());
});

Deno.test("membership: a database that leaves a question unanswered counts as silent after a while", async () => {
  const { clock, member } = joined();
  member.asks();
  member.answered();
  await clock.advance(60_000);
  assert.equal(member.standing.databaseSilentSince, null);
  const asked = new Date(clock.now()).toISOString();
  member.asks();
  await clock.advance(2_000);
  member.asks();
  assert.equal(member.standing.databaseSilentSince, null);
  await clock.advance(1_000);
  assert.equal(member.standing.databaseSilentSince, asked);
  member.answered();
  assert.equal(member.standing.databaseSilentSince, null);
});
