import assert from "node:assert/strict";
import fc from "fast-check";
import {
  errorFingerprint,
  FINGERPRINT_PATTERN,
  jobFingerprint,
  messageTemplate,
} from "../../src/core/error_fingerprint.ts";
import { taskId } from "../../src/core/ids.ts";
import type { Failure, JobState } from "../../src/core/job_state.ts";
import { anyCharacter } from "../support/any_character.ts";

const TEMPLATES: readonly (readonly [message: string, template: string])[] = [
  ["order 4711 is gone", "order * is gone"],
  ["order-4711 is gone", "order-* is gone"],
  ["customer cus_9s8XhdKJ owes 1,234.56 EUR, or -5%", "customer * owes * EUR, or *"],
  ["connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED *"],
  ["cannot open /var/lib/app/my.db: no space left", "cannot open *: no space left"],
  ["cannot open C:\\app\\my.db or ./my.db", "cannot open *"],
  ["read/write and either/or stay", "read/write and either/or stay"],
  ["the user's key \"a b\" can't be 'c d' here", "the user's key * can't be * here"],
  ["cannot parse “one” nor ‘two’ nor `three`", "cannot parse * nor * nor *"],
  ["took 1.5s at 2026-01-02T03:04:05.678Z, not 12:30", "took * at *, not *"],
  ["job job_01J9ZXYZABCDEFGHJKMNPQRSTV failed", "job * failed"],
  ["no abcdefab-e29b-41d4-a716-446655440000 here", "no * here"],
  ["no 0xdeadbeef nor deadbeefcafe here", "no * nor * here"],
  ["GET https://bank.example/pay?id=1 failed", "GET * failed"],
  ["mail to ann.b+c@shop.example bounced", "mail to * bounced"],
  ["missing 1, 2, 3 and 4 of them", "missing * of them"],
  ["two\r\n  lines\tof \u202e text", "two lines of text"],
  ["", ""],
];

for (const [message, template] of TEMPLATES) {
  Deno.test(`messageTemplate: ${JSON.stringify(message)} is ${JSON.stringify(template)}`, () => {
    assert.equal(messageTemplate(message), template);
  });
}

function of(message: string, type = "order.fulfil", task = "charge", name = "BankDown"): string {
  return errorFingerprint({ type, taskId: taskId(task), error: { name, message } });
}

Deno.test("errorFingerprint: it is the same on every machine and in every run", () => {
  assert.equal(of("the bank refused order 17"), "8ccb1fcbccc6");
});

Deno.test("errorFingerprint: the stack does not count", () => {
  const error = { name: "BankDown", message: "down" };
  assert.equal(
    errorFingerprint({ error: { ...error, stack: "at a.ts:1" } }),
    errorFingerprint({ error }),
  );
});

Deno.test("errorFingerprint: another type, task, name or word gives another fingerprint", () => {
  const all = [
    of("the bank is down"),
    of("the bank is shut"),
    of("the bank is down", "order.refund"),
    of("the bank is down", "order.fulfil", "refund"),
    of("the bank is down", "order.fulfil", "charge", "BankShut"),
    errorFingerprint({ error: { name: "BankDown", message: "the bank is down" } }),
  ];
  assert.equal(new Set(all).size, all.length);
});

Deno.test("errorFingerprint: another code or cause gives another, a number in a cause does not", () => {
  const outer = { name: "Error", message: "payment failed" };
  const caused = (message: string, name = "Error") =>
    errorFingerprint({ error: { ...outer, cause: { name, message } } });
  const all = [
    errorFingerprint({ error: outer }),
    errorFingerprint({ error: { ...outer, code: "E1" } }),
    errorFingerprint({ error: { ...outer, errors: [{ message: "refused" }] } }),
    errorFingerprint({ error: { ...outer, cause: { message: "refused" } } }),
    errorFingerprint({ error: { ...outer, cause: { message: "refused", code: 7 } } }),
    caused("refused"),
    caused("no route"),
    caused("refused", "BankDown"),
  ];
  assert.equal(new Set(all).size, all.length);
  assert.equal(caused("order 17 is unknown"), caused("order 18 is unknown"));
});

const HEX = "0123456789abcdef";
const hexadecimal = (length: number) =>
  fc.string({ unit: fc.constantFrom(...HEX), minLength: length, maxLength: length });
const words = fc.stringMatching(/^[g-z]{3,9}$/);

/** Variable parts of messages, in each of the recognized forms. */
const varying: fc.Arbitrary<string> = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map(String),
  fc.uuid(),
  fc.ulid(),
  fc.ulid().map((ulid) => `job_${ulid}`),
  hexadecimal(40),
  fc.ipV4(),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2100") })
    .map((date) => date.toISOString()),
  words.map((word) => `"${word} ${word}"`),
  fc.array(words, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`),
  words.map((word) => `https://${word}.example/${word}`),
  words.map((word) => `${word}@${word}.example`),
);

Deno.test("errorFingerprint: messages that differ only in variable parts share one fingerprint", () => {
  const message = fc.array(fc.tuple(words, varying, varying), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(message, (parts) => {
    const [one, other] = [1, 2].map((at) =>
      parts.map((part) => `${part[0]} ${part[at]}`).join(" ")
    );
    assert.equal(of(one ?? ""), of(other ?? ""), messageTemplate(one ?? ""));
  }));
});

Deno.test("errorFingerprint: messages that differ in a word have different fingerprints", () => {
  fc.assert(fc.property(words, words, varying, (one, other, value) => {
    fc.pre(one !== other);
    assert.notEqual(of(`${one} ${value}`), of(`${other} ${value}`));
  }));
});

Deno.test("errorFingerprint: any text has a stable fingerprint of twelve digits", () => {
  const anything = fc.string({ unit: anyCharacter, maxLength: 5_000 });
  fc.assert(fc.property(anything, (message) => {
    assert.match(of(message), FINGERPRINT_PATTERN);
    assert.equal(of(message), of(message));
    assert.ok(messageTemplate(message).length <= 300);
  }));
});

Deno.test("messageTemplate: a very long message is cut at a place that variable parts do not move", () => {
  const long = (id: string) => `the bank refused ${id} ${"and so on ".repeat(500)}`;
  assert.equal(messageTemplate(long("7")), messageTemplate(long("4711-4712-4713")));
});

Deno.test("jobFingerprint: a cancellation is not an error and has none", () => {
  const failure: Failure = {
    kind: "cancelled",
    error: { name: "JobCancelled", message: "a customer rang" },
    recoveryRequired: false,
    because: 3,
  };
  const job = { type: "order.fulfil" } as JobState;
  assert.equal(jobFingerprint(job, failure), undefined);
  assert.notEqual(jobFingerprint(job, { ...failure, kind: "error" }), undefined);
});
