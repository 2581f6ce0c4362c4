/** Whatever the settings of the database user, a session has those that a journal needs. */

import assert from "node:assert/strict";
import { placeIn, UnfitDatabaseError } from "../../src/postgres/place.ts";
import { Retrying, session, warningsIn } from "../../src/postgres/connection.ts";
import { systemClock } from "../../src/server/system.ts";
import { FIRST, SECOND, withLog } from "./log_contract.ts";
import { type PostgresServer, testWithPostgres } from "./postgres_server.ts";

/** Settings of the database user with which an acknowledged commit may be lost. */
const UNSAFE = {
  synchronous_commit: "off",
  // The cancelled wait for a synchronous standby would look like a commit that a standby has.
  client_min_messages: "error",
};

for (const [name, value] of Object.entries(UNSAFE)) {
  testWithPostgres(
    `sessions: one whose commits may be lost (${name}) appends nothing`,
    (server) => requireRefused(server, name, value),
  );
}

async function requireRefused(server: PostgresServer, name: string, value: string) {
  await withLog(server, server.port, async (log) => {
    await log.append(FIRST);
    await server.query(`alter role postgres set ${name} = ${value}`);
    const appending =
      "pg_stat_activity where application_name = 'daybook' and query like '%insert%'";
    await server.query(`select pg_terminate_backend(pid) from ${appending}`);
    await assert.rejects(
      log.append(SECOND),
      (error: Error) =>
        error instanceof UnfitDatabaseError && error.exitCode === 76 &&
        error.message.includes(`its setting ${name} is ${value}`),
    );
    assert.deepEqual(await log.read(0), [FIRST]);
  });
}

async function settingOf(server: PostgresServer, name: string): Promise<unknown> {
  const sql = session(placeIn(server.url("shop")));
  try {
    return (await sql`select current_setting(${name}) as setting`)[0]?.["setting"];
  } finally {
    await sql.end();
  }
}

Deno.test("sessions: a database that denies access is named, whenever it does so", async () => {
  const place = placeIn("postgres://clerk@db.test/jobs?journal=shop");
  const retrying = new Retrying({ place, clock: systemClock, warn: () => {} });
  const error = Object.assign(new Error("permission denied for table daybook_batch"), {
    code: "42501",
  });
  await assert.rejects(
    retrying.until(() => Promise.reject(error)),
    (denied: Error) =>
      denied instanceof UnfitDatabaseError && denied.exitCode === 77 &&
      denied.message === `Cannot use ${place.shown}: ${error.message}`,
  );
});

testWithPostgres("sessions: a warning is repeated as PostgreSQL words it", async (server) => {
  const sql = session(placeIn(server.url("shop")));
  try {
    await sql.unsafe("do $$ begin raise warning 'one'; raise notice 'two'; end $$");
    assert.deepEqual(warningsIn(sql), { count: 1, last: "one" });
  } finally {
    await sql.end();
  }
});

Deno.test("sessions: a session that is ended on purpose is not reported as a standby", async () => {
  const place = placeIn("postgres://clerk@db.test/jobs?journal=shop");
  const left = Object.assign(new Error(), { code: "CONNECTION_DESTROYED" });
  const toldBy = async (isEnded: boolean) => {
    const told: string[] = [];
    const warn = (message: string) => void told.push(message);
    const retrying = new Retrying({ place, clock: systemClock, warn });
    if (isEnded) retrying.end();
    await retrying.until((isAgain) => isAgain ? Promise.resolve() : Promise.reject(left));
    return told;
  };
  assert.deepEqual(await toldBy(false), [
    `${place.shown} does not answer; retrying: it is a standby`,
  ]);
  assert.deepEqual(await toldBy(true), []);
});

testWithPostgres("sessions: time limits of the database user do not apply", async (server) => {
  // The last would end the session of a leader, and with it the lead.
  for (const name of ["statement_timeout", "lock_timeout", "idle_session_timeout"]) {
    await server.query(`alter role postgres set ${name} = '1s'`);
    assert.equal(await settingOf(server, name), "0", name);
  }
});

testWithPostgres("sessions: lines are read in whichever form the database writes bytes", async (
  server,
) => {
  await server.query("alter role postgres set bytea_output = 'escape'");
  await withLog(server, server.port, async (log) => {
    await log.append(FIRST);
    assert.deepEqual(await log.read(0), [FIRST]);
  });
});

testWithPostgres("sessions: lines are kept byte for byte, also without an encoding", async (
  server,
) => {
  const text = '\n{"a":"\\"\\\\\\u0000\\ud800 \\\\x41 é € 😀 \ufeff \ufffd"}\n';
  const lines = { ...FIRST, bytes: new TextEncoder().encode(text) };
  await server.createDatabase("plain", "SQL_ASCII");
  for (const database of ["postgres", "plain"]) {
    await withLog(
      server,
      server.port,
      async (log) => {
        await log.append(lines);
        assert.deepEqual(await log.read(0), [lines]);
      },
      undefined,
      database,
    );
  }
});
