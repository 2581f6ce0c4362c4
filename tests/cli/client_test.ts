/** Where a command finds its server, and how it shows that it may ask. */

import assert from "node:assert/strict";
import { Client, type Fetch, SERVER_OPTIONS } from "../../src/cli/client.ts";
import { type Command, CommandError, runCommand } from "../../src/cli/command.ts";
import { FakeTerminal } from "../support/fake_terminal.ts";
import { inFolder } from "../support/temporary_folder.ts";

interface Asked {
  readonly url: string;
  readonly authorization: string | null;
}

/** What a command asked for that only asks for `/x`. */
async function asked(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  before: () => void = () => {},
): Promise<Asked> {
  const requests: Asked[] = [];
  const fetchOf: Fetch = (url, { headers }) => {
    requests.push({ url, authorization: new Headers(headers).get("authorization") });
    return Promise.resolve(Response.json({}));
  };
  const ask: Command = {
    name: "ask",
    summary: "ask",
    positionals: "",
    arity: [0, 0],
    options: SERVER_OPTIONS,
    examples: [],
    async run(input) {
      const client = Client.of(input, fetchOf);
      before();
      await client.get("/x");
      return 0;
    },
  };
  const terminal = new FakeTerminal();
  const sources = { program: "deno task", terminal, env: (name: string) => env[name] };
  assert.equal(await runCommand([ask], ["ask", ...args], sources), 0, terminal.errors.join());
  return requests[0] as Asked;
}

Deno.test("Client.of: the option, then the environment, then the journal, then the default", () =>
  inFolder(async (journal) => {
    const env = { DAYBOOK_URL: "http://of-env:1/" };
    const nowhere = await asked(["--journal", journal]);
    await Deno.writeTextFile(`${journal}/LOCK`, "http://127.0.0.1:4711\n");
    const urls = [
      nowhere,
      await asked(["--journal", journal]),
      await asked(["--journal", journal], env),
      await asked(["--journal", journal, "--url", "localhost:9"], env),
    ].map(({ url }) => url);

    assert.deepEqual(urls, [
      "http://127.0.0.1:8000/x",
      "http://127.0.0.1:4711/x",
      "http://of-env:1/x",
      "http://localhost:9/x",
    ]);
  }));

Deno.test("Client.of: a server that started again with another port is found", () =>
  inFolder(async (journal) => {
    const lock = `${journal}/LOCK`;
    Deno.writeTextFileSync(lock, "http://127.0.0.1:1\n");
    const { url } = await asked(["--journal", journal], {}, () => {
      Deno.writeTextFileSync(lock, "http://127.0.0.1:2\n");
    });
    assert.equal(url, "http://127.0.0.1:2/x");
  }));

Deno.test("Client.of: a server on all addresses is asked on this machine", () =>
  inFolder(async (journal) => {
    for (const address of ["0.0.0.0:5", "[::]:5"]) {
      await Deno.writeTextFile(`${journal}/LOCK`, `http://${address}\n`);
      assert.equal((await asked(["--journal", journal])).url, "http://127.0.0.1:5/x");
    }
  }));

Deno.test("Client.of: the token of the file, else of the environment, else none", () =>
  inFolder(async (folder) => {
    const file = `${folder}/token`;
    await Deno.writeTextFile(file, "from-file\n");
    const env = { DAYBOOK_TOKEN: "from-env\n", DAYBOOK_TOKEN_FILE: file };
    const tokens = [
      await asked([]),
      await asked([], env),
      await asked([], { DAYBOOK_TOKEN_FILE: file }),
      await asked(["--token-file", file], env),
    ].map(({ authorization }) => authorization);

    assert.deepEqual(tokens, [null, "Bearer from-env", "Bearer from-file", "Bearer from-file"]);
  }));

Deno.test("Client: an answer that ends early is a lost connection, and no defect", async () => {
  const cut = (status: number) =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.error(new TypeError("error reading a body from connection"));
        },
      }),
      { status },
    );
  for (const status of [200, 500]) {
    const client = new Client("http://here", undefined, () => Promise.resolve(cut(status)));
    await assert.rejects(client.get("/x"), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.exitCode, 69);
      assert.equal(error.message, "lost the connection to http://here amid its answer");
      return true;
    });
  }
});

Deno.test("Client: a server that falls silent, before its answer or in it, is given up", async () => {
  for (const said of ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = listener.accept().then(async (connection) => {
      await connection.write(new TextEncoder().encode(said));
      return connection;
    });
    const url = `http://127.0.0.1:${listener.addr.port}`;
    const client = new Client(url, undefined, fetch, 50);
    await assert.rejects(client.get("/x"), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.exitCode, 69);
      assert.equal(error.message, `gave up on ${url}: it does not answer`);
      return true;
    });
    (await served).close();
  }
});

Deno.test("Client: a problem with strange issues is told as far as it goes", async () => {
  const problem = { detail: "no", errors: [null, 5, { pointer: "/a", detail: "is bad" }] };
  const client = new Client(
    "http://here",
    undefined,
    () => Promise.resolve(Response.json(problem, { status: 422 })),
  );
  await assert.rejects(client.get("/x"), /^CommandError: no: \/a is bad \(422\)$/);
});

Deno.test("runCommand: what was given is told back without its controls", async () => {
  const terminal = new FakeTerminal();
  const sources = { program: "deno task", terminal, env: () => undefined };
  assert.equal(await runCommand([], ["\x1b[31m"], sources), 64);
  assert.match(terminal.errors.join(), /there is no command \\u001b\[31m/);
});
