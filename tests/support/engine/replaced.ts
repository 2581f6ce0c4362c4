/** Breaks one member of a class on purpose, for as long as something plays. */

/** Puts something else in the place of a method; the result undoes it. */
export type Break = () => () => void;

export function replaced(
  prototype: object,
  name: string,
  property: PropertyDescriptor,
): () => void {
  const before = Object.getOwnPropertyDescriptor(prototype, name);
  Object.defineProperty(prototype, name, { configurable: true, ...property });
  return () => void Object.defineProperty(prototype, name, before ?? {});
}
