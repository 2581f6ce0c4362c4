/**
 * Counts the memory held by a thread's code that V8 does not count: `SharedArrayBuffer`s and
 * WebAssembly memories, including those that modules export.
 */

type Held = SharedArrayBuffer | WebAssembly.Memory;

type Instantiate = (...args: unknown[]) => Promise<
  WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource
>;

const PAGE_BYTES = 65_536;

/** Called before and after a buffer is created or grows. */
interface Growth {
  /** Throws if the bytes are far too many. */
  before(bytes: number): void;
  /** Throws if there are now too many bytes. */
  after(): void;
}

export class SharedMemory {
  readonly #held = new Set<WeakRef<Held>>();
  readonly #growth: Growth;
  #known = 0;

  constructor(growth: Growth) {
    this.#growth = growth;
  }

  /** From now on, tracks each buffer that code creates. */
  begin(): void {
    this.#watchBuffers();
    this.#watchMemories();
    this.#watchInstances();
  }

  /** What `bytes` was last. Unlike `bytes`, it keeps no buffer for the rest of this turn. */
  get knownBytes(): number {
    return this.#known;
  }

  /** The bytes of buffers that are held, or were held earlier in this turn of the event loop. */
  get bytes(): number {
    let bytes = 0;
    for (const reference of this.#held) {
      const held = reference.deref();
      if (held === undefined) this.#held.delete(reference);
      else bytes += "buffer" in held ? held.buffer.byteLength : held.byteLength;
    }
    return this.#known = bytes;
  }

  #watchBuffers(): void {
    const growth = this.#growth;
    const { prototype } = SharedArrayBuffer;
    const grow = prototype.grow;
    prototype.grow = function (size) {
      growth.before(size ?? 0);
      grow.call(this, size);
      growth.after();
    };
    globalThis.SharedArrayBuffer = this.#watched(SharedArrayBuffer, ([size]) => Number(size));
  }

  #watchMemories(): void {
    const growth = this.#growth;
    const { prototype } = WebAssembly.Memory;
    const grow = prototype.grow;
    prototype.grow = function (pages) {
      growth.before(pages * PAGE_BYTES);
      const before = grow.call(this, pages);
      growth.after();
      return before;
    };
    const sizeOf = ([{ initial }]: [WebAssembly.MemoryDescriptor]) => initial * PAGE_BYTES;
    WebAssembly.Memory = this.#watched(WebAssembly.Memory, sizeOf);
  }

  #watchInstances(): void {
    const scope = WebAssembly as unknown as Record<string, Instantiate | undefined>;
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const original = scope[name];
      if (original === undefined) continue;
      scope[name] = async (...args) => {
        const made = await Reflect.apply(original, WebAssembly, args);
        this.#keepMemories(made instanceof WebAssembly.Instance ? made : made.instance);
        return made;
      };
    }
    WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
      construct: (target, args, newTarget) => {
        const made = Reflect.construct(target, args, newTarget);
        this.#keepMemories(made);
        return made;
      },
    });
  }

  #keepMemories({ exports }: WebAssembly.Instance): void {
    for (const value of Object.values(exports)) {
      if (value instanceof WebAssembly.Memory) this.#keep(value);
    }
  }

  #watched<Made extends new (...args: never[]) => Held>(
    original: Made,
    sizeOf: (args: ConstructorParameters<Made>) => number,
  ): Made {
    return new Proxy(original, {
      construct: (target, args, newTarget) => {
        this.#growth.before(sizeOf(args as ConstructorParameters<Made>));
        const made = Reflect.construct(target, args, newTarget);
        this.#keep(made);
        return made;
      },
    });
  }

  #keep(made: Held): void {
    this.#held.add(new WeakRef(made));
    this.#growth.after();
  }
}
