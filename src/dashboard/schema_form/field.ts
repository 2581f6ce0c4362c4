/** The fields of a form, made from the JSON Schema of a value. Pure. */

import { pointerTo } from "../../core/json_pointer.ts";
import { isScalar, type JsonObject, type JsonScalar, type JsonValue } from "../../core/json.ts";
import { numberIn, objectOf, textIn } from "./schema_members.ts";

interface FieldCommon {
  /** To the value, a JSON Pointer; empty for the whole. */
  readonly pointer: string;
  /** Of the property. */
  readonly name: string;
  readonly description: string | undefined;
  /** Whether the value may not be left out. */
  readonly isRequired: boolean;
  /** Whether the browser may insist on it: not in a group that may be left out. */
  readonly isInsisted: boolean;
  readonly default: JsonValue | undefined;
  /** What is in it must not be shown again. */
  readonly isSecret: boolean;
}

export interface TextField extends FieldCommon {
  readonly kind: "text";
  readonly lengthMin: number | undefined;
  readonly lengthMax: number | undefined;
  readonly pattern: string | undefined;
  readonly format: string | undefined;
}

export interface NumberField extends FieldCommon {
  readonly kind: "number";
  readonly isInteger: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** One of a few values; `true` and `false` are two. */
export interface ChoiceField extends FieldCommon {
  readonly kind: "choice";
  readonly values: readonly JsonScalar[];
}

/** Scalars of one type, each on its line. */
export interface LinesField extends FieldCommon {
  readonly kind: "lines";
  readonly items: "string" | "number" | "boolean";
}

export interface GroupField extends FieldCommon {
  readonly kind: "group";
  readonly fields: readonly Field[];
}

/** Whatever no other field can hold. */
export interface JsonField extends FieldCommon {
  readonly kind: "json";
}

export type Field = TextField | NumberField | ChoiceField | LinesField | GroupField | JsonField;

/** A longer text, or one of any length, is given room for several lines. */
const LINE_LENGTH_MAX = 200;

/** Whether a text is typed in one line. */
export function isOneLine({ pattern, lengthMax, isSecret }: TextField): boolean {
  return isSecret || pattern !== undefined || (lengthMax ?? Infinity) <= LINE_LENGTH_MAX;
}

/** Groups inside one another; what is deeper is written as JSON. */
const DEPTH_MAX = 4;

/** The whole value, which is called by a name. */
export function fieldOf(schema: JsonValue, name: string, secrets: readonly string[] = []): Field {
  const paths = secrets.map((path) => path.split("."));
  return made(schema, { path: [], name, isRequired: true, isInsisted: true, paths });
}

interface Place {
  readonly path: readonly string[];
  readonly name: string;
  readonly isRequired: boolean;
  readonly isInsisted: boolean;
  /** Of secrets, from the whole value on. */
  readonly paths: readonly (readonly string[])[];
}

function made(given: JsonValue, place: Place): Field {
  const schema = objectOf(given);
  const common: FieldCommon = {
    pointer: pointerTo(place.path),
    name: place.name,
    description: textIn(schema, "description") ?? textIn(schema, "title"),
    isRequired: place.isRequired,
    isInsisted: place.isInsisted && place.isRequired,
    default: Object.hasOwn(schema, "default") ? schema["default"] : undefined,
    isSecret: holdsSecret(place),
  };
  const values = valuesOf(schema);
  if (values !== undefined) return { ...common, kind: "choice", values };
  if (hasAlternatives(schema)) return { ...common, kind: "json" };
  switch (schema["type"]) {
    case "string":
      return textField(schema, common);
    case "number":
    case "integer":
      return numberField(schema, common);
    case "boolean":
      return { ...common, kind: "choice", values: [true, false] };
    case "array":
      return arrayField(schema, common);
    case "object":
      return objectField(schema, common, place);
    default:
      return { ...common, kind: "json" };
  }
}

function textField(schema: JsonObject, common: FieldCommon): TextField {
  return {
    ...common,
    kind: "text",
    lengthMin: numberIn(schema, "minLength"),
    lengthMax: numberIn(schema, "maxLength"),
    pattern: textIn(schema, "pattern"),
    format: textIn(schema, "format"),
  };
}

function numberField(schema: JsonObject, common: FieldCommon): NumberField {
  const isInteger = schema["type"] === "integer";
  return {
    ...common,
    kind: "number",
    isInteger,
    min: numberIn(schema, "minimum") ?? beyond(schema, "exclusiveMinimum", isInteger, 1),
    max: numberIn(schema, "maximum") ?? beyond(schema, "exclusiveMaximum", isInteger, -1),
  };
}

/** Of whole numbers the next one; of others no browser can be told. */
function beyond(
  schema: JsonObject,
  name: string,
  isInteger: boolean,
  step: number,
): number | undefined {
  const bound = numberIn(schema, name);
  return bound === undefined || !isInteger ? undefined : bound + step;
}

function arrayField(schema: JsonObject, common: FieldCommon): LinesField | JsonField {
  const items = objectOf(schema["items"]);
  const isPlain = !hasAlternatives(items) && !Object.hasOwn(schema, "prefixItems");
  const type = isPlain ? lineTypeOf(items) : undefined;
  return type === undefined
    ? { ...common, kind: "json" }
    : { ...common, kind: "lines", items: type };
}

function lineTypeOf(items: JsonObject): LinesField["items"] | undefined {
  const values = valuesOf(items);
  const types = new Set(values === undefined ? [items["type"]] : values.map((one) => typeof one));
  const [type] = types;
  if (types.size !== 1) return undefined;
  if (type === "integer") return "number";
  return type === "string" || type === "number" || type === "boolean" ? type : undefined;
}

/** An object of known properties is a group; one of any names is written as JSON. */
function objectField(
  schema: JsonObject,
  common: FieldCommon,
  place: Place,
): GroupField | JsonField {
  const { additionalProperties = false, properties } = schema;
  const isOpen = properties === undefined || additionalProperties !== false ||
    Object.hasOwn(schema, "patternProperties");
  if (isOpen || place.path.length >= DEPTH_MAX) return { ...common, kind: "json" };
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields = Object.entries(objectOf(properties)).map(([name, property]) =>
    made(property, {
      path: [...place.path, name],
      name,
      isRequired: required.includes(name),
      isInsisted: common.isInsisted,
      paths: place.paths,
    })
  );
  return { ...common, kind: "group", fields };
}

/** The values that a schema lists; `undefined` when it lists none, or others than scalars. */
function valuesOf(schema: JsonObject): readonly JsonScalar[] | undefined {
  const listed = listedBy(schema);
  if (listed === undefined || listed.length === 0) return undefined;
  return listed.every(isScalar) ? listed : undefined;
}

function listedBy(schema: JsonObject): readonly JsonValue[] | undefined {
  if (Object.hasOwn(schema, "const")) return [schema["const"] ?? null];
  if (Array.isArray(schema["enum"])) return schema["enum"];
  const alternatives = schema["anyOf"] ?? schema["oneOf"];
  if (!Array.isArray(alternatives)) return undefined;
  const lists = alternatives.map((one) => valuesOf(objectOf(one)));
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

const ALTERNATIVES = ["anyOf", "oneOf", "allOf", "not", "if", "$ref", "const", "enum"];

function hasAlternatives(schema: JsonObject): boolean {
  return ALTERNATIVES.some((name) => Object.hasOwn(schema, name));
}

/** Whether a secret is at a place, inside what is there, or around it. */
function holdsSecret({ path, paths }: Place): boolean {
  return path.length > 0 && paths.some((secret) => {
    const shared = Math.min(path.length, secret.length);
    return secret.slice(0, shared).every((part, at) => part === "*" || part === path[at]);
  });
}
