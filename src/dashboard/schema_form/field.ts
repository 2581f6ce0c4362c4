/** Derives the fields of a form from the JSON Schema of a value. Pure. */

import {
  isScalar,
  type JsonObject,
  type JsonScalar,
  type JsonValue,
  pointerTo,
} from "../../core/json.ts";
import {
  asObject,
  listIn,
  numberIn,
  schemaExample,
  textIn,
} from "../../documents/schema_example.ts";
import { assertNever } from "../../core/assert_never.ts";
import { counted } from "../../core/counted.ts";

interface FieldCommon {
  /** The JSON Pointer of the value; empty for the whole value. */
  readonly pointer: string;
  /** The name of the property. */
  readonly name: string;
  readonly description: string | undefined;
  readonly isRequired: boolean;
  readonly default: JsonValue | undefined;
  /** `undefined` if no example could be generated. */
  readonly example: JsonValue | undefined;
  /** Whether its content must not be shown again. */
  readonly isSecret: boolean;
}

interface TextField extends FieldCommon {
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

/** A choice of a few values, such as `true` and `false`. */
export interface ChoiceField extends FieldCommon {
  readonly kind: "choice";
  readonly values: readonly JsonScalar[];
}

/** Any value that is not a scalar. */
interface JsonField extends FieldCommon {
  readonly kind: "json";
}

export type Field = TextField | NumberField | ChoiceField | JsonField;

export interface SchemaForm {
  /** One for each member of an object; otherwise a single one, for the whole value. */
  readonly fields: readonly Field[];
  readonly isObject: boolean;
}

/** Texts that may be longer get an input of several lines. */
const LINE_LENGTH_MAX = 200;

/** Whether a text gets an input of one line. */
export function isOneLine({ pattern, format, lengthMax, isSecret }: TextField): boolean {
  return isSecret || pattern !== undefined || format !== undefined ||
    (lengthMax ?? Infinity) <= LINE_LENGTH_MAX;
}

/**
 * @param name The name of the value.
 * @param secrets Paths in the value, such as `card.number` or `people.*.iban`.
 */
export function toForm(
  given: JsonValue,
  name: string,
  secrets: readonly string[] = [],
): SchemaForm {
  const schema = asObject(given);
  if (!hasKnownMembers(schema)) {
    const isSecret = secrets.length > 0;
    const whole = toField(schema, { pointer: "", name, isRequired: true, isSecret });
    return { fields: [whole], isObject: false };
  }
  const required = listIn(schema, "required") ?? [];
  const secretNames = secrets.map((path) => path.split(".")[0]);
  const fields = Object.entries(asObject(schema["properties"])).map(([name, member]) =>
    toField(asObject(member), {
      pointer: pointerTo([name]),
      name,
      isRequired: required.includes(name),
      isSecret: secretNames.some((secret) => secret === "*" || secret === name),
    })
  );
  return { fields, isObject: true };
}

function hasKnownMembers(schema: JsonObject): boolean {
  const { type, properties, additionalProperties = false } = schema;
  return type === "object" && properties !== undefined && additionalProperties === false &&
    !Object.hasOwn(schema, "patternProperties") && !hasAlternatives(schema);
}

type Place = Pick<FieldCommon, "pointer" | "name" | "isRequired" | "isSecret">;

function toField(schema: JsonObject, place: Place): Field {
  const common: FieldCommon = {
    ...place,
    description: textIn(schema, "description") ?? textIn(schema, "title"),
    default: Object.hasOwn(schema, "default") ? schema["default"] : undefined,
    example: schemaExample(schema).value,
  };
  const values = allowedValues(schema);
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
  // The next whole number; HTML has no exclusive bound for other numbers.
  const beyond = (name: string, step: number) => {
    const bound = numberIn(schema, name);
    return bound === undefined || !isInteger ? undefined : bound + step;
  };
  return {
    ...common,
    kind: "number",
    isInteger,
    min: numberIn(schema, "minimum") ?? beyond("exclusiveMinimum", 1),
    max: numberIn(schema, "maximum") ?? beyond("exclusiveMaximum", -1),
  };
}

/** The values that a schema lists; `undefined` if it lists none, or not only scalars. */
function allowedValues(schema: JsonObject): readonly JsonScalar[] | undefined {
  const listed = listedBy(schema);
  if (listed === undefined || listed.length === 0) return undefined;
  return listed.every(isScalar) ? listed : undefined;
}

function listedBy(schema: JsonObject): readonly JsonValue[] | undefined {
  if (Object.hasOwn(schema, "const")) return [schema["const"] ?? null];
  const alternatives = listIn(schema, "anyOf") ?? listIn(schema, "oneOf");
  if (listIn(schema, "enum") !== undefined || alternatives === undefined) {
    return listIn(schema, "enum");
  }
  const lists = alternatives.map((one) => allowedValues(asObject(one)));
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

const ALTERNATIVES = ["anyOf", "oneOf", "allOf", "not", "if", "$ref", "const", "enum"];

function hasAlternatives(schema: JsonObject): boolean {
  return ALTERNATIVES.some((name) => Object.hasOwn(schema, name));
}

/** A description of the values that a field accepts. */
export function rulesText(field: Field): string {
  switch (field.kind) {
    case "text":
      return textRulesText(field);
    case "number":
      return numberText(field);
    case "choice":
      return `one of ${field.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "json":
      return "JSON";
    default:
      return assertNever(field, "field");
  }
}

function textRulesText({ lengthMin, lengthMax, pattern, format }: TextField): string {
  return [
    format === undefined ? "text" : `text, ${format}`,
    lengthText(lengthMin, lengthMax),
    pattern === undefined ? "" : `as ${pattern}`,
  ].filter((part) => part !== "").join(", ");
}

function lengthText(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return max === undefined ? "" : `at most ${counted(max, "character")}`;
  if (max !== undefined) return `${min} to ${counted(max, "character")}`;
  return min === 1 ? "not empty" : `at least ${counted(min, "character")}`;
}

function numberText({ isInteger, min, max }: NumberField): string {
  const what = isInteger ? "a whole number" : "a number";
  const hasMax = max !== undefined && max !== Number.MAX_SAFE_INTEGER;
  const hasMin = min !== undefined && min !== Number.MIN_SAFE_INTEGER;
  if (!hasMin) return hasMax ? `${what}, at most ${max}` : what;
  return hasMax ? `${what} from ${min} to ${max}` : `${what}, at least ${min}`;
}
