/** The files of the dashboard. */

import assert from "node:assert/strict";
import { assetPath } from "../../src/dashboard/assets.ts";
import { pageOf } from "../support/http/dashboard.ts";
import { problemOf, startApp } from "../support/http/http_app.ts";

Deno.test("assets: every file that a page names exists, and can be cached forever", async () => {
  const app = await startApp({ token: "s3cret-token-0123456789" });
  const text = await pageOf(app, "/ui/sign-in");
  const paths = [...text.matchAll(/(?:src|href)="(\/ui\/assets\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(paths.length >= 5);
  for (const path of paths) {
    const response = await app.get(path ?? "");
    assert.equal(response.status, 200, path);
    assert.notEqual(await response.text(), "");
    assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("assets: their names change with their content", () => {
  assert.match(assetPath("base.css"), /^\/ui\/assets\/base\.[\w-]{10}\.css$/);
});

Deno.test("assets: no other name leads to a file, however it is spelled", async () => {
  const app = await startApp();
  for (const name of ["base.css", "..%2f..%2fdeno.json", "%2e%2e", "constructor", "__proto__"]) {
    await problemOf(await app.get(`/ui/assets/${name}`), 404, "not-found");
  }
});
