/**
 * Ends a switch over a union: a member that no case handles does not compile.
 *
 * @throws {TypeError} when a value from outside the union gets here at run time.
 */
export function assertNever(value: never, what: string): never {
  throw new TypeError(`Cannot handle ${what}: ${JSON.stringify(value)}`);
}
