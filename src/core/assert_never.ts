/**
 * Ends a switch over a union, so that a member without a case does not compile.
 *
 * @throws {TypeError} when a value from outside the union arrives at run time.
 */
export function assertNever(value: never, what: string): never {
  throw new TypeError(`Cannot handle ${what}: ${JSON.stringify(value)}`);
}
