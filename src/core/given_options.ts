/** Checks options that code without types may have given, so that no mistake is taken for a default. */

/**
 * Why options cannot be taken, as a clause; `undefined` if their names are known. A number in place
 * of options would count as none, and a name that nothing reads would be a limit that there is not.
 *
 * @param what Begins the clause, such as `its options`.
 * @param example Options that can be taken.
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
