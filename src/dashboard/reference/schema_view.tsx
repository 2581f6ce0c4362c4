/** JSON Schema as people read it: what there may be, and of what form. */

import type { JsonObject, JsonValue } from "../../core/json.ts";
import { ANCHORS, referredName } from "./described.ts";
import { Prose } from "./prose.tsx";

/** Keywords that are shown by their meaning; all others are shown as they are. */
const TOLD: ReadonlySet<string> = new Set([
  ...["$ref", "type", "description", "properties", "required", "additionalProperties"],
  ...["propertyNames", "items", "anyOf", "oneOf", "allOf", "enum", "const", "contentSchema"],
]);

export function SchemaView({ schema }: { readonly schema: JsonObject }) {
  const name = referredName(schema.$ref);
  return (
    <>
      {name === undefined ? null : <a href={`#${ANCHORS.schema(name)}`}>{name}</a>}
      <TypeText schema={schema} />
      <Facts schema={schema} />
      {typeof schema.description === "string"
        ? (
          <div class="schema-note">
            <Prose text={schema.description} />
          </div>
        )
        : null}
      <Members schema={schema} />
      <Alternatives schema={schema} />
      <Within schema={schema} />
    </>
  );
}

const ALTERNATIVES = [["anyOf", "one of"], ["oneOf", "one of"], ["allOf", "all of"]] as const;

function TypeText({ schema }: { readonly schema: JsonObject }) {
  const { type } = schema;
  if (Object.keys(schema).length === 0) return <span class="schema-type">any JSON</span>;
  if (type === undefined) return null;
  return <span class="schema-type">{Array.isArray(type) ? type.join(" or ") : String(type)}</span>;
}

/** Values and limits. */
function Facts({ schema }: { readonly schema: JsonObject }) {
  const values = "const" in schema ? [schema.const] : schema.enum as readonly JsonValue[] ?? [];
  const others = Object.entries(schema).filter(([name]) => !TOLD.has(name));
  return (
    <>
      {values.length === 0 ? null : (
        <span class="schema-values">
          {values.map((value) => <code>{JSON.stringify(value)}</code>)}
        </span>
      )}
      {others.map(([name, value]) => (
        <span class="schema-fact">
          {name} <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
        </span>
      ))}
    </>
  );
}

function Members({ schema }: { readonly schema: JsonObject }) {
  const members = Object.entries(schema.properties as Readonly<Record<string, JsonObject>> ?? {});
  const required = schema.required as readonly string[] ?? [];
  const others = schema.additionalProperties;
  if (members.length === 0 && !isSchema(others)) return null;
  return (
    <ul class="schema-members">
      {members.map(([name, member]) => (
        <li>
          <code class="schema-name">{name}</code>
          {required.includes(name) ? <span class="schema-required">required</span> : null}
          <SchemaView schema={member} />
        </li>
      ))}
      {isSchema(others)
        ? (
          <li>
            <em>any name</em>
            {isSchema(schema.propertyNames) ? <Facts schema={schema.propertyNames} /> : null}
            <SchemaView schema={others} />
          </li>
        )
        : null}
    </ul>
  );
}

function Alternatives({ schema }: { readonly schema: JsonObject }) {
  return (
    <>
      {ALTERNATIVES.map(([keyword, words]) => {
        const parts = schema[keyword] as readonly JsonObject[] | undefined;
        return parts === undefined ? null : (
          <div class="schema-within">
            <span class="soft">{words}</span>
            <ul class="schema-members">
              {parts.map((part) => (
                <li>
                  <SchemaView schema={part} />
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </>
  );
}

/** The items of a list, and what a text is the JSON of. */
function Within({ schema }: { readonly schema: JsonObject }) {
  return (
    <>
      {isSchema(schema.items)
        ? (
          <div class="schema-within">
            <span class="soft">of</span> <SchemaView schema={schema.items} />
          </div>
        )
        : null}
      {isSchema(schema.contentSchema)
        ? (
          <div class="schema-within">
            <span class="soft">that is</span> <SchemaView schema={schema.contentSchema} />
          </div>
        )
        : null}
    </>
  );
}

function isSchema(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.keys(value).length > 0;
}
