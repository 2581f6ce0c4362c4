/** A file of tokens that changes while the server runs. */

import assert from "node:assert/strict";
import { timingSafeEqual } from "node:crypto";
import { SCOPES, TokenList } from "../../src/access/tokens.ts";
import { firstToken, readTokenLines, TokenFile } from "../../src/settings/token_file.ts";

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

// Reads the lines of a token file.

const FIRST = "first-token-0123456789";
const SECOND = "second-token-0123456789";

Deno.test("readTokenLines: a token without scopes has all scopes", () => {
  for (const text of [FIRST, `${FIRST}\n`, `  ${FIRST} \r\n\r\n`]) {
    assert.deepEqual(readTokenLines(text), {
      tokens: [{ token: FIRST, scopes: SCOPES }],
      problems: [],
    });
  }
});

Deno.test("readTokenLines: scopes and a name follow the token; comments and blank lines are skipped", () => {
  const text = `# of the shop\n${FIRST} submit,read shop\n\n\t# later\n${SECOND}\toperate\n`;
  assert.deepEqual(readTokenLines(text), {
    tokens: [
      { token: FIRST, scopes: ["read", "submit"], name: "shop" },
      { token: SECOND, scopes: ["operate"] },
    ],
    problems: [],
  });
});

Deno.test("readTokenLines: errors name the line number and never quote the line", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /it has no token/],
    ["# only this", /it has no token/],
    ["short", /line 1: the token is shorter than 16 characters/],
    [`\nread ${FIRST}`, /line 2: .*; line 2: the second word must name scopes/],
    [`${FIRST} read,write`, /line 1: the second word must name scopes.*: read, submit, operate$/],
    [`${FIRST} read,`, /the second word must name scopes/],
    [`${FIRST} read a/b`, /the name must be/],
    [`${FIRST} read a b`, /there are more words than/],
    [`${FIRST}\u00e9`, /other than visible ASCII/],
    [`${FIRST}\n${FIRST} read`, /it has a token twice/],
  ];
  for (const [text, expected] of wrong) {
    const problems = readTokenLines(text).problems.join("; ");
    assert.match(problems, expected);
    assert.ok(!problems.includes(FIRST), problems);
  }
});

Deno.test("firstToken: a client sends the first token of a file", () => {
  assert.equal(firstToken(`# mine\n${FIRST} read me\n${SECOND}\n`), FIRST);
  assert.equal(firstToken("# none\n"), undefined);
});

Deno.test("TokenList: each token has its own scopes, and a similar text has none", () => {
  const list = new TokenList([
    { token: FIRST, scopes: ["read"] },
    { token: SECOND, scopes: ["submit"] },
  ]);
  assert.deepEqual([list.holderOf(FIRST)?.scopes, list.holderOf(SECOND)?.scopes], [["read"], [
    "submit",
  ]]);
  const nears = ["", "\0", FIRST.slice(1), `${FIRST}x`, `${FIRST}\0`, FIRST.toUpperCase()];
  // The second is the longest of the list.
  const longer = ["x", "xy", "xyz", "\0", "\0\0", "x".repeat(70_000)].map((end) => SECOND + end);
  for (const near of [...nears, ...longer, "x".repeat(65_535), "\uffff".repeat(7)]) {
    assert.equal(list.holderOf(near)?.scopes, undefined, near.slice(0, 40));
    assert.deepEqual([list.holderOf(FIRST)?.scopes, list.holderOf(SECOND)?.scopes], [["read"], [
      "submit",
    ]]);
  }
  assert.equal(new TokenList([]).holderOf("x"), undefined);
});

Deno.test("TokenList: any text is compared with every token, at one length, in constant time", () => {
  const tokens = [FIRST, SECOND, `${FIRST}-longest`]
    .map((token) => ({ token, scopes: SCOPES }));
  const lengths: number[][] = [];
  const list = new TokenList(tokens, (given, known) => {
    lengths.push([given.length, known.length]);
    return timingSafeEqual(given, known);
  });
  const wrong = ["", "x", FIRST.slice(0, -1), `x${FIRST.slice(1)}`, "x".repeat(70_000)];
  for (const token of [...tokens.map((one) => one.token), ...wrong]) {
    lengths.length = 0;
    assert.equal(list.holderOf(token) === undefined, wrong.includes(token), token.slice(0, 40));
    const length = lengths[0]?.[0];
    assert.deepEqual(lengths, tokens.map(() => [length, length]), token.slice(0, 40));
    assert.ok(length !== undefined && length > `${FIRST}-longest`.length);
  }
});
