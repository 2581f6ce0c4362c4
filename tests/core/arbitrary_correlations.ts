/**
 * Random correlations of every shape, and attributes for them. Paths and values are few,
 * so that predicates often hold or nearly hold.
 */

import fc from "fast-check";
import type { Correlation } from "../../src/core/correlation.ts";
import type { JsonObject, JsonScalar, JsonValue } from "../../src/core/json.ts";

interface Vocabulary {
  readonly paths: fc.Arbitrary<string>;
  readonly scalars: fc.Arbitrary<JsonScalar>;
}

export function correlationsOf({ paths, scalars }: Vocabulary): fc.Arbitrary<Correlation> {
  const terms = { maxKeys: 2 };
  const { correlation } = fc.letrec<{ correlation: Correlation }>((tie) => {
    const parts = fc.array(tie("correlation"), { maxLength: 3 });
    return {
      correlation: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.record({ equals: fc.dictionary(paths, scalars, terms) }),
        fc.record({ in: fc.dictionary(paths, fc.array(scalars, { maxLength: 7 }), terms) }),
        fc.constant<Correlation>("any"),
        fc.record({ all: parts }),
        fc.record({ anyOf: parts }),
        fc.record({ not: tie("correlation") }),
      ),
    };
  });
  return correlation;
}

/** They include values that a sender might confuse. */
const scalars = fc.constantFrom<JsonScalar>("1", 1, " 1", "a", "A", "", true, "true", null);

export const correlations: fc.Arbitrary<Correlation> = correlationsOf({
  paths: fc.constantFrom("a", "b", "b.a"),
  scalars,
});

export const attributesOf: fc.Arbitrary<JsonObject> = fc.record({
  a: fc.oneof({ weight: 4, arbitrary: scalars }, fc.array(scalars, { maxLength: 2 })),
  b: fc.oneof(scalars, fc.record({ a: scalars })),
}, { requiredKeys: [] });

/** Any code unit: control characters, direction marks, lone surrogates, and pairs. */
const anyText = fc.array(
  fc.oneof(
    fc.constantFrom("\u001b", "\u009b", "\n", "\u202e", "\u200b", "\u2028", "😀", "\udc00", "é"),
    fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom("a", '"', "\\", " "),
  ),
  { maxLength: 80, size: "max" },
).map((units) => units.join(""));

export const hostileScalars: fc.Arbitrary<JsonScalar> = fc.oneof(
  { weight: 3, arbitrary: anyText },
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(true, null),
);

const hostilePaths = fc.oneof(anyText, fc.constantFrom("a", "b.c", "__proto__", "constructor"));

export const hostileCorrelations: fc.Arbitrary<Correlation> = correlationsOf({
  paths: hostilePaths,
  scalars: hostileScalars,
});

export const hostileAttributes: fc.Arbitrary<JsonObject> = fc.dictionary(
  hostilePaths,
  fc.oneof<fc.Arbitrary<JsonValue>[]>(
    hostileScalars,
    fc.array(hostileScalars, { maxLength: 4 }),
    fc.dictionary(anyText, hostileScalars, { maxKeys: 3 }),
  ),
  { maxKeys: 4 },
);
