/** The OpenAPI document, as far as the reference page reads it. */

import type { JsonObject, JsonValue } from "../../core/json.ts";

export interface DescribedContent {
  readonly schema: JsonObject;
  readonly "x-oai-itemSchema"?: JsonObject;
  readonly examples?: Readonly<Record<string, { readonly value: JsonValue }>>;
}

export type DescribedContents = Readonly<Record<string, DescribedContent>>;

export interface DescribedParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonObject;
}

export interface DescribedAnswer {
  readonly description: string;
  readonly headers?: Readonly<
    Record<string, { readonly description: string; readonly schema: JsonObject }>
  >;
  readonly content?: DescribedContents;
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly DescribedParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: DescribedContents };
  readonly responses: Readonly<Record<string, DescribedAnswer>>;
  readonly security: readonly JsonObject[];
}

export interface DescribedApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> };
}

/** An operation, with the place where it is. */
export interface Placed {
  readonly method: string;
  /** As in the document: `/jobs/{id}`. */
  readonly path: string;
  readonly operation: DescribedOperation;
}

/** Those of each tag, in the order of the document. */
export function operationsByTag({ paths }: DescribedApi): ReadonlyMap<string, readonly Placed[]> {
  const all = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): Placed => ({
      method: method.toUpperCase(),
      path,
      operation,
    }))
  );
  return Map.groupBy(all, ({ operation: { tags: [tag = ""] } }) => tag);
}

const PROBLEM = "application/problem+json";

export function isProblem({ content = {} }: DescribedAnswer): boolean {
  return Object.hasOwn(content, PROBLEM);
}

/** The types of a problem, such as `/problems/unknown-job`. */
export function problemTypesOf({ content = {} }: DescribedAnswer): readonly string[] {
  const parts = content[PROBLEM]?.schema.allOf as readonly JsonObject[] | undefined;
  return (parts ?? []).flatMap((part) => {
    const properties = part.properties as Readonly<Record<string, JsonObject>> | undefined;
    return properties?.type?.enum as readonly string[] | undefined ?? [];
  });
}

/** The names that anchors of the page have. */
export const ANCHORS = {
  operation: ({ operationId }: DescribedOperation) => `operation-${operationId}`,
  schema: (name: string) => `schema-${name}`,
  problem: (type: string) => `problem-${type.split("/").at(-1)}`,
};

const REFERENCE = /^#\/components\/schemas\/(\w+)$/;

/** The schema that a reference names; `undefined` when it is none of the document's. */
export function referredName(reference: JsonValue | undefined): string | undefined {
  return typeof reference === "string" ? REFERENCE.exec(reference)?.[1] : undefined;
}
