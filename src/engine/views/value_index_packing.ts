/** A value index as numbers, which a snapshot holds. */

import { joined } from "../writer/joined.ts";
import { Postings } from "./postings.ts";
import type { ValueRun } from "./value_runs.ts";

interface Content {
  readonly horizon: number;
  readonly nextRun: number;
  readonly runs: readonly ValueRun[];
  readonly full: readonly { readonly run: number; readonly packed: Uint32Array }[];
  readonly young: Uint32Array;
}

export const PackedIndex = {
  pack({ horizon, nextRun, runs, full, young }: Content): Uint32Array {
    return joined(Uint32Array, [
      [horizon, nextRun, runs.length, full.length],
      runs.flatMap(({ run, last, crc }) => [run, last, crc]),
      ...full.flatMap(({ run, packed }) => [[run, packed.length], packed]),
      young,
    ]);
  },

  /** `undefined` when these are not such numbers. */
  unpack(packed: Uint32Array): Content | undefined {
    const [horizon = 0, nextRun = 1, runCount = 0, fullCount = 0] = packed;
    let at = 4;
    const runs: ValueRun[] = [];
    for (let count = 0; count < runCount && at < packed.length; count++, at += 3) {
      const [run = 0, last = 0, crc = 0] = packed.subarray(at, at + 3);
      runs.push({ run, last, crc });
    }
    const full: { run: number; packed: Uint32Array }[] = [];
    for (let count = 0; count < fullCount && at < packed.length; count++) {
      const [run = 0, length = 0] = packed.subarray(at, at + 2);
      full.push({ run, packed: packed.slice(at + 2, at + 2 + length) });
      at += 2 + length;
    }
    const young = packed.slice(at);
    return at > packed.length || Postings.canonical(young) === undefined
      ? undefined
      : { horizon, nextRun, runs, full, young };
  },

  /**
   * Whether two hold the same of the newest generation, and what they say of what is forgotten
   * can be true; also `false` when one is no index. The others may be on disk in one and in memory
   * in the other.
   */
  areEqual(left: Uint32Array, right: Uint32Array): boolean {
    const [one, other] = [PackedIndex.unpack(left), PackedIndex.unpack(right)];
    if (one === undefined || other === undefined) return false;
    const [mine, theirs] = [Postings.canonical(one.young), Postings.canonical(other.young)];
    if (mine === undefined || theirs === undefined) return false;
    return one.nextRun === other.nextRun && agreeOnHorizon(one, other) &&
      mine.length === theirs.length && mine.every((word, at) => word === theirs[at]);
  },
} as const;

function agreeOnHorizon(one: Content, other: Content): boolean {
  if (forgets(one) && forgets(other)) return one.horizon === other.horizon;
  return [one, other].every((content) => forgets(content) || content.horizon === 0);
}

/** Whether an earlier generation is neither on disk nor in memory. */
function forgets({ nextRun, runs, full }: Content): boolean {
  return runs.length + full.length < nextRun - 1;
}
