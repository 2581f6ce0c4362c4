import assert from "node:assert/strict";
import { errorFact } from "../../src/core/error_fact.ts";
import { errorText, messageText, thrownErrorText } from "../../src/core/error_text.ts";

function withoutStack(thrown: unknown, redact?: (text: string) => string) {
  const { stack: _, ...fact } = errorFact(thrown, redact);
  return fact;
}

Deno.test("errorFact: the causes of an error are recorded, with their codes", () => {
  const refused = Object.assign(new TypeError("no route"), { code: "EHOSTUNREACH" });
  const bank = new Error("the bank is down", { cause: refused });
  const error = new RangeError("payment failed", { cause: bank });

  assert.deepEqual(withoutStack(error), {
    name: "RangeError",
    message: "payment failed",
    cause: {
      name: "Error",
      message: "the bank is down",
      cause: { name: "TypeError", message: "no route", code: "EHOSTUNREACH" },
    },
  });
  assert.equal(
    errorText(errorFact(error)),
    "RangeError: payment failed, caused by Error: the bank is down, " +
      "caused by TypeError: no route (EHOSTUNREACH)",
  );
});

Deno.test("errorFact: the first errors of an AggregateError are recorded", async () => {
  const rejections = [1, 2, 3, 4].map((at) => Promise.reject(new Error(`mirror ${at} is down`)));
  const error = await Promise.any(rejections).catch((thrown) => thrown);

  assert.equal(withoutStack(error).errors?.length, 3);
  assert.equal(
    errorText(errorFact(error)),
    "AggregateError: All promises were rejected (its first errors: Error: mirror 1 is down; " +
      "Error: mirror 2 is down; Error: mirror 3 is down)",
  );
});

Deno.test("errorFact: a thrown object gives its name, message and code, or else its JSON", () => {
  const database = { message: "duplicate key", code: "23505", details: null };
  assert.deepEqual(errorFact(database), {
    name: "Error",
    message: "duplicate key",
    code: "23505",
  });
  assert.deepEqual(errorFact({ name: "Gone", message: "it left" }), {
    name: "Gone",
    message: "it left",
  });
  const texts: readonly (readonly [unknown, string])[] = [
    [{ status: 402, errors: [], at: new Date(0) }, '{"status":402,"errors":[],"at":'],
    [{ error: new Error("inner") }, '{"error":"Error: inner"}'],
    [[{ a: 1n }, undefined, NaN], '[{"a":"1"},null,"NaN"]'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    [{}, "[object Object]"],
    [new Map([[1, 2]]), "[object Map]"],
    [new Uint8Array(8), "[object Uint8Array]"],
    [Symbol("x"), "Symbol(x)"],
    [undefined, "undefined"],
    ["boom", "boom"],
    [{ toString: () => "its own text", a: 1 }, "its own text"],
  ];
  for (const [thrown, text] of texts) {
    assert.ok(errorFact(thrown).message.startsWith(text), errorFact(thrown).message);
  }
});

Deno.test("errorFact: a cause may be anything", () => {
  const causes: readonly (readonly [unknown, unknown])[] = [
    ["timeout", { message: "timeout" }],
    [{ status: 402 }, { message: '{"status":402}' }],
    [{ message: "declined", code: 7 }, { message: "declined", code: 7 }],
    [undefined, undefined],
    [null, undefined],
    [() => 1, undefined],
  ];
  for (const [cause, recorded] of causes) {
    assert.deepEqual(withoutStack(new Error("outer", { cause })).cause, recorded);
  }
  const { cause } = errorFact(new Error("outer", { cause: { status: 402 } }));
  assert.equal(messageText({ message: "outer", ...cause && { cause } }).includes("Error"), false);
});

Deno.test("errorFact: cycles, chains without end and huge objects are bounded", () => {
  const self: Error & { cause?: unknown } = new Error("self");
  self.cause = new Error("other", { cause: self });
  assert.deepEqual(withoutStack(self).cause, { name: "Error", message: "other" });

  const endless = (depth: number): Error =>
    new AggregateError([1, 2, 3, 4].map(() => depth === 0 ? 1 : endless(depth - 1)), "many");
  const chain = Array.from({ length: 1000 }).reduce<Error>(
    (cause) => new Error("x".repeat(100_000), { cause }),
    new Error("first"),
  );
  const loop: Record<string, unknown> = { text: "y".repeat(1_000_000) };
  loop.loop = loop;
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at]));
  for (const thrown of [endless(5), chain, loop, wide, Array(1_000_000).fill("z")]) {
    const fact = errorFact(thrown);
    assert.ok(JSON.stringify(fact).length < 25_000);
    assert.ok(errorText(fact).length < 5_000);
    assert.ok(fact.message.length <= 4_001);
  }
  assert.ok(errorFact(loop).message.endsWith("…"), "a cut text says so");
  const { cause } = errorFact(new Error("outer", { cause: { ...wide } }));
  assert.ok((cause?.message.length ?? 0) <= 1_001);
});

Deno.test("errorFact: a getter, a toJSON or a proxy cannot do harm", () => {
  const hang = () => {
    throw new Error("was called, and might never return");
  };
  const getters = Object.defineProperties(new Error("outer"), {
    cause: { get: hang },
    code: { get: hang },
    errors: { get: hang },
  });
  assert.deepEqual(withoutStack(getters), { name: "Error", message: "outer" });
  const plain = {
    a: 1,
    toJSON: hang,
    get b() {
      return hang();
    },
  };
  assert.equal(errorFact(plain).message, '{"a":1}');

  const traps = { get: hang, has: hang, ownKeys: hang, getOwnPropertyDescriptor: hang };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const odd of [new Proxy({}, traps), new Proxy(new Error("x"), traps), proxy]) {
    assert.equal(typeof errorFact(odd).message, "string");
    assert.equal(errorFact(new Error("outer", { cause: odd })).message, "outer");
    assert.equal(errorFact(new AggregateError([odd], "outer")).message, "outer");
    assert.equal(typeof errorFact({ odd }).message, "string");
  }
});

Deno.test("errorFact: every text is redacted before it is cut", () => {
  const secret = "s3cret-".repeat(20);
  const redact = (text: string) => text.replaceAll(secret, "[secret]").replaceAll("123456", "[n]");
  const texts = [
    new Error("outer", { cause: new Error(`${"x".repeat(990)}${secret}`) }),
    new Error("outer", { cause: `${"x".repeat(990)}${secret}` }),
    new AggregateError([Object.assign(new Error("a"), { code: secret, name: secret })]),
    { ["x".repeat(3_990)]: secret, [secret]: 1 },
    { a: "x".repeat(3_980), b: secret },
    Object.assign(new Error("outer"), { code: 123456 }),
    { pin: 123456 },
  ];
  for (const thrown of texts) {
    const { stack: _, ...fact } = errorFact(thrown, redact);
    assert.doesNotMatch(JSON.stringify(fact), /s3cret|123456/);
  }
});

Deno.test("errorFact: no cut leaves half a character, which strict readers of JSON refuse", () => {
  for (const length of [199, 998, 999, 1_999, 3_999]) {
    const text = `${"x".repeat(length)}${"\u{1f600}".repeat(2_000)}`;
    const error = Object.assign(new Error(text, { cause: new Error(text) }), { name: text });
    error.stack = text;
    assert.ok(errorFact(error).message.isWellFormed());
    assert.doesNotMatch(JSON.stringify(errorFact(error)), /\\ud83d/);
  }
});

Deno.test("errorText: a code that the message names already is not repeated", () => {
  const message = "connect ECONNREFUSED 127.0.0.1:443";
  assert.equal(errorText({ name: "Error", message, code: "ECONNREFUSED" }), `Error: ${message}`);
  assert.equal(messageText({ message: "duplicate key", code: 23505 }), "duplicate key (23505)");
});

Deno.test("errorText: the place is that of the error, not of its cause", () => {
  const stack = "Error: outer\n    at run (file:///srv/my_jobs.ts:22:7)";
  const error = { name: "Error", message: "outer", stack, cause: { message: "inner" } };
  assert.equal(
    thrownErrorText(error),
    "Error: outer, thrown at my_jobs.ts:22, caused by inner",
  );
});
