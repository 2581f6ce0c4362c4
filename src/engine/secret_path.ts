/** The dotted paths that an input has, as a type: a misspelt secret does not compile. */

/** How far types are followed: types that contain themselves have no end. */
type Deeper = readonly [never, 0, 1, 2, 3, 4, 5];

/** `card.number`, `cards.*.number`, or any text where nothing is known of the input. */
export type SecretPath<Input, Depth extends number = 6> = [Depth] extends [never] ? string
  : unknown extends Input ? string
  : Input extends readonly (infer Element)[]
    ? `*` | `*.${SecretPath<NonNullable<Element>, Deeper[Depth]>}`
  : Input extends object ? {
      [Name in keyof Input & string]:
        | Name
        | `${Name}.${SecretPath<NonNullable<Input[Name]>, Deeper[Depth]>}`;
    }[keyof Input & string]
  : never;
