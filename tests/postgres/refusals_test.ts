/** A database that may lose a journal, or has another one, is refused, each with its exit code. */

import assert from "node:assert/strict";
import { TABLES } from "../../src/postgres/fitness.ts";
import { systemClock } from "../../src/server/system.ts";
import { runToEnd } from "../support/process/daybook_process.ts";
import { runJournal } from "../support/process/journal_command.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { Member, SECRET_KEY, STEPS } from "./members.ts";
import { until } from "../support/until.ts";
import { freePort, type PostgresServer, testWithPostgres } from "./postgres_server.ts";

async function refusalOf(folder: string, journal: string, env: Record<string, string> = {}) {
  return await runToEnd({
    journal: folder,
    args: [`--journal=${journal}`, `--folder=${folder}`],
    env: { DAYBOOK_SECRET_KEY: SECRET_KEY, ...env },
  });
}

async function unsafeSettingsAreRefused(server: PostgresServer, folder: string): Promise<void> {
  await server.query("alter database postgres set synchronous_commit = off");
  const { code, output } = await refusalOf(folder, server.url("shop"));
  assert.equal(code, 76, output);
  assert.match(output, /setting synchronous_commit is off.*set it to on or remote_apply/);
  await server.query("alter database postgres reset synchronous_commit");
  const standby = await refusalOf(folder, `${server.url("shop")}&sync=1`);
  assert.equal(standby.code, 76, standby.output);
  assert.match(standby.output, /requires a synchronous standby, and none is connected/);
}

/** It could not store every character. */
async function otherEncodingIsRefused(server: PostgresServer, folder: string): Promise<void> {
  await server.createDatabase("latin", "LATIN1");
  const url = server.url("shop", server.port, "postgres", "latin");
  const { code, output } = await refusalOf(folder, url);
  assert.equal(code, 76, output);
  assert.match(output, /setting server_encoding is LATIN1.*create it with encoding 'UTF8'/);
}

/** Settings are changed while processes run. */
async function settingsThatBecomeUnsafeEndAll(server: PostgresServer, folder: string) {
  const members = ["leader", "follower"].map((name) =>
    new Member({ journal: server.url("changing"), folder: `${folder}/${name}` })
  ) as [Member, Member];
  for (const [index, member] of members.entries()) {
    member.start();
    await member.is(index === 0 ? "ready" : "following");
  }
  await server.query("alter system set synchronous_commit = off");
  await server.query("select pg_reload_conf()");
  for (const member of members) {
    assert.equal(await member.ended(), 76, member.output.join("\n"));
    assert.match(member.output.join("\n"), /setting synchronous_commit is off.*set it to on/);
  }
  await server.query("alter system reset synchronous_commit");
  await server.query("select pg_reload_conf()");
}

async function missingRightsAreTold(server: PostgresServer, folder: string): Promise<void> {
  await server.query("create user clerk; revoke create on schema public from public, clerk");
  const { code, output } = await refusalOf(folder, server.url("shop", server.port, "clerk"));
  assert.equal(code, 66, output);
  assert.match(output, /create table if not exists daybook_batch/);
  // An administrator has created the tables, and forgotten the privileges.
  await server.query(TABLES);
  await server.query("grant select, insert, delete on daybook_batch, daybook_leader to clerk");
  const idle = await refusalOf(folder, server.url("shop", server.port, "clerk"));
  assert.equal(idle.code, 77, idle.output);
  assert.match(idle.output, /Cannot use postgres:\/\/clerk@\S+: user clerk lacks privileges/);
  assert.match(idle.output, /update on daybook_batch; .*update, delete on daybook_key/);
  assert.match(idle.output, /grant select, insert, update, delete on daybook_batch, .* to clerk;/);
  const nobody = await refusalOf(folder, server.url("shop", server.port, "nobody"));
  assert.equal(nobody.code, 77, nobody.output);
  assert.match(nobody.output, /role "nobody" does not exist/);
}

/** They were copied without their indexes, or made for speed. */
async function unsafeTablesAreRefused(server: PostgresServer, folder: string): Promise<void> {
  await server.query(TABLES);
  const refused = async (change: string, reason: RegExp, back: string) => {
    await server.query(change);
    const { code, output } = await refusalOf(folder, server.url("shop"));
    assert.equal(code, 76, output);
    assert.match(output, reason);
    await server.query(back);
  };
  await refused(
    "alter table daybook_batch set unlogged",
    /daybook_batch is not a permanent table, so a crash may empty it\. Daybook makes them as/,
    "alter table daybook_batch set logged",
  );
  await refused(
    "alter table daybook_batch drop constraint daybook_batch_journal_prev_key",
    /daybook_batch has no unique index on \(journal, prev\)/,
    "alter table daybook_batch add unique (journal, prev)",
  );
  await ledOnce(server, "shop", folder);
}

/** Somebody tidies up the database while processes run. */
async function droppedTablesAreNamed(server: PostgresServer, folder: string): Promise<void> {
  const members = ["leader", "follower"].map((name) =>
    new Member({ journal: server.url("dropped"), folder: `${folder}/${name}`, definitions: STEPS })
  ) as [Member, Member];
  for (const table of ["daybook_leader", "daybook_batch"]) {
    for (const [index, member] of members.entries()) {
      member.start();
      await member.is(index === 0 ? "ready" : "following");
    }
    await server.query(`drop table ${table}`);
    const answered = members[0].post("/jobs", { type: "steps", input: {} })
      .then((response) => response.body?.cancel(), () => {});
    for (const member of members) {
      assert.equal(await member.ended(), 76, member.output.join("\n"));
      const [last = ""] = member.output.slice(-1);
      assert.match(last, new RegExp(`"${table}" does not exist: .*dropped.*a backup.*start again`));
    }
    await answered;
  }
  members[0].start();
  assert.equal(await members[0].ended(), 78);
  assert.match(members[0].output.join("\n"), /lacks the entries acknowledged after.*journal push/);
}

testWithPostgres(
  "refusals: a table that is dropped while processes run ends them, and the message says what to do",
  (server) => inFolder((folder) => droppedTablesAreNamed(server, folder)),
);

/** A member that led, and stopped cleanly. */
async function ledOnce(server: PostgresServer, journal: string, folder: string): Promise<void> {
  const member = new Member({ journal: server.url(journal), folder });
  member.start();
  await member.is("ready");
  assert.equal(await member.stop(), 0);
}

async function otherHistoryIsRefused(server: PostgresServer, folder: string): Promise<void> {
  await ledOnce(server, "shop", `${folder}/shop`);
  await ledOnce(server, "other", `${folder}/other`);
  const other = await refusalOf(`${folder}/other`, server.url("shop"));
  assert.equal(other.code, 65, other.output);
  assert.match(other.output, /the folder is a copy of another journal: its first entry is evt_/);
  await server.query("delete from daybook_batch where journal = 'shop' and first > 1");
  const gone = await refusalOf(`${folder}/shop`, server.url("shop"));
  assert.equal(gone.code, 78, gone.output);
  assert.match(
    gone.output,
    /the database ends at logId 2, and lacks the entries acknowledged after it.*journal push/,
  );
}

/** As the refusal and the manual say. */
async function lostEntriesAreAdded(server: PostgresServer, folder: string): Promise<void> {
  const database = server.url("lost");
  const push = (copy: string) =>
    runJournal(["push", database, "--journal", `${folder}/${copy}`], {
      env: { DAYBOOK_SECRET_KEY: SECRET_KEY },
      tools: { clock: systemClock },
    });
  await ledOnce(server, "lost", `${folder}/copy`);
  await server.query("delete from daybook_batch where journal = 'lost' and first > 1");
  const added = await push("copy");
  assert.equal(added.code, 0, added.err.join("\n"));
  await ledOnce(server, "lost", `${folder}/copy`);
  await server.query("delete from daybook_batch where journal = 'lost' and first > 1");
  await ledOnce(server, "lost", `${folder}/later`);
  assert.equal((await push("copy")).code, 1);
}

testWithPostgres(
  "refusals: journal push adds what a fail-over lost from a copy, unless something else was recorded",
  (server) => inFolder((folder) => lostEntriesAreAdded(server, folder)),
);

/** Repaired, it would differ from the database. */
async function damagedCopyIsReplaced(server: PostgresServer, folder: string): Promise<void> {
  const copy = `${folder}/copy`;
  await ledOnce(server, "damaged", copy);
  await ledOnce(server, "damaged", copy);
  const [file] = [...Deno.readDirSync(`${copy}/segments`)];
  const path = `${copy}/segments/${file?.name}`;
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace('"logId":3,"batch":3,', '"logId":3,"batch":4,'));
  const refused = await refusalOf(copy, server.url("damaged"));
  assert.equal(refused.code, 78, refused.output);
  assert.match(refused.output, /move \S+copy away, and the next start downloads it again/);
  assert.doesNotMatch(refused.output, /journal repair/);
  const { code, err } = await runJournal(["repair", "--journal", copy]);
  assert.equal(code, 1);
  assert.match(err.join("\n"), /do not repair it.* the next start downloads it again/);
  await Deno.rename(copy, `${folder}/damaged`);
  await ledOnce(server, "damaged", copy);
}

testWithPostgres(
  "refusals: a damaged copy is not to be repaired, but downloaded again",
  (server) => inFolder((folder) => damagedCopyIsReplaced(server, folder)),
);

/** It could not continue sealed jobs after a takeover, nor the others the jobs that it seals. */
async function otherSecretKeyIsRefused(server: PostgresServer, folder: string): Promise<void> {
  const leader = new Member({
    journal: server.url("keys"),
    folder: `${folder}/leader`,
    definitions: STEPS,
  });
  leader.start();
  await leader.is("ready");
  const other = { DAYBOOK_SECRET_KEY: "cd".repeat(32) };
  const refused = await refusalOf(`${folder}/other`, server.url("keys"), other);
  assert.equal(refused.code, 74, refused.output);
  assert.match(refused.output, /its keys are wrapped with another secret key.*--secret-key-file/);
  const sealed = { jobId: "sealed", type: "waits", input: { name: "n", key: "a secret" } };
  const created = await leader.post("/jobs", sealed);
  assert.equal(created.status, 202, await created.text());
  // As an earlier version left it: with the keys of jobs alone.
  await server.query("delete from daybook_key where name = 'secret-key'");
  const earlier = await refusalOf(`${folder}/other`, server.url("keys"), other);
  assert.equal(earlier.code, 74, earlier.output);
  await leader.kill();
  leader.start();
  await leader.is("ready");
  const told = await leader.post("/events", { eventType: "test.Told", attributes: { name: "n" } });
  assert.ok(told.ok, await told.text());
  await until("the sealed job is done", async () => {
    return (await leader.get("/jobs/sealed"))["state"] === "Done";
  });
  assert.equal(await leader.stop(), 0);
  const left = await server.query("select name from daybook_key where name = 'secret-key'");
  assert.equal(left.length, 1);
}

/** As its help says. */
async function secretKeyIsChanged(server: PostgresServer, folder: string): Promise<void> {
  const [database, after] = [server.url("rekeyed"), "cd".repeat(32)];
  const options = { journal: database, folder: `${folder}/copy`, definitions: STEPS };
  const member = new Member(options);
  member.start();
  await member.is("ready");
  const input = { name: "n", key: "a secret" };
  const created = await member.post("/jobs", { jobId: "sealed", type: "waits", input });
  assert.equal(created.status, 202, await created.text());
  await Deno.writeTextFile(`${folder}/new-key`, after);
  const rekey = (key: string) =>
    runJournal(["rekey", database, "--new-secret-key-file", `${folder}/new-key`], {
      env: { DAYBOOK_SECRET_KEY: key },
      tools: { clock: systemClock },
    });
  const led = await rekey(SECRET_KEY);
  assert.equal(led.code, 73, led.err.join("\n"));
  assert.equal(await member.stop(), 0);
  const wrong = await rekey("ef".repeat(32));
  assert.equal(wrong.code, 74, wrong.err.join("\n"));
  const before = await server.query("select key from daybook_key where journal = 'rekeyed'");
  const { code, out, err } = await rekey(SECRET_KEY);
  assert.deepEqual([code, JSON.parse(out[0] ?? "{}").keys], [0, 1], err.join("\n"));
  const kept = await server.query("select key from daybook_key where journal = 'rekeyed'");
  assert.equal(kept.length, 2);
  assert.ok(kept.every((key) => !before.includes(key)));
  const old = await refusalOf(`${folder}/other`, database);
  assert.equal(old.code, 74, old.output);
  const next = new Member({ ...options, secretKey: after });
  next.start();
  await next.is("ready");
  const told = await next.post("/events", { eventType: "test.Told", attributes: { name: "n" } });
  assert.ok(told.ok, await told.text());
  await until("the sealed job is done", async () => {
    return (await next.get("/jobs/sealed"))["state"] === "Done";
  });
  assert.equal(await next.stop(), 0);
}

testWithPostgres(
  "refusals: after journal rekey only the new secret key opens sealed inputs, and the old one is refused",
  (server) => inFolder((folder) => secretKeyIsChanged(server, folder)),
);

testWithPostgres(
  "refusals: a process with another secret key is refused before it follows",
  (server) => inFolder((folder) => otherSecretKeyIsRefused(server, folder)),
);

testWithPostgres(
  "refusals: unsafe settings, missing privileges and another history are refused",
  (server) =>
    inFolder(async (folder) => {
      await missingRightsAreTold(server, folder);
      await unsafeSettingsAreRefused(server, folder);
      await otherEncodingIsRefused(server, folder);
      await otherHistoryIsRefused(server, folder);
      await settingsThatBecomeUnsafeEndAll(server, folder);
    }),
);

testWithPostgres(
  "refusals: tables that a crash empties, or that lack an index that keeps out others, are refused",
  (server) => inFolder((folder) => unsafeTablesAreRefused(server, folder)),
);

Deno.test("refusals: a journal in PostgreSQL needs a secret key, and other mistakes are reported", () =>
  inFolder(async (folder) => {
    const url = `postgres://postgres@127.0.0.1:${freePort()}/postgres`;
    const keyless = await refusalOf(folder, url, { DAYBOOK_SECRET_KEY: "" });
    assert.equal(keyless.code, 64, keyless.output);
    assert.match(keyless.output, /needs --secret-key-file, the same on every machine/);
    const named = await refusalOf(folder, `${url}?journal=a b`);
    assert.equal(named.code, 64, named.output);
    assert.match(named.output, /must have a journal of up to 63 of a-z, 0-9, _ and -/);
    const local = await runToEnd({ journal: folder, args: [`--folder=${folder}`] });
    assert.equal(local.code, 64, local.output);
    assert.match(local.output, /--folder is only for a journal in PostgreSQL/);
  }));
