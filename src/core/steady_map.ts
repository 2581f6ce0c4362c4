/**
 * A map whose entries come and go, at less cost for the garbage collector.
 *
 * V8 gives a `Map` a new table when deleted entries have filled the old one; with few entries, that
 * is after every few deletions. The old table refers to the new one, for the sake of iterators. A
 * major collection makes the current table an old object. From then on each table keeps the next
 * one until the next major collection, and with it all that was in the map when it was replaced. So
 * what belonged to a job stayed long after its end, and minor collections copied it twice.
 *
 * From the first deletion on, this map also holds fillers. Its table is then so large that V8
 * replaces it only every few hundred deletions. To iterate, it passes over the fillers, which takes
 * some microseconds.
 */

/** With one more than 512 entries, V8 chooses a table for 1,024. */
const FILLERS = Array.from({ length: 513 }, () => Symbol());

type Key = string | number | object;

function* withoutFillers<Item>(items: Iterable<Item>): Generator<Item, undefined> {
  for (const item of items) if (typeof item !== "symbol") yield item;
}

export class SteadyMap<K extends Key, V> extends Map<K, V> {
  #fillers = 0;

  override get size(): number {
    return super.size - this.#fillers;
  }

  override delete(key: K): boolean {
    const wasThere = super.delete(key);
    if (wasThere && this.#fillers === 0) {
      this.#fillers = FILLERS.length;
      for (const filler of FILLERS) super.set(filler as unknown as K, filler as unknown as V);
    }
    return wasThere;
  }

  override clear(): void {
    super.clear();
    this.#fillers = 0;
  }

  override *entries(): MapIterator<[K, V]> {
    for (const key of this.keys()) yield [key, this.get(key) as V];
  }

  override keys(): MapIterator<K> {
    return withoutFillers(super.keys());
  }

  override values(): MapIterator<V> {
    return withoutFillers(super.values());
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  override forEach(callback: (value: V, key: K, map: Map<K, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }
}
