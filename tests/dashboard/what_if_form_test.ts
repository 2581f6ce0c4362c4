import assert from "node:assert/strict";
import {
  EMPTY_WHAT_IF,
  leftOutEntries,
  whatIfDocument,
  whatIfForm,
} from "../../src/dashboard/time_travel/what_if.tsx";

const PLAN = { expected: [{ id: "a", eventType: "ec.A" }] };

function documentOf(fields: Partial<typeof EMPTY_WHAT_IF>) {
  return whatIfDocument({ ...EMPTY_WHAT_IF, ...fields }, PLAN);
}

Deno.test("whatIfDocument: empty fields and an unchanged plan suppose nothing", () => {
  const form = whatIfForm(new URLSearchParams({ with: " ", plan: JSON.stringify(PLAN, null, 2) }));
  assert.deepEqual(whatIfDocument(form, PLAN), { document: {}, issues: [] });
  assert.deepEqual(documentOf({}), { document: {}, issues: [] });
});

Deno.test("whatIfDocument: every field has its member", () => {
  const fields = new URLSearchParams([
    ["without", "7"],
    ["without", "9"],
    ["with", '[{"eventType":"ec.A"}]'],
    ["plan", '{"expected":[]}'],
    ["upTo", " 12 "],
    ["limits", '{"maxRunning":6}'],
  ]);
  const form = whatIfForm(fields);
  assert.deepEqual(whatIfDocument(form, PLAN).document, {
    without: [7, 9],
    with: [{ eventType: "ec.A" }],
    plan: { expected: [] },
    upTo: "12",
    limits: { maxRunning: 6 },
  });
  assert.deepEqual([...leftOutEntries(form)], [7, 9]);
});

Deno.test("whatIfDocument: one event needs no brackets", () => {
  const { document } = documentOf({ with: '{"eventType":"ec.A"}' });
  assert.deepEqual(document, { with: [{ eventType: "ec.A" }] });
});

Deno.test("whatIfDocument: invalid JSON is reported by line and column", () => {
  const { issues } = documentOf({ with: '[\r\n  {"eventType": oops}\r\n]', plan: '{"expected"' });
  assert.deepEqual(issues, [
    { pointer: "/with", detail: "is not JSON: unexpected character in line 2, column 17" },
    { pointer: "/plan", detail: "is not JSON: it ends too early" },
  ]);
});

Deno.test("whatIfDocument: a value that is not allowed in JSON is reported by its pointer", () => {
  const { issues } = documentOf({ with: '[{"__proto__":1}]' });
  assert.deepEqual(issues.map(({ pointer }) => pointer), ["/with/0/__proto__"]);
});

Deno.test("whatIfDocument: an entry that is not a number is passed on to be refused", () => {
  assert.deepEqual(documentOf({ without: ["x"] }).document, { without: ["x"] });
  assert.equal(leftOutEntries({ ...EMPTY_WHAT_IF, without: ["x"] }).size, 0);
});
