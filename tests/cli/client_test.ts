/** How a command finds its server and its token. */

import * as v from "valibot";
import assert from "node:assert/strict";
import { Client, type Fetch } from "../../src/cli/client.ts";
import { SERVER_OPTIONS } from "../../src/cli/server_address.ts";
import { type Command, CommandError, runCommand } from "../../src/cli/command.ts";
import { FakeTerminal } from "../support/process/fake_terminal.ts";
import { inFolder } from "../support/temporary_folder.ts";

interface Asked {
  readonly url: string;
  readonly authorization: string | null;
}

type Environment = Readonly<Record<string, string>>;

/** The requests of a command that only requests `/x`. */
async function asked(
  args: readonly string[],
  env: Environment = {},
  before: () => void = () => {},
): Promise<Asked> {
  const { code, errors, requests } = await ran(args, env, before);
  assert.equal(code, 0, errors);
  return requests[0] as Asked;
}

/** The result of such a command that sent no request. */
async function refused(args: readonly string[], env: Environment = {}) {
  const { code, errors, requests } = await ran(args, env);
  assert.deepEqual(requests, []);
  return [code, errors] as const;
}

/** The result of such a command when nothing listens. */
async function unreached(args: readonly string[]) {
  const refuse = () => Promise.reject(new TypeError("connection refused"));
  const { code, errors } = await ran(args, {}, () => {}, refuse);
  return [code, errors] as const;
}

async function ran(
  args: readonly string[],
  env: Environment,
  before = () => {},
  answer: () => Promise<Response> = () => Promise.resolve(Response.json({})),
) {
  const requests: Asked[] = [];
  const fetchOf: Fetch = (url, { headers }) => {
    requests.push({ url, authorization: new Headers(headers).get("authorization") });
    return answer();
  };
  const ask: Command = {
    name: "ask",
    summary: "ask",
    options: SERVER_OPTIONS,
    examples: [],
    async run(input) {
      const client = Client.of(input, fetchOf);
      before();
      await client.get(v.unknown(), "/x");
      return 0;
    },
  };
  const terminal = new FakeTerminal();
  const sources = { program: "deno task daybook", terminal, env: (name: string) => env[name] };
  const code = await runCommand([ask], ["ask", ...args], sources);
  return { code, errors: terminal.errors.join(), requests };
}

/** A running server, which holds the lock of the journal, with its address in it. */
async function holding(
  journal: string,
  url: string,
  run: (lock: Deno.FsFile) => Promise<void>,
): Promise<void> {
  using lock = await Deno.open(`${journal}/LOCK`, { write: true, create: true, truncate: true });
  assert.ok(await lock.tryLock(true));
  await Deno.writeTextFile(`${journal}/LOCK`, `${url}\n`);
  await run(lock);
}

Deno.test("Client.of: flags win over the environment, and an address over a journal", () =>
  inFolder((journal) =>
    holding(journal, "http://127.0.0.1:4711", async () => {
      const env = { DAYBOOK_URL: "http://of-env:1/" };
      const inherited = { DAYBOOK_JOURNAL: journal };
      const urls = [
        await asked([]),
        await asked(["--journal", journal]),
        await asked(["--journal", journal], env),
        await asked([], inherited),
        await asked([], { ...inherited, ...env }),
        await asked(["--url", "localhost:9"], { ...inherited, ...env }),
      ].map(({ url }) => url);

      assert.deepEqual(urls, [
        "http://127.0.0.1:8000/x",
        "http://127.0.0.1:4711/x",
        "http://127.0.0.1:4711/x",
        "http://127.0.0.1:4711/x",
        "http://of-env:1/x",
        "http://localhost:9/x",
      ]);
      assert.deepEqual(await refused(["--journal", journal, "--url", "localhost:9"]), [
        64,
        "daybook: --url and --journal both name the server: give only one; " +
        "see deno task daybook ask --help",
      ]);
    })
  ));

Deno.test("Client.of: an address with a path is refused", async () => {
  assert.deepEqual(await refused(["--url", "http://127.0.0.1:8000/jobs"]), [
    64,
    "daybook: --url must be an address without a path, such as http://127.0.0.1:8000, not " +
    "http://127.0.0.1:8000/jobs; see deno task daybook ask --help",
  ]);
});

Deno.test("Client.of: a named journal without a server does not lead to another server", () =>
  inFolder(async (journal) => {
    const none = (folder: string) => [
      69,
      `daybook: no server holds ${folder}; deno task start --journal ${folder} starts one, ` +
      "--url names another",
    ];
    assert.deepEqual(await refused(["--journal", `${journal}/nope`]), none(`${journal}/nope`));
    assert.deepEqual(await refused([], { DAYBOOK_JOURNAL: journal }), none(journal));
    // A killed server leaves its address; the port may belong to another process by now.
    await Deno.writeTextFile(`${journal}/LOCK`, "http://127.0.0.1:8000\n");
    assert.deepEqual(await refused(["--journal", journal]), none(journal));
    // A starting server holds the lock, but does not listen yet.
    await holding(journal, "", async () => {
      assert.deepEqual(await refused(["--journal", journal]), none(journal));
    });
  }));

Deno.test("Client.of: a server that restarted on another port is found", () =>
  inFolder((journal) =>
    holding(journal, "http://127.0.0.1:1", async () => {
      const { url } = await asked(["--journal", journal], {}, () => {
        Deno.writeTextFileSync(`${journal}/LOCK`, "http://127.0.0.1:2\n");
      });
      assert.equal(url, "http://127.0.0.1:2/x");
    })
  ));

Deno.test("Client.of: a server that listens on all addresses is called on the loopback", () =>
  inFolder(async (journal) => {
    for (const address of ["0.0.0.0:5", "[::]:5"]) {
      await holding(journal, `http://${address}`, async () => {
        assert.equal((await asked(["--journal", journal])).url, "http://127.0.0.1:5/x");
      });
    }
  }));

Deno.test("Client.of: an empty variable counts as unset, as for a server", async () => {
  const empty = { DAYBOOK_URL: "", DAYBOOK_JOURNAL: "", DAYBOOK_TOKEN: "", DAYBOOK_TOKEN_FILE: "" };
  assert.deepEqual(await asked([], empty), {
    url: "http://127.0.0.1:8000/x",
    authorization: null,
  });
});

Deno.test("Client.of: the token comes from the file, else from the environment, else there is none", () =>
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

Deno.test("Client.of: a token file without an end is refused", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const [code, errors] = await refused(["--token-file", "/dev/zero"]);
  assert.equal(code, 64);
  assert.match(errors, /cannot read the token from \/dev\/zero: it is longer than 1 MiB$/);
});

Deno.test("Client: an answer that ends early is a lost connection, not a defect", async () => {
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
    await assert.rejects(client.get(v.unknown(), "/x"), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.exitCode, 69);
      assert.equal(error.message, "lost the connection to http://here during its answer");
      return true;
    });
  }
});

Deno.test("Client: a server that falls silent before or during its answer is given up", async () => {
  for (const said of ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = listener.accept().then(async (connection) => {
      await connection.write(new TextEncoder().encode(said));
      return connection;
    });
    const url = `http://127.0.0.1:${listener.addr.port}`;
    const client = new Client(url, undefined, fetch, 50);
    await assert.rejects(client.get(v.unknown(), "/x"), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.exitCode, 69);
      assert.equal(error.message, `gave up on ${url}: it does not answer`);
      return true;
    });
    (await served).close();
  }
});

Deno.test("Client: a problem with malformed issues is printed as far as it can be read", async () => {
  const problem = { detail: "no", errors: [null, 5, { pointer: "/a", detail: "is bad" }] };
  const client = new Client(
    "http://here",
    undefined,
    () => Promise.resolve(Response.json(problem, { status: 422 })),
  );
  await assert.rejects(client.get(v.unknown(), "/x"), /^CommandError: no: \/a is bad \(422\)$/);
});

Deno.test("Client: the reason that another program gives is printed, text or not", async () => {
  const missing = [{ loc: ["query", "q"], msg: "Field required", type: "missing" }];
  const shown = '[{"loc":["query","q"],"msg":"Field required","type":"missing"}]';
  for (
    const [problem, message] of [
      [{ detail: missing }, shown],
      [{ detail: { toString: 1 }, type: { toString: 1 } }, '{"toString":1}'],
      [{ detail: 5, title: "Not Found", type: "constructor" }, "Not Found"],
      [{ error: "x" }, "no reason was given"],
    ] as const
  ) {
    const answer = () => Promise.resolve(Response.json(problem, { status: 422 }));
    const client = new Client("http://here", undefined, answer);
    await assert.rejects(
      client.get(v.unknown(), "/x"),
      (error) => error instanceof CommandError && error.message === `${message} (422)`,
    );
  }
});

Deno.test("Client.of: without a server the message names the journal and what was tried", async () => {
  const [code, errors] = await unreached([]);
  assert.equal(code, 69);
  assert.equal(
    errors,
    "daybook: no server holds journal/, and http://127.0.0.1:8000 does not answer; " +
      "deno task start starts one, --url names another address",
  );
  assert.match(
    (await unreached(["--url", "localhost:9"]))[1],
    /cannot reach http:\/\/localhost:9:/,
  );
});

Deno.test("runCommand: arguments are quoted without control characters", async () => {
  const terminal = new FakeTerminal();
  const sources = { program: "deno task daybook", terminal, env: () => undefined };
  assert.equal(await runCommand([], ["\x1b[31m"], sources), 64);
  assert.match(terminal.errors.join(), /there is no command \\u001b\[31m/);
});
