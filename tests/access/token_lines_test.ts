/** Reads the lines of a token file. */

import assert from "node:assert/strict";
import { timingSafeEqual } from "node:crypto";
import { SCOPES, TokenList } from "../../src/access/tokens.ts";
import { firstToken, readTokenLines } from "../../src/access/token_lines.ts";

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
