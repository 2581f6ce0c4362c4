/** Checks options from code without types, so that no mistake counts as a default. */

/**
 * Why options cannot be used, as a clause; `undefined` if their names are known. Without this check,
 * a number in place of options would count as none, and an unknown name would have no effect.
 *
 * @param what Begins the clause, such as `its options`.
 * @param example Correct options.
 * @param member What each name stands for, such as `an option`.
 */
export function optionsFlaw(
  what: string,
  given: unknown,
  example: string,
  member: string,
  known: readonly string[],
): string | undefined {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return `${what} must be an object, as ${example}`;
  }
  for (const name in given) {
    if (!known.includes(name)) return `${name} is not ${member}; known are ${known.join(", ")}`;
  }
  return undefined;
}
