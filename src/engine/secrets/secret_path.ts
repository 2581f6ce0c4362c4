/** The dotted paths of an input as a type, so that a misspelt secret does not compile. */

/**
 * `card.number`, `cards.*.number`, or any text when nothing is known of the input.
 *
 * @typeParam Levels One element for each level that is followed, since a type may contain itself.
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
