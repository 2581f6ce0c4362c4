/** Replaces members of a class or of an object on purpose. */

/** Replaces a method during a play; the returned function restores it. */
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

/** The same object with some members replaced. */
export function withMembers<Whole extends object>(whole: Whole, members: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
