/** The screen of limits and pauses: its content is correct, and its forms work. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { TokenList } from "../../src/access/tokens.ts";
import type { JobLimits } from "../../src/mod.ts";
import { locationOf, pageOf, pageText, regionOf, submitForm } from "../support/http/dashboard.ts";
import { formTo } from "../support/http/job_pages.ts";
import { jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";
import { elementOf, textOf } from "./html_text.ts";

const PATH = "/ui/limits";
const input = v.object({ tenant: v.string() });
type Tenant = v.InferOutput<typeof input>;

/** A type whose jobs never end. */
function endless(type: string, limits?: JobLimits<Tenant>): AnyJobDefinition {
  const definition = defineJob({
    type,
    version: 1,
    input,
    ...(limits === undefined ? {} : { limits }),
    run: (ctx) => ctx.task("work", () => new Promise<string>(() => {})),
  });
  return definition as unknown as AnyJobDefinition;
}

const tenantOf = ({ tenant }: Tenant) => tenant;
const MAIL = endless("mail.send", {
  maxRunning: 3,
  key: tenantOf,
  perKey: 2,
  rate: { count: 3, perMs: 60_000 },
});
const PLAIN = endless("plain.do");

async function submit(app: TestApp, type: string, tenants: readonly string[]): Promise<void> {
  for (const tenant of tenants) {
    await jsonOf(await app.post("/jobs", { type, input: { tenant } }), 202);
  }
  await app.clock.settle();
}

/** The visible rows of a type's table. */
async function rowsOf(app: TestApp, type: string): Promise<readonly string[]> {
  const card = elementOf(await pageOf(app, PATH), `limits-${type}`);
  return [...card.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) => textOf(row)).slice(1);
}

Deno.test("limits screen: each limit shows use and remainder, by key and rate, and when the next job may start", async () => {
  const app = await startApp({ definitions: [MAIL, PLAIN] });
  await submit(app, "mail.send", ["<acme>", "<acme>", "<acme>"]);
  assert.deepEqual(await rowsOf(app, "mail.send"), [
    "running 2 3 1 1",
    "running, key <acme> 2 2 0 1",
    "started within 1 min 2 3 1 1",
  ]);
  await app.clock.advance(30_000);
  await submit(app, "mail.send", ["other"]);
  const at = new Date(app.clock.now() + 30_000).toISOString().slice(11, 19);
  assert.deepEqual(await rowsOf(app, "mail.send"), [
    "running 3 3 0 1",
    "running, key <acme> 2 2 0 1",
    "running, key other 1 2 1 0",
    `started within 1 min next at ${at} in 30 s 3 3 0 1`,
  ]);
  const page = await pageOf(app, PATH);
  assert.match(page, /href="\/ui\/jobs\?type=mail\.send&amp;condition=queued"/);
  assert.doesNotMatch(page, /id="limits-plain\.do"/);
});

Deno.test("limits screen: a type that limits only its keys has no row without a limit, also when idle", async () => {
  const app = await startApp({
    definitions: [endless("keyed.do", { key: tenantOf, perKey: 2 })],
  });
  assert.deepEqual(await rowsOf(app, "keyed.do"), ["running, each key 0 2 2 0"]);
  await submit(app, "keyed.do", ["acme"]);
  assert.deepEqual(await rowsOf(app, "keyed.do"), ["running, key acme 1 2 1 0"]);
});

Deno.test("limits screen: of many keys the most used are listed, and the rest counted", async () => {
  const app = await startApp({ definitions: [MAIL] });
  const long = "k".repeat(200);
  const tenants = Array.from({ length: 70 }, (_, at) => `tenant-${at}`);
  await submit(app, "mail.send", [long, long, ...tenants]);
  const rows = await rowsOf(app, "mail.send");
  assert.equal(rows[1], `running, key ${long} 2 2 0 0`);
  assert.equal(rows[21], "and 51 other keys");
});

Deno.test("limits screen: without limits it says how to add them, and the System screen links to it", async () => {
  const app = await startApp({ definitions: [PLAIN] });
  const page = textOf(await pageOf(app, PATH));
  assert.match(page, /Nothing is paused\..*No type of job has limits.*maxRunning: 5/);
  assert.match(await pageOf(app, "/ui/system"), /href="\/ui\/limits"/);
  assert.match(elementOf(await pageOf(app, PATH), "main"), /<option value="plain\.do">/);
});

Deno.test("limits screen: its form shows the limits in force, changes them with a reason, and restores them", async () => {
  const app = await startApp({ definitions: [MAIL, PLAIN] });
  await submit(app, "mail.send", ["a", "a", "a"]);
  const before = elementOf(await pageOf(app, PATH), "change-mail.send");
  const given = [...before.matchAll(/name="(\w+)"[^>]*?value="([^"]*)"/g)]
    .map(([, name, value]) => [name, value]);
  assert.deepEqual(given, [
    ...[["return", PATH], ["type", "mail.send"]],
    ...[["maxRunning", "3"], ["perKey", "2"], ["count", "3"], ["perMs", "1 min"]],
  ]);
  const fields = {
    ...Object.fromEntries(given),
    perKey: "",
    maxRunning: "5",
    reason: "a <contract>",
  };
  const location = await locationOf(await submitForm(app, PATH, fields));
  await app.clock.settle();
  const changed = await pageOf(app, location);
  assert.match(
    textOf(changed),
    /limits of mail\.send are changed: maxRunning 5, rate 3 per 1 min\./,
  );
  assert.match(
    textOf(elementOf(changed, "limits-mail.send")),
    /Changed .*: a <contract> entry \d+ \. The code says: maxRunning 3, perKey 2, rate 3 per 1 min\./,
  );
  assert.equal((await rowsOf(app, "mail.send"))[0], "running 3 5 2 0");

  const { action, fields: back } = formTo(changed, `${PATH}/mail.send/restore`);
  const restored = await pageOf(app, await locationOf(await submitForm(app, action, back)));
  assert.match(textOf(restored), /in force again for mail\.send: maxRunning 3, perKey 2/);
  assert.doesNotMatch(restored, /mail\.send\/restore/);
  const again = await pageOf(app, await locationOf(await submitForm(app, action, back)));
  assert.match(again, /role="alert".*Cannot restore the limits of type &quot;mail\.send&quot;/s);
});

Deno.test("limits screen: the form adds limits to a type without any, and then no longer offers the type", async () => {
  const app = await startApp({ definitions: [MAIL, PLAIN] });
  const form = elementOf(await pageOf(app, PATH), "limit-type");
  assert.deepEqual(form.match(/<option value="[^"]*"/g), [
    '<option value=""',
    '<option value="plain.do"',
  ]);
  const fields = { return: PATH, type: "plain.do", count: "10", perMs: "1h30m", reason: "slow" };
  const page = await pageOf(app, await locationOf(await submitForm(app, PATH, fields)));
  assert.match(textOf(elementOf(page, "limits-plain.do")), /^plain\.do rate 10 per 1 h 30 min /);
  assert.doesNotMatch(page, /id="limit-type"/);
  const { limits } = await jsonOf<{ limits: { type: string; limits: object }[] }>(
    await app.get("/limits"),
    200,
  );
  assert.deepEqual(limits.find(({ type }) => type === "plain.do")?.limits, {
    rate: { count: 10, perMs: 5_400_000 },
  });
});

Deno.test("limits screen: an impossible change shows an error at the form and changes nothing", async () => {
  const app = await startApp({ definitions: [MAIL, PLAIN] });
  const head = app.engine.headLogId;
  const fields = { return: PATH, type: "plain.do", maxRunning: "1", reason: "slow" };
  for (
    const [wrong, where, told, status] of [
      [{ maxRunning: "0" }, "limit-type-maxRunning-issues", "must be at least 1", 422],
      [{ maxRunning: "many" }, "limit-type-maxRunning-issues", "must be a number", 422],
      [{ count: "1" }, "limit-type-perMs-issues", "is required", 422],
      [{ count: "1", perMs: "soon" }, "limit-type-perMs-issues", "must be a duration", 422],
      [{ perKey: "1" }, "other-issues", "/perKey plain.do has no limits.key", 422],
      [{ reason: " " }, "limit-type-reason-issues", "is required", 422],
      [
        { type: "no.such" },
        "limit-type",
        'Cannot limit type "no.such": no definition of this type is loaded',
        404,
      ],
    ] as const
  ) {
    const sent = { ...fields, ...wrong };
    const page = await pageText(await submitForm(app, PATH, sent), status);
    const said = textOf(regionOf(page, where));
    assert.ok(said.includes(told), `${told} is not in ${said}`);
    const form = elementOf(page, "limit-type");
    assert.match(form, /^<details[^>]* open/);
    for (const [name, text] of Object.entries(sent)) {
      if (name !== "type" && name !== "perKey") {
        assert.ok(form.includes(`name="${name}" value="${text}"`), `${name} is still ${text}`);
      }
    }
  }
  assert.equal(app.engine.headLogId, head);
});

Deno.test("limits screen: a refused form keeps what was typed, including emptied fields", async () => {
  const app = await startApp({ definitions: [MAIL, PLAIN] });
  const sent = {
    return: PATH,
    type: "mail.send",
    maxRunning: "",
    perKey: "0",
    count: "",
    perMs: "",
    reason: "<slow>",
  };
  const page = await pageText(await submitForm(app, PATH, sent), 422);
  assert.match(textOf(regionOf(page, "change-mail.send-perKey-issues")), /must be at least 1/);
  assert.match(regionOf(page, "change-mail.send-perKey"), /aria-invalid="true"/);
  const form = elementOf(page, "change-mail.send");
  assert.match(form, /^<details[^>]* open/);
  const values = [...form.matchAll(/name="(\w+)"[^>]*?value="([^"]*)"/g)].map((one) =>
    one.slice(1)
  );
  assert.deepEqual(Object.fromEntries(values), { ...sent, reason: "&lt;slow&gt;" });
  assert.doesNotMatch(elementOf(page, "limit-type"), /^<details[^>]* open/);

  const again = { ...sent, perKey: "1", reason: "slow" };
  const changed = await pageOf(app, await locationOf(await submitForm(app, PATH, again)));
  assert.match(textOf(changed), /limits of mail\.send are changed: perKey 1\./);
});

Deno.test("limits screen: with scope read it shows the use and no form", async () => {
  const token = "reader-token-0123456789";
  const access = new TokenList([{ token, scopes: ["read"] }]);
  const app = await startApp({ definitions: [MAIL, PLAIN], access });
  const headers = { authorization: `Bearer ${token}` };
  const page = await (await app.get(PATH, { ...headers, accept: "text/html" })).text();
  const main = elementOf(page, "main");
  assert.match(textOf(main), /running 0 3 3 0/);
  assert.doesNotMatch(main, /<form/);
  assert.match(textOf(main), /does not have the scope operate , which changing limits needs/);
  for (const action of [PATH, `${PATH}/mail.send/restore`]) {
    const sent = submitForm(app, action, { type: "mail.send" }, { ...headers, accept: "*/*" });
    await problemOf(await sent, 403, "forbidden");
  }
});
