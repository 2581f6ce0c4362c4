/** The dotted paths of an input as a type, so that a misspelt path does not compile. */

/**
 * `card.number`, `cards.*.number`, or any text if the type of the input is unknown.
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
