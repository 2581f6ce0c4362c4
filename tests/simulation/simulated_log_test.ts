/** The store of the simulated processes passes the contract that PostgreSQL passes. */

import assert from "node:assert/strict";
import { Assurance } from "../../src/postgres/assurance.ts";
import { type Connect, Retrying } from "../../src/postgres/connection.ts";
import { placeIn } from "../../src/postgres/place.ts";
import { PostgresLog } from "../../src/postgres/postgres_log.ts";
import { requireContract } from "../postgres/log_contract.ts";
import { rounds } from "../support/effort.ts";
import { Dice } from "./dice.ts";
import { Scheduler, SimulatedClock } from "./scheduler.ts";
import { SimulatedDatabase } from "./simulated_database.ts";
import { Link } from "./simulated_link.ts";
import { SimulatedSession } from "./simulated_session.ts";
import { Trace } from "./trace.ts";

const violate = (what: string) => assert.fail(what);
const kill = () => assert.fail("nobody is killed");

/** A database whose standby has nothing, and a log of a process that reaches it badly. */
function world(seed: number) {
  const dice = new Dice(seed);
  const [scheduler, trace] = [new Scheduler(dice), new Trace(true)];
  const database = new SimulatedDatabase({ dice, scheduler, trace, violate }, false, true);
  database.holdUpStandby(Infinity);
  const logOf = (life: number) => {
    const parts = { dice, scheduler, trace, database, kill };
    const [rough, calm] = [new Link(parts), new Link(parts)];
    rough.becomeRough(0.2, 0);
    // A notification that is lost is no fault.
    const connect: Connect = (listener) => new SimulatedSession(calm, life, listener).sql;
    const { sql } = new SimulatedSession(rough, life);
    const place = placeIn("postgres://database/jobs?journal=shop");
    const clock = new SimulatedClock(scheduler, life);
    const options = { place, clock, warn: () => {}, inForce: () => {} };
    const retrying = new Retrying(options);
    return new PostgresLog(connect, sql, options, retrying, new Assurance(options, sql, retrying));
  };
  return { scheduler, trace, database, logOf };
}

Deno.test("simulated log: answers that are lost, and statements that arrive late, break no clause of the contract", async () => {
  const fates = new Set<string>();
  for (let seed = 1; seed <= rounds(40, 2_000); seed++) {
    const { scheduler, trace, database, logOf } = world(seed);
    const [log, other] = [logOf(scheduler.newLife()), logOf(scheduler.newLife())];
    const judged = requireContract(log, other, () => Promise.resolve(database.failOver()));
    await scheduler.until(judged).catch((error) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
    for (const line of trace.lines) {
      fates.add(/network of process \d+: (\w+)/.exec(line)?.[1] ?? "");
    }
  }
  for (const fate of ["notSent", "notAnswered", "sentLate"]) assert.ok(fates.has(fate), fate);
});
