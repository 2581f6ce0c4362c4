/** A file of tokens that changes while the server runs. */

import assert from "node:assert/strict";
import { SCOPES } from "../../src/access/tokens.ts";
import { TokenFile } from "../../src/settings/token_file.ts";

const OLD = "old-token-0123456789";
const NEW = "new-token-0123456789";

function openFile() {
  const state = { text: OLD as string | undefined, atMs: 0, reads: 0 };
  const warnings: string[] = [];
  const file = new TokenFile({
    path: "tokens",
    tokens: [{ token: OLD, scopes: SCOPES }],
    readTextFile: () => {
      state.reads += 1;
      if (state.text === undefined) throw new Error("No such file");
      return state.text;
    },
    monotonic: () => state.atMs,
    warn: (message) => warnings.push(message),
  });
  return { state, warnings, file };
}

Deno.test("TokenFile: a rotated token works within a second, and the old one does not", () => {
  const { state, warnings, file } = openFile();
  assert.deepEqual(file.holderOf(OLD)?.scopes, SCOPES);
  state.text = `${NEW} read\n`;
  state.atMs = 999;
  assert.deepEqual(file.holderOf(OLD)?.scopes, SCOPES);
  state.atMs = 1_000;

  assert.equal(file.holderOf(OLD)?.scopes, undefined);
  assert.deepEqual(file.holderOf(NEW)?.scopes, ["read"]);
  assert.deepEqual(warnings, ["the token file tokens was reloaded: 1 tokens are valid"]);
});

Deno.test("TokenFile: it is read once a second at most, however many ask", () => {
  const { state, file } = openFile();
  for (let request = 0; request < 1_000; request++) {
    state.atMs = request * 2;
    file.holderOf(OLD)?.scopes;
  }
  assert.equal(state.reads, 2);
});

for (const [what, text] of [["missing", undefined], ["empty", ""], ["invalid", "x"]] as const) {
  Deno.test(`TokenFile: one that is ${what} keeps the old tokens, and is reported once`, () => {
    const { state, warnings, file } = openFile();
    file.holderOf(OLD)?.scopes;
    state.text = text;
    for (let second = 1; second <= 5; second++) {
      state.atMs = second * 1_000;
      assert.deepEqual(file.holderOf(OLD)?.scopes, SCOPES);
    }
    state.text = NEW;
    state.atMs = 6_000;

    assert.deepEqual([file.holderOf(OLD)?.scopes, file.holderOf(NEW)?.scopes], [undefined, SCOPES]);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? "", /^Cannot use the token file tokens: .*stay valid$/);
    assert.match(warnings[1] ?? "", /reloaded/);
  });
}

Deno.test("TokenFile: it lists the names of valid tokens, never the tokens", () => {
  const { state, file } = openFile();
  state.text = `${NEW} read,submit shop\n`;
  state.atMs = 1_000;
  assert.deepEqual(file.holders(), [{ scopes: ["read", "submit"], name: "shop" }]);
});
