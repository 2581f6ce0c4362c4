/** The dotted paths that an input has, as a type: a misspelt secret does not compile. */

/**
 * `card.number`, `cards.*.number`, or any text where nothing is known of the input.
 *
 * @typeParam Levels How far types are followed, an element for each level: types that contain
 * themselves have no end.
 */
export type SecretPath<Input, Levels extends readonly unknown[] = [1, 2, 3, 4, 5, 6, 7]> =
  Levels extends readonly [unknown, ...infer Deeper] ? unknown extends Input ? string
    : Input extends readonly (infer Element)[]
      ? `*` | `*.${SecretPath<NonNullable<Element>, Deeper>}`
    : Input extends object ? {
        [Name in keyof Input & string]:
          | Name
          | `${Name}.${SecretPath<NonNullable<Input[Name]>, Deeper>}`;
      }[keyof Input & string]
    : never
    : string;
