/**
 * Limits the memory that the code of a thread holds outside the heap: the resource limits of a
 * thread do not count it.
 */

import { Buffer } from "node:buffer";
import { getHeapStatistics } from "node:v8";
import { collectGarbage } from "../engine/collector.ts";

/** Bytes that may be allocated between two checks. */
const LOOK_BYTES = 8 * 1024 * 1024;
/** The shortest time between two checks on yielding, in milliseconds. */
const LOOK_MS = 20;

const CONSTRUCTORS = [
  ...["ArrayBuffer", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array"],
  ...["Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array"],
  ...["Float16Array", "Float32Array", "Float64Array"],
];

const OF_BUFFER = ["alloc", "allocUnsafe", "allocUnsafeSlow", "concat", "from"] as const;

interface Sized {
  readonly byteLength: number;
}

type Callable = (...args: unknown[]) => Sized;
type Constructable = (new (...args: unknown[]) => Sized) & { readonly BYTES_PER_ELEMENT?: number };

/**
 * Limits the buffers that the code of a thread holds. V8 keeps buffers outside the heap, so the
 * resource limits of a thread do not count them. An allocation beyond the limit throws. Buffers
 * that arise elsewhere, such as the body of a response, are checked when the code yields.
 */
export class BufferGuard {
  readonly #shared = new SharedMemory({
    before: (bytes) => this.#requireRoom(bytes),
    after: () => {
      if (this.#holdsTooMuch()) throw this.refusal();
    },
  });
  /** Since the last check. */
  #allocated = 0;
  #lookedAt = 0;

  /** @param refusal Makes the error for an allocation beyond `max` bytes. */
  constructor(private readonly max: number, private readonly refusal: () => Error) {}

  /** From now on, allocations beyond the limit throw. */
  begin(): void {
    const scope = globalThis as unknown as Record<string, Constructable | undefined>;
    for (const name of CONSTRUCTORS) {
      const original = scope[name];
      if (original !== undefined) scope[name] = this.#counted(original);
    }
    const functions = Buffer as unknown as Record<string, Callable>;
    for (const name of OF_BUFFER) {
      const original = functions[name];
      if (original === undefined) continue;
      functions[name] = (...args) => this.#noted(Reflect.apply(original, Buffer, args));
    }
    this.#shared.begin();
  }

  /**
   * Whether the code holds more than it is allowed. Called when it yields; checks only now and then.
   */
  isExceeded(): boolean {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_MS) return false;
    this.#lookedAt = now;
    return this.#holdsTooMuch();
  }

  #counted(original: Constructable): Constructable {
    const { BYTES_PER_ELEMENT: size = 1 } = original;
    const counted = new Proxy(original, {
      construct: (target, args, newTarget) => {
        const [first] = args;
        if (typeof first === "number") this.#requireRoom(first * size);
        const made = Reflect.construct(target, args, newTarget) as Sized;
        return isView(first) ? made : this.#noted(made);
      },
    });
    Reflect.set(original.prototype, "constructor", counted);
    return counted;
  }

  /** Refuses a far too large allocation at once. */
  #requireRoom(bytes: number): void {
    if (bytes > this.max) throw this.refusal();
  }

  #noted<Made extends Sized>(made: Made): Made {
    this.#allocated += made.byteLength;
    if (this.#allocated > LOOK_BYTES && this.#holdsTooMuch()) throw this.refusal();
    return made;
  }

  /** Garbage counts until it is collected, so it is collected before this returns `true`. */
  #holdsTooMuch(): boolean {
    this.#allocated = 0;
    // Before the buffers are counted, which keeps them for the rest of this turn: what an earlier
    // job left must not end this one.
    if (externalBytes() + this.#shared.knownBytes > this.max) collectGarbage();
    if (this.#bytes() <= this.max) return false;
    collectGarbage();
    this.#allocated = LOOK_BYTES - this.max / 4;
    return this.#bytes() > this.max;
  }

  #bytes(): number {
    return externalBytes() + this.#shared.bytes;
  }
}

function externalBytes(): number {
  return getHeapStatistics().external_memory;
}

/** A view of an existing buffer allocates nothing. */
function isView(first: unknown): boolean {
  return typeof first === "object" && first !== null && "byteLength" in first &&
    !ArrayBuffer.isView(first);
}

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

/**
 * Counts the memory held by a thread's code that V8 does not count: `SharedArrayBuffer`s and
 * WebAssembly memories, including those that modules export.
 */
class SharedMemory {
  readonly #held = new Set<WeakRef<Held>>();
  #known = 0;

  constructor(private readonly growth: Growth) {}

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
    const growth = this.growth;
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
    const growth = this.growth;
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
        this.growth.before(sizeOf(args as ConstructorParameters<Made>));
        const made = Reflect.construct(target, args, newTarget);
        this.#keep(made);
        return made;
      },
    });
  }

  #keep(made: Held): void {
    this.#held.add(new WeakRef(made));
    this.growth.after();
  }
}
