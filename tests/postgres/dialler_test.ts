/** Which host is used, and when it is given up. */

import assert from "node:assert/strict";
import { endSession, Retrying, session } from "../../src/postgres/connection.ts";
import { dialler } from "../../src/postgres/dialler.ts";
import { placeIn } from "../../src/postgres/place.ts";
import { systemClock } from "../../src/server/system.ts";
import { runToEnd } from "../support/process/daybook_process.ts";
import { SECRET_KEY } from "./members.ts";
import {
  LEFT_OUT,
  ownedFolder,
  PostgresServer,
  testWithPostgres,
  wordsAsPostgres,
} from "./postgres_server.ts";

function listen(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

function socketTo({ addr }: Deno.TcpListener) {
  return dialler(["127.0.0.1"], 0).dial({ host: ["127.0.0.1"], port: [addr.port], path: false });
}

Deno.test("dialler: a silent host that can no longer be reached is given up", async () => {
  const listener = listen();
  const socket = socketTo(listener);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const connection = await listener.accept();
  await connection.write(new Uint8Array(1));
  listener.close();
  socket.resume();
  await closed;
  connection.close();
});

Deno.test("dialler: a silent host that can be reached is waited for", async () => {
  const listener = listen();
  const socket = socketTo(listener);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const connection = await listener.accept();
  await connection.write(new Uint8Array(1));
  socket.resume();
  for (let looks = 0; looks < 2; looks++) (await listener.accept()).close();
  assert.equal(socket.destroyed, false);
  socket.destroy();
  await closed;
  connection.close();
  listener.close();
});

Deno.test("dialler: the end of a session closes its socket, although the host does not answer", async () => {
  const listener = listen();
  const sql = session(placeIn(`postgres://u@127.0.0.1:${listener.addr.port}/d?journal=j`));
  const asked = sql`select 1`.catch(() => {});
  const connection = await listener.accept();
  await endSession(sql);
  await asked;
  // The driver itself gives up a connection after five seconds.
  await assert.rejects(async () => {
    for (let writes = 0; writes < 20; writes++) {
      await connection.write(new Uint8Array(1));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  connection.close();
  listener.close();
});

Deno.test({
  name: "dialler: a host that may not be reached is named at once, before a fail-over needs it",
  permissions: { net: ["127.0.0.1"] },
  fn: () => {
    const { dial } = dialler(["127.0.0.1", "127.0.0.2", "[::1]"], 5000);
    assert.throws(
      () => dial({ host: [], port: [], path: false }),
      new Deno.errors.NotCapable(
        "permission is missing, add --allow-net=127.0.0.2:5000,[::1]:5000",
      ),
    );
  },
});

testWithPostgres(
  "dialler: of several hosts the primary is used, and a missing primary is reported",
  async (
    primary,
  ) => {
    const standby = await PostgresServer.standbyOf(primary, "127.0.0.2", primary.port);
    const url = primary.url("shop").replace("127.0.0.1", "127.0.0.2,127.0.0.1");
    const place = placeIn(url);
    const told: string[] = [];
    const retrying = new Retrying({
      place,
      clock: systemClock,
      warn: (message) => void told.push(message),
    });
    const sql = session(place);
    const ask = () =>
      retrying.until(async () => (await sql`select inet_server_addr() as host`)[0]?.["host"]);
    try {
      assert.equal(await ask(), "127.0.0.1");
      assert.match(told.join(), /does not answer; retrying: it is a standby/);
      await primary.crash();
      const asked = ask();
      await standby.promote();
      assert.equal(await asked, "127.0.0.2");
    } finally {
      await sql.end({ timeout: 1 });
      await standby.end();
    }
  },
);

Deno.test({
  name: `dialler: a session is encrypted on request${LEFT_OUT}`,
  ignore: LEFT_OUT !== "",
  fn: async () => {
    const folder = await ownedFolder();
    const [program = "", ...args] = wordsAsPostgres(
      `openssl req -new -x509 -nodes -subj /CN=localhost -out ${folder}/cert -keyout ${folder}/key`
        .split(" "),
    );
    const quiet = { cwd: "/", stdout: "null", stderr: "null" } as const;
    const { success } = await new Deno.Command(program, { args, ...quiet }).output();
    assert.ok(success);
    const files = [`ssl_cert_file=${folder}/cert`, `ssl_key_file=${folder}/key`];
    const server = await PostgresServer.start(["ssl=on", ...files]);
    const sql = session(placeIn(`${server.url("shop")}&sslmode=require`));
    try {
      const [row] = await sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
      assert.equal(row?.["ssl"], true);
      const { code, output } = await runToEnd({
        journal: `${folder}/copy`,
        args: [`--journal=${server.url("shop")}&sslmode=verify-full`, `--folder=${folder}/copy`],
        env: { DAYBOOK_SECRET_KEY: SECRET_KEY },
      });
      assert.equal(code, 74, output);
      assert.match(output, /Cannot use postgres:\/\/postgres@\S+: self-signed certificate/);
    } finally {
      await sql.end({ timeout: 1 });
      await server.end();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
