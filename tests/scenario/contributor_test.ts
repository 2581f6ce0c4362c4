/** Takes the steps of ARCHITECTURE.md, "Where to add", in a copy, and counts the files it touches. */

import assert from "node:assert/strict";
import { type Checkout, inCheckout } from "../support/process/checkout.ts";
import { ROOT, wordsOfTask } from "../support/process/task_process.ts";
import { TextLineStream } from "../support/text_lines.ts";

const ROUTE_FILE = "src/http/routes/system.ts";
const TEXTS_FILE = "src/explain/words/event_texts.ts";
const SCREEN_FILE = "src/dashboard/hello/screen.tsx";
const SCREENS_FILE = "src/dashboard/routes.ts";

const ROUTE = `{
    method: "GET",
    path: "/journal/hello",
    scope: "read",
    operation: currentState("sayHello", "Say hello", strictObject({ hello: text }), {
      description: "An example of a route.",
    }),
    handle: () => jsonResponse({ hello: "journal" }, STATUS.ok),
  },`;

const SCREEN = `import type { Route } from "../../http/routing/route.ts";
import { page } from "../page.tsx";

export const HELLO_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/ui/hello",
  scope: "read",
  handle: (c, deps) => page(c, deps, { title: "Hello", body: <h1>Hello</h1> }),
}];
`;

async function edit(folder: string, path: string, from: string, to: string): Promise<void> {
  const text = await Deno.readTextFile(`${folder}/${path}`);
  assert.ok(text.includes(from), `${path} lacks ${from}`);
  await Deno.writeTextFile(`${folder}/${path}`, text.replace(from, () => to));
}

async function addRoute(folder: string): Promise<void> {
  const list = "SYSTEM_ROUTES: readonly Route[] = [\n  ";
  await edit(folder, ROUTE_FILE, list, `${list}${ROUTE}\n  `);
}

async function addScreen(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/src/dashboard/hello`);
  await Deno.writeTextFile(`${folder}/${SCREEN_FILE}`, SCREEN);
  const first = 'import { ASSET_ROUTES } from "./assets.ts";\n';
  const imported = 'import { HELLO_ROUTES } from "./hello/screen.tsx";\n';
  await edit(folder, SCREENS_FILE, first, first + imported);
  await edit(
    folder,
    SCREENS_FILE,
    "  ...ASSET_ROUTES,\n",
    "  ...ASSET_ROUTES,\n  ...HELLO_ROUTES,\n",
  );
}

async function changeText(folder: string): Promise<void> {
  const said = 'fact: () => "The job has started: a second start changes nothing."';
  await edit(folder, TEXTS_FILE, said, 'fact: () => "Hello."');
}

/** Changed or new files, compared with the repository. */
async function touched(folder: string, path = "src"): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${path}`)) {
    const inner = `${path}/${name}`;
    if (isDirectory) found.push(...await touched(folder, inner));
    else {
      const original = await Deno.readTextFile(ROOT + inner).catch(() => undefined);
      if (await Deno.readTextFile(`${folder}/${inner}`) !== original) found.push(inner);
    }
  }
  return found;
}

const TOKEN = "a-token-of-the-newcomer";

/** Starts the server of a checkout, as `deno task start` does there. */
async function withServer(
  { folder, env }: Checkout,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...wordsOfTask("start"), "--port=0"],
    cwd: folder,
    env: { ...env, DAYBOOK_TOKEN: TOKEN },
    stdout: "piped",
  }).spawn();
  try {
    for await (const line of child.stdout.pipeThrough(new TextLineStream())) {
      const url = /^listening on (http:\S+)/.exec(line)?.[1];
      if (url !== undefined) await run(url);
      if (url !== undefined) break;
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

Deno.test("contributor: a route takes one file, a screen a file and a line, a text one file", async () => {
  await inCheckout(async (checkout) => {
    const { folder } = checkout;
    await addRoute(folder);
    assert.deepEqual(await touched(folder), [ROUTE_FILE]);
    await changeText(folder);
    await addScreen(folder);
    assert.deepEqual(
      (await touched(folder)).toSorted(),
      [SCREEN_FILE, SCREENS_FILE, TEXTS_FILE, ROUTE_FILE].toSorted(),
    );
    let checked = false;
    await withServer(checkout, async (url) => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const get = (path: string) => fetch(url + path, { headers });
      const route = await get("/journal/hello");
      assert.deepEqual([route.status, await route.json()], [200, { hello: "journal" }]);
      const stranger = await fetch(`${url}/journal/hello`);
      await stranger.body?.cancel();
      assert.equal(stranger.status, 401);
      const posted = await fetch(`${url}/journal/hello`, { method: "POST", headers });
      await posted.body?.cancel();
      assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
      const { paths } = await (await get("/openapi.json")).json();
      const { operationId, security, responses } = paths["/journal/hello"].get;
      assert.deepEqual([operationId, security], ["sayHello", [{ bearer: ["read"] }]]);
      assert.deepEqual(responses[200].content["application/json"].example, { hello: "text" });
      assert.match(await (await get("/ui/reference")).text(), /curl [^\n]*\/journal\/hello/);
      const screen = await (await get("/ui/hello")).text();
      assert.match(screen, /<title>Hello · Daybook<\/title>.*<h1>Hello<\/h1>/s);
      checked = true;
    });
    assert.ok(checked, "the server did not start");
  });
});
