/**
 * Correlation: predicates over an event's attributes. They are data, never code,
 * so that they can be journaled, indexed and explained.
 */

import { isObject, isScalar, type JsonObject, type JsonScalar, valueAt } from "./json.ts";

/** A dotted path into `attributes`, with the scalar that it must equal. */
export type Equalities = Readonly<Record<string, JsonScalar>>;

/**
 * Selects events of a type by their attributes. A path is a dotted name, and equality is strict:
 * `"42"` is not `42`, and a missing value equals nothing.
 *
 * @example
 * ```ts
 * import type { Correlation } from "@daybook/daybook";
 *
 * export const paid: Correlation = {
 *   all: [{ equals: { orderId: "42" } }, { in: { "card.brand": ["visa", "jcb"] } }],
 * };
 * ```
 */
export type Correlation =
  | "any"
  | { readonly equals: Equalities }
  | { readonly in: Readonly<Record<string, readonly JsonScalar[]>> }
  | { readonly all: readonly Correlation[] }
  | { readonly anyOf: readonly Correlation[] }
  | { readonly not: Correlation };

/**
 * Whether a predicate holds. `equals` is strict JSON equality of scalars: `"42"`
 * is not `42`, and a missing path equals nothing, null included. An empty `all`
 * holds, an empty `anyOf` does not.
 */
export function holds(correlation: Correlation, attributes: JsonObject): boolean {
  if (correlation === "any") return true;
  if ("equals" in correlation) {
    for (const path in correlation.equals) {
      if (valueAt(attributes, path) !== correlation.equals[path]) return false;
    }
    return true;
  }
  if ("in" in correlation) return everyPathIn(correlation.in, attributes);
  if ("all" in correlation) return correlation.all.every((part) => holds(part, attributes));
  if ("anyOf" in correlation) return correlation.anyOf.some((part) => holds(part, attributes));
  return !holds(correlation.not, attributes);
}

function everyPathIn(
  allowed: Readonly<Record<string, readonly JsonScalar[]>>,
  attributes: JsonObject,
): boolean {
  for (const path in allowed) {
    const value = valueAt(attributes, path);
    if (!isScalar(value) || allowed[path]?.includes(value) !== true) return false;
  }
  return true;
}

/** A path, and the values of which one must be there. */
export type Term = readonly [path: string, allowed: readonly JsonScalar[]];

/** What `equals` and `in` demand; nothing for predicates of other kinds. */
export function termsOf(correlation: Correlation): readonly Term[] {
  if (correlation === "any") return [];
  if ("in" in correlation) return Object.entries(correlation.in);
  if (!("equals" in correlation)) return [];
  return Object.entries(correlation.equals).map(([path, value]) => [path, [value]]);
}

/** Whether attributes have any of the values that a predicate demands. */
export function holdsInPart(correlation: Correlation, attributes: JsonObject): boolean {
  if (correlation === "any" || "not" in correlation) return false;
  if ("all" in correlation) return correlation.all.some((part) => holdsInPart(part, attributes));
  if ("anyOf" in correlation) {
    return correlation.anyOf.some((part) => holdsInPart(part, attributes));
  }
  return termsOf(correlation).some(([path, allowed]) =>
    everyPathIn({ [path]: allowed }, attributes)
  );
}

/** The number of clauses; for alternatives, that of the shortest one. */
export function correlationTerms(correlation: Correlation): number {
  if (correlation === "any") return 0;
  if ("equals" in correlation) return Object.keys(correlation.equals).length;
  if ("in" in correlation) return Object.keys(correlation.in).length;
  if ("all" in correlation) {
    return correlation.all.reduce((sum, part) => sum + correlationTerms(part), 0);
  }
  if ("not" in correlation || correlation.anyOf.length === 0) return 1;
  return correlation.anyOf.map(correlationTerms).reduce((least, terms) => Math.min(least, terms));
}

/** A condition on one path that an index can look up. */
export interface EqualityTerm {
  readonly path: string;
  readonly value: JsonScalar;
}

/**
 * The ways to index a predicate. Each alternative is a list of terms, at least one of which holds
 * for every event that the predicate accepts. An index files a job under the terms of one
 * alternative. If the result is empty, no index helps, and each event of the type must be tried.
 */
export function indexAlternatives(correlation: Correlation): readonly (readonly EqualityTerm[])[] {
  if (correlation === "any" || "not" in correlation) return [];
  if ("equals" in correlation) {
    return Object.entries(correlation.equals).map(([path, value]) => [{ path, value }]);
  }
  if ("in" in correlation) {
    return Object.entries(correlation.in).map(([path, values]) =>
      values.map((value) => ({ path, value }))
    );
  }
  if ("all" in correlation) return correlation.all.flatMap(indexAlternatives);
  const branches = correlation.anyOf.map((part) => indexAlternatives(part)[0]);
  return branches.every((branch) => branch !== undefined) ? [branches.flat()] : [];
}

/** How deep predicates may nest. */
export const CORRELATION_DEPTH_MAX = 16;

/** Values and predicates in a correlation. */
export const CORRELATION_SIZE_MAX = 1_000;

/**
 * The number of values and predicates. The time to compare an event with a plan is proportional to
 * it.
 */
export function correlationSize(correlation: Correlation): number {
  if (correlation === "any") return 1;
  if ("equals" in correlation) return 1 + Object.keys(correlation.equals).length;
  if ("in" in correlation) {
    return 1 + total(Object.values(correlation.in), (values) => 1 + values.length);
  }
  if ("not" in correlation) return 1 + correlationSize(correlation.not);
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  return 1 + total(parts, correlationSize);
}

function total<Item>(items: readonly Item[], sizeOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + sizeOf(item), 0);
}

const RULE = 'it must be "any" or an object with one of equals, in, all, anyOf, not';

/**
 * What is wrong with a predicate created by code, or `undefined`. A value that JSON would change
 * must not get into a plan: it would mean something else after a restart.
 */
export function correlationFlaw(correlation: unknown, depth = 1): string | undefined {
  if (depth > CORRELATION_DEPTH_MAX) {
    return `the correlation is nested deeper than ${CORRELATION_DEPTH_MAX} levels`;
  }
  if (correlation === "any") return undefined;
  if (!isObject(correlation)) return `the correlation is ${shown(correlation)}: ${RULE}`;
  const forms = Object.keys(correlation);
  const form = forms.length === 1 ? forms[0] : undefined;
  if (form === "equals" || form === "in") return termsFlaw(form, correlation[form]);
  if (form === "all" || form === "anyOf") return partsFlaw(form, correlation[form], depth + 1);
  if (form === "not") return correlationFlaw(correlation[form], depth + 1);
  const advice = forms.length > 1 ? "; all combines several" : "";
  return `the correlation has ${forms.join(", ") || "no member"}: ${RULE}${advice}`;
}

function partsFlaw(form: string, parts: unknown, depth: number): string | undefined {
  if (!Array.isArray(parts)) return `${form} is ${shown(parts)}, not a list of correlations`;
  // Includes holes, as in `[, part]`: JSON would make them null.
  for (const part of parts) {
    const flaw = correlationFlaw(part, depth);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function termsFlaw(form: "equals" | "in", terms: unknown): string | undefined {
  if (!isObject(terms)) return `${form} is ${shown(terms)}, not an object of paths`;
  for (const [path, value] of Object.entries(terms)) {
    if (form === "in" && !Array.isArray(value)) {
      return `in of ${path} is ${shown(value)}, not a list of scalars`;
    }
    const scalars: readonly unknown[] = Array.isArray(value) && form === "in" ? value : [value];
    const wrong = scalars.findIndex((scalar) =>
      !isScalar(scalar) || (typeof scalar === "number" && !Number.isFinite(scalar))
    );
    if (wrong >= 0) return `${form} of ${path} is ${shown(scalars[wrong])}, not a scalar`;
  }
  return undefined;
}

function shown(value: unknown): string {
  return Array.isArray(value) ? "a list" : String(value);
}

/** The first names of all paths in a predicate. */
export function correlationPaths(correlation: Correlation): ReadonlySet<string> {
  return new Set(pathsOf(correlation).map((path) => path.split(".")[0] ?? path));
}

function pathsOf(correlation: Correlation): readonly string[] {
  if (correlation === "any") return [];
  if ("equals" in correlation) return Object.keys(correlation.equals);
  if ("in" in correlation) return Object.keys(correlation.in);
  if ("all" in correlation) return correlation.all.flatMap(pathsOf);
  if ("anyOf" in correlation) return correlation.anyOf.flatMap(pathsOf);
  return pathsOf(correlation.not);
}
