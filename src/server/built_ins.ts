/**
 * Keeps the built-in objects as they are. Everything in a process shares them, so a job that merges
 * its input into an object carelessly could change every object, by a member of the input called
 * `constructor`.
 */

/** What a member `constructor` of parsed JSON leads to. */
const BUILT_INS = [Object, Array, Function, String, Number, Boolean];

/** Every entry and every job needs these. */
const USED = { Date, JSON, Map, Promise, Set };

/**
 * From now on, code that adds a member to what plain data inherits, or replaces one that all
 * objects inherit or that every job needs, gets a `TypeError`. Call it before code of users is
 * loaded.
 */
export function keepBuiltIns(): void {
  for (const [name, builtIn] of Object.entries(USED)) {
    keepOwn(globalThis, name);
    for (const member of Object.getOwnPropertyNames(builtIn)) keepOwn(builtIn, member);
  }
  for (const method of ["encode", "encodeInto"]) keepOwn(TextEncoder.prototype, method);
  keepMembers(Object.prototype);
  for (const builtIn of BUILT_INS) {
    // Not frozen: with frozen prototypes of arrays and texts, a job takes a tenth more processor
    // time, and libraries give functions and lists members such as `toString` or `push`.
    Object.preventExtensions(builtIn.prototype);
    Object.freeze(builtIn);
  }
}

/** Code may still add members of its own. */
function keepOwn(owner: object, name: string): void {
  const value: unknown = Reflect.get(owner, name);
  Object.defineProperty(owner, name, { value, writable: false, configurable: false });
}

/**
 * Keeps the members of a prototype, but lets objects that inherit them have their own, such as a
 * `toString`. An assignment would fail if the inherited members were frozen.
 */
function keepMembers(owner: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
    if (value !== undefined) Object.defineProperty(owner, name, keptMember(owner, name, value));
  }
}

/** Cannot be deleted either. */
function keptMember(owner: object, name: string, value: unknown): PropertyDescriptor {
  return {
    configurable: false,
    get: () => value,
    set(this: unknown, own: unknown) {
      if (this === owner) throw new TypeError(`Cannot change ${name} of all objects`);
      const data = { value: own, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this, name, data);
    },
  };
}
