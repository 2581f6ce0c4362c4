/**
 * Ends a switch over a union, so that a missing case does not compile.
 *
 * @throws {TypeError} when a value outside the union arrives at run time.
 */
export function assertNever(value: never, what: string): never {
  throw new TypeError(`Cannot handle ${what}: ${JSON.stringify(value)}`);
}
