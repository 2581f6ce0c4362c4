/** Breaks one member of a class on purpose, during a play. */

/** Replaces a method; the returned function restores it. */
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
