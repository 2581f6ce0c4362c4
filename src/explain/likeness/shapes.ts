/** What kinds of values results consist of, which differ where a service begins to answer otherwise. */

import { isScalar, type JsonObject, type JsonValue } from "../../core/json.ts";
import { shownText } from "../../core/shown_value.ts";
import type { Work } from "../../core/work.ts";

interface Part {
  readonly kind: string;
  /** Whether it is an object with too many parts to look at. */
  readonly isClosed?: true;
  /** The name of what it is a part of; a whole result is a part of none. */
  readonly within?: string;
  /** The number of the step. */
  readonly step: number;
}

/** Results and their parts, by name. */
export type Shape = ReadonlyMap<string, Part>;

const PARTS_MAX = 64;
const DEPTH_MAX = 2;

const OBJECT = "an object";
const LIST = "a list";

/** @param results What steps returned, in their order. */
export function shapeOf(
  results: readonly (readonly [name: string, result: JsonValue])[],
): Shape {
  const shape = new Map<string, Part>();
  const open = results.slice(0, PARTS_MAX).map(([name, value], step) => ({
    ...{ name, value, depth: 0 },
    part: { kind: kindOf(value), step },
  }));
  for (const { name, part } of open) shape.set(name, part);
  for (const { name, value, depth, part } of open) {
    if (part.kind !== OBJECT || depth === DEPTH_MAX) continue;
    const members = value as JsonObject;
    const names = Object.keys(members);
    if (shape.size + names.length > PARTS_MAX) shape.set(name, { ...part, isClosed: true });
    else {
      for (const member of names) {
        const inner = members[member] ?? null;
        const path = `${name}.${shownText(member)}`;
        const innerPart = { kind: kindOf(inner), within: name, step: part.step };
        shape.set(path, innerPart);
        open.push({ name: path, value: inner, depth: depth + 1, part: innerPart });
      }
    }
  }
  return shape;
}

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return LIST;
  if (!isScalar(value)) return OBJECT;
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}

/** A part that has another kind, or is missing, and what it is in all others. */
export interface Reshaped extends Pick<Part, "step"> {
  readonly name: string;
  readonly kind?: string;
  readonly others: string;
}

/**
 * Parts that all lack and all others have, or that are a list or an object in all of one side alone;
 * not their parts in turn. Scalars of two kinds are compared as values.
 */
export function* reshaped(
  alike: readonly Shape[],
  others: readonly Shape[],
): Work<readonly Reshaped[]> {
  const all = [...alike, ...others];
  const own: Shape = new Map([...others[0] ?? [], ...alike[0] ?? []]);
  const found: Reshaped[] = [];
  for (const [name, { within, step }] of own) {
    yield;
    const isComparable = (shape: Shape) => {
      const part = shape.get(within ?? name);
      return within === undefined
        ? part !== undefined
        : part?.kind === OBJECT && part.isClosed === undefined;
    };
    if (!all.every(isComparable)) continue;
    const kinds = (shapes: readonly Shape[]) => new Set(shapes.map((one) => one.get(name)?.kind));
    const [mine, theirs] = [[...kinds(alike)], [...kinds(others)]];
    const [[kind, another], [usual]] = [mine, theirs];
    if (kind === undefined && another === undefined && !theirs.includes(undefined)) {
      found.push({ name, others: "one", step });
    }
    if (kind === undefined || another !== undefined || theirs.length > 1 || kind === usual) {
      continue;
    }
    if (![kind, usual].some((one) => one === OBJECT || one === LIST)) continue;
    found.push({ name, kind, others: usual ?? "none", step });
  }
  return found.toSorted((one, other) => one.step - other.step);
}
