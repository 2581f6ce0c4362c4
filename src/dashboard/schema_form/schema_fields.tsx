/** The fields of a form as inputs, each with its errors. */

import { inputState, Issues, issuesAt, JsonInput, LabelledInput } from "../parts/forms.tsx";
import { UserText } from "../parts/text.tsx";
import { type Field, isOneLine, type NumberField, rulesText, type SchemaForm } from "./field.ts";
import { fieldText, type FormTexts, inputName } from "./form_texts.ts";
import type { PointedIssue } from "../../core/json.ts";

export interface SchemaFieldsProps {
  readonly form: SchemaForm;
  readonly texts: FormTexts;
  /** Pointers are relative to the whole value. */
  readonly issues: readonly PointedIssue[];
}

export function SchemaFields({ form: { fields }, texts, issues }: SchemaFieldsProps) {
  const others = issues.filter((issue) =>
    !fields.some(({ pointer }) => issuesAt([issue], pointer).length > 0)
  );
  return (
    <>
      <Issues id="form-issues" issues={others} at="" />
      {fields.length === 0 && <p class="hint">This type takes no input.</p>}
      {fields.map((field) => (
        <FieldInput field={field} text={texts.get(inputName(field)) ?? ""} issues={issues} />
      ))}
    </>
  );
}

interface FieldInputProps {
  readonly field: Field;
  readonly text: string;
  readonly issues: readonly PointedIssue[];
}

function FieldInput({ field, text, issues }: FieldInputProps) {
  const { name, pointer, isRequired, isSecret, kind } = field;
  const labelled = {
    id: `field${encodeURIComponent(pointer.toWellFormed())}`,
    label: name === "" ? '""' : name,
    isOptional: !isRequired,
    hint: hintOf(field),
    issues,
    at: pointer,
  };
  const shown = isSecret ? "" : text;
  const placeholder = kind === "choice" ? undefined : placeholderOf(field);
  const common = { name: inputName(field), placeholder };
  if (kind === "json") {
    return <JsonInput {...labelled} {...common} isRequired={isRequired} text={shown} />;
  }
  const input = { ...common, ...inputState(labelled), required: isRequired };
  return (
    <LabelledInput {...labelled}>
      {kind === "choice" && <Choice input={input} field={field} text={text} />}
      {kind === "number" && (
        <input
          {...input}
          {...numberRules(field)}
          type="number"
          value={shown}
        />
      )}
      {kind === "text" && <TextInput input={input} field={field} text={shown} />}
    </LabelledInput>
  );
}

interface InputProps<Kind extends Field["kind"]> {
  readonly input: Readonly<Record<string, unknown>>;
  readonly field: Field & { readonly kind: Kind };
  readonly text: string;
}

function TextInput({ input, field, text }: InputProps<"text">) {
  const { lengthMin, lengthMax, isSecret } = field;
  return isOneLine(field)
    ? (
      <input
        {...input}
        minlength={lengthMin}
        maxlength={lengthMax}
        type={isSecret ? "password" : "text"}
        autocomplete={isSecret ? "off" : undefined}
        spellcheck={false}
        value={text}
      />
    )
    : (
      <textarea {...input} rows={1} class="grows" spellcheck={false}>
        {`\n${text}`}
      </textarea>
    );
}

function Choice({ input, field, text }: InputProps<"choice">) {
  return (
    <select {...input}>
      <option value="">{field.isRequired ? "choose" : "leave out"}</option>
      {field.values.map((value) => (
        <option value={JSON.stringify(value)} selected={JSON.stringify(value) === text}>
          {typeof value === "string" && value.trim() !== "" ? value : JSON.stringify(value)}
        </option>
      ))}
    </select>
  );
}

function numberRules({ isInteger, min, max }: NumberField) {
  const inputmode = isInteger ? "numeric" as const : "decimal" as const;
  return { min, max, step: isInteger ? 1 : "any", inputmode };
}

const EXAMPLE_LENGTH_MAX = 400;
const EMPTY_EXAMPLES: readonly string[] = ["", "{}", "[]"];

/** Only JSON inputs have room for several lines; an empty example is useless. */
function placeholderOf(field: Field): string | undefined {
  if (field.example === undefined || (!field.isRequired && field.kind !== "json")) return undefined;
  const text = fieldText(field, field.example);
  const isUseful = !EMPTY_EXAMPLES.includes(text.trim()) && text.length <= EXAMPLE_LENGTH_MAX &&
    (field.kind === "json" || !text.includes("\n"));
  return isUseful ? `such as ${text}` : undefined;
}

function hintOf(field: Field) {
  const rules = hintText(field);
  if (field.description === undefined && rules === "") return undefined;
  return (
    <>
      {field.description !== undefined && (
        <span class="about">
          <UserText text={field.description} />
        </span>
      )}
      <UserText text={rules} lengthMax={500} />
    </>
  );
}

/** Patterns are only in the table of the schema, and plain text needs no hint. */
function hintText(field: Field): string {
  const rules = rulesText(field.kind === "text" ? { ...field, pattern: undefined } : field);
  const secret = field.isSecret ? "secret: not stored in the journal" : "";
  return [rules === "text" ? "" : rules, secret].filter((text) => text !== "").join("; ");
}
