/** Hostile text, JSON and headers. */

import fc from "fast-check";
import { anyCharacter } from "../any_character.ts";

const KNOWN_TROUBLE: readonly string[] = [
  ...["", " ", "\0", "\r\n", "a\r\nset-cookie: x=1", "\u001b[2J", "\u202egpj", "\ufeff", "\ud800"],
  ...["\udc00x", "😀", "ﬁ", "İ", "٣", "__proto__", "constructor", "prototype", "toString"],
  ...["hasOwnProperty", ".", "..", "../../etc/passwd", "%00", "%2e%2e", "%", "%zz", "null", "NaN"],
  ...["undefined", "-0", "1e999", "9007199254740993", "0x10", "1_000", "<script>1</script>"],
  ...["${7*7}", "' or 1=1 --", "job.JobCreated", "journal.Sealed", "main", "*", '"', "\\", "`"],
  ...["x".repeat(129), "x".repeat(257), "y".repeat(5_000), "a.".repeat(300), "0".repeat(400)],
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...KNOWN_TROUBLE),
  fc.string({ unit: anyCharacter, maxLength: 20 }),
  fc.string({ maxLength: 200 }),
);

const hostileNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(-1, 0, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e21, 1e308, 5e-324),
  fc.integer(),
);

/** Anything that JSON can represent, and some things that it cannot. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  hostileNumber,
  fc.constantFrom(null, true, false, [], {}, [[]], [null], { a: { b: {} } }),
  fc.jsonValue({ maxDepth: 4, stringUnit: anyCharacter }),
  fc.dictionary(hostileText, hostileText, { maxKeys: 40 }),
  fc.array(hostileText, { maxLength: 40 }),
);

/** Documents that are not JSON, or that JSON.parse alone would accept. */
const TROUBLED_DOCUMENTS: readonly string[] = [
  ...[
    "",
    " ",
    "{",
    "}",
    "[",
    "nul",
    "NaN",
    "'a'",
    "{a:1}",
    "[1,]",
    '{"a":1,}',
    "\u00a01",
    "\ufeff{}",
  ],
  ...['{"a":1e999}', '{"a":123456789012345678901234567890}', '{"a":-0}', '{"a":"\\ud800"}', "01"],
  ...['{"type":"test.greet","type":"test.doomed","input":{}}', '{"eventType":"a.B","eventType":1}'],
  ...['{"__proto__":{"type":"test.greet"}}', '{"input":{"constructor":{"prototype":{"x":1}}}}'],
  ...[
    '{"\\u005f_proto__":1}',
    '{"a":"\u0000"}',
    "[".repeat(65) + "]".repeat(65),
    "[".repeat(50_000),
  ],
  ...['{"a":'.repeat(70) + "1" + "}".repeat(70), `{"a":"${"x".repeat(20_000)}"}`, "{}\n{}", "{}{}"],
  ...[JSON.stringify(Array.from({ length: 1_001 }, () => ({ eventType: "a.B" }))), '"\\u0000"'],
];

function utf16(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...text].flatMap((character) => [character.charCodeAt(0) & 0xff, 0]));
}

const encoder = new TextEncoder();

export const hostileBody: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc.oneof(
  fc.constantFrom(...TROUBLED_DOCUMENTS).map((text) => encoder.encode(text)),
  hostileValue.map((value) => encoder.encode(JSON.stringify(value))),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Uint8Array.from(bytes)),
  fc.constantFrom('{"type":"test.greet"}', "{}").map(utf16),
);

/** One change that may make a valid document invalid. */
export function mutated(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(value, fc.nat(), hostileText, hostileValue, fc.nat(2)).map(
    ([document, place, name, strange, way]) => changedAt(document, place, name, strange, way),
  );
}

function changedAt(
  document: unknown,
  place: number,
  name: string,
  strange: unknown,
  way: number,
): unknown {
  if (typeof document !== "object" || document === null) return strange;
  const entries = Object.entries(document);
  const [key, inner] = entries[place % Math.max(1, entries.length)] ?? [];
  if (key === undefined || way === 0) return { ...document, [name]: strange };
  const rest = Math.floor(place / entries.length);
  const changed = way === 1 ? strange : changedAt(inner, rest, name, strange, way);
  const copy: Record<string, unknown> = { ...document, [key]: changed };
  return Array.isArray(document) ? Object.values(copy) : copy;
}

/** What a client can put into a header: bytes except NUL, CR and LF. */
export const headerText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.integer({ min: 1, max: 255 }).map(toHeaderCharacter), maxLength: 60 }),
  hostileText.map((text) => [...text].map((one) => toHeaderCharacter(one.charCodeAt(0))).join("")),
);

function toHeaderCharacter(code: number): string {
  const byte = code & 0xff;
  return byte === 0 || byte === 10 || byte === 13 ? "-" : String.fromCharCode(byte);
}

/** A part of a URL, including invalid escapes. */
export const urlText: fc.Arbitrary<string> = fc.oneof(
  hostileText.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom(
    "%",
    "%zz",
    "%ff",
    "%c3%28",
    "%00",
    "%2F",
    "%2e%2e",
    "+",
    "a b",
    "é",
    "{",
    "|",
    "^",
  ),
  fc.string({ unit: fc.constantFrom(..."abz019-._~:@!$'()*,;=%"), maxLength: 30 }),
);
