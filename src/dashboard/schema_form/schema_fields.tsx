/** The fields of a form as inputs, each with what is wrong with it. */

import type { Child } from "hono/jsx";
import { assertNever } from "../../core/assert_never.ts";
import type { PointedIssue } from "../../http/requests/issues.ts";
import { UserText } from "../parts/text.tsx";
import { type ChoiceField, type Field, type GroupField, isOneLine } from "./field.ts";
import type { NumberField, TextField } from "./field.ts";
import { type FormTexts, inputName, PRESENT } from "./field_texts.ts";
import { inputPattern } from "./input_pattern.ts";
import { rulesText } from "./rules_text.ts";

export interface SchemaFieldsProps {
  readonly field: Field;
  readonly texts: FormTexts;
  /** Pointers begin at the whole value. */
  readonly issues: readonly PointedIssue[];
  /** What might be typed, where nothing is. */
  readonly examples?: FormTexts | undefined;
}

/** All fields of a value; those of an object without a frame around them. */
export function SchemaFields(props: SchemaFieldsProps) {
  const { field, issues } = props;
  if (field.kind !== "group") return <FieldInput {...props} />;
  const own = issues.filter(({ pointer }) => nearestIn(field, pointer) === undefined);
  return (
    <>
      <Issues id="form-issues" issues={own} at="" />
      {field.fields.length === 0 ? <p class="hint">This type takes no input.</p> : null}
      {field.fields.map((member) => <FieldInput {...props} field={member} />)}
    </>
  );
}

function FieldInput(props: SchemaFieldsProps) {
  const { field, texts, issues, examples } = props;
  const own = issues.filter(({ pointer }) => isWithin(pointer, field.pointer));
  if (field.kind === "group") return <Group {...props} field={field} issues={own} />;
  const id = fieldId(field);
  const text = texts.get(inputName(field)) ?? "";
  return (
    <LabelledInput
      id={id}
      label={field.name === "" ? '""' : field.name}
      isRequired={field.isRequired}
      hint={hasHint(field) ? <Hint field={field} /> : undefined}
      issues={own}
      at={field.pointer}
    >
      <Input
        field={field}
        text={text}
        id={id}
        isWrong={own.length > 0}
        example={field.isRequired ? examples?.get(inputName(field)) : undefined}
      />
    </LabelledInput>
  );
}

export interface LabelledInputProps {
  readonly id: string;
  readonly label: string;
  readonly isRequired?: boolean;
  readonly hint?: Child;
  readonly issues: readonly PointedIssue[];
  /** Where the input is in what is sent. */
  readonly at: string;
  readonly children: Child;
}

/** An input with its name above it, and what is to be said of it below. */
export function LabelledInput(props: LabelledInputProps) {
  const { id, label, isRequired = false, hint, issues, at, children } = props;
  return (
    <div class="field">
      <label for={id}>
        <UserText text={label} />
        {isRequired ? null : <span class="field-note">optional</span>}
      </label>
      {children}
      <Issues id={`${id}-issues`} issues={issues} at={at} />
      {hint === undefined ? null : <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

function Group(props: SchemaFieldsProps & { readonly field: GroupField }) {
  const { field, texts, issues } = props;
  const own = issues.filter(({ pointer }) => nearestIn(field, pointer) === undefined);
  const id = fieldId(field);
  const name = inputName(field);
  return (
    <fieldset class="field-group">
      <legend>
        <UserText text={field.name} />
        {field.isRequired ? null : <span class="field-note">optional</span>}
      </legend>
      {field.description === undefined ? null : (
        <p class="hint">
          <UserText text={field.description} />
        </p>
      )}
      <Issues id={`${id}-issues`} issues={own} at={field.pointer} />
      {field.isRequired ? null : (
        <label class="tick">
          <input type="checkbox" name={name} value={PRESENT} checked={texts.has(name)} />
          send it, even if everything below is empty
        </label>
      )}
      {field.fields.map((member) => <FieldInput {...props} field={member} />)}
    </fieldset>
  );
}

export interface IssuesProps {
  readonly id: string;
  readonly issues: readonly PointedIssue[];
  /** What is at this pointer needs no place of its own. */
  readonly at: string;
}

export function Issues({ id, issues, at }: IssuesProps) {
  if (issues.length === 0) return null;
  return (
    <ul class="field-issues" id={id} role="alert">
      {issues.map(({ pointer, detail }) => (
        <li>
          <UserText text={`${pointer.slice(at.length)} ${detail}`.trim()} lengthMax={500} />
        </li>
      ))}
    </ul>
  );
}

interface InputProps<Kind extends Field> {
  readonly field: Kind;
  readonly text: string;
  readonly id: string;
  readonly isWrong: boolean;
  readonly example: string | undefined;
}

type Leaf = Exclude<Field, GroupField>;

function Input({ field, text, id, isWrong, example }: InputProps<Leaf>) {
  const common = {
    id,
    name: inputName(field),
    required: field.isInsisted && !isEmptyAllowed(field),
    "aria-invalid": isWrong ? "true" as const : undefined,
    "aria-describedby": describedBy(field, id, isWrong),
    autocomplete: "off",
  };
  const shown = field.isSecret ? "" : text;
  const typed = { ...common, placeholder: placeholderOf(field, example) };
  switch (field.kind) {
    case "text":
      return isOneLine(field)
        ? (
          <input
            {...typed}
            {...textRules(field)}
            type={field.isSecret ? "password" : "text"}
            value={shown}
          />
        )
        : <textarea {...typed} rows={1} class="grows" spellcheck={false}>{`\n${shown}`}</textarea>;
    case "number":
      return <input {...typed} {...numberRules(field)} type="number" value={shown} />;
    case "choice":
      return <Choice common={common} field={field} text={text} />;
    case "lines":
      return <textarea {...typed} rows={3} spellcheck={false}>{`\n${shown}`}</textarea>;
    case "json":
      return <textarea {...typed} rows={rowsOf(shown)} spellcheck={false}>{`\n${shown}`}</textarea>;
    default:
      return assertNever(field, "field");
  }
}

const EXAMPLE_LENGTH_MAX = 80;

/** One line; an empty example, and one that is more, says nothing. */
function placeholderOf({ kind }: Leaf, example = ""): string | undefined {
  const line = kind === "json" ? example.replace(/\s+/g, " ") : example;
  const isTold = line.trim() !== "" && !line.includes("\n") && line.length <= EXAMPLE_LENGTH_MAX;
  return isTold ? `such as ${line}` : undefined;
}

/** An empty list is one as well. */
function isEmptyAllowed(field: Leaf): boolean {
  return field.kind === "lines";
}

interface ChoiceProps {
  readonly common: Readonly<Record<string, unknown>>;
  readonly field: ChoiceField;
  readonly text: string;
}

function Choice({ common, field, text }: ChoiceProps) {
  const options = field.values.map((value) => JSON.stringify(value));
  return (
    <select {...common}>
      <option value="">{field.isRequired ? "choose" : "leave out"}</option>
      {options.map((option, at) => (
        <option value={option} selected={option === text}>{choiceText(field.values[at])}</option>
      ))}
    </select>
  );
}

function choiceText(value: unknown): string {
  return typeof value === "string" && value.trim() !== "" ? value : JSON.stringify(value);
}

const TITLE_MAX = 300;

function textRules(field: TextField) {
  return {
    minlength: field.lengthMin,
    maxlength: field.lengthMax,
    pattern: field.isSecret ? undefined : inputPattern(field.pattern),
    title: field.pattern === undefined ? undefined : `as ${field.pattern}`.slice(0, TITLE_MAX),
    spellcheck: false,
  };
}

function numberRules({ isInteger, min, max }: NumberField) {
  const inputmode = isInteger ? "numeric" as const : "decimal" as const;
  return { min, max, step: isInteger ? 1 : "any", inputmode };
}

function rowsOf(text: string): number {
  return Math.min(18, Math.max(4, text.split("\n").length));
}

function describedBy(field: Leaf, id: string, isWrong: boolean): string | undefined {
  const ids = [...isWrong ? [`${id}-issues`] : [], ...hasHint(field) ? [`${id}-hint`] : []];
  return ids.length === 0 ? undefined : ids.join(" ");
}

function hasHint(field: Leaf): boolean {
  return field.description !== undefined || hintText(field) !== "";
}

/** A pattern is for programs: it is in the table of the schema. Any text needs no word. */
function hintText(field: Leaf): string {
  const shown = field.kind === "text" ? { ...field, pattern: undefined } : field;
  const rules = rulesText(shown);
  return [rules === "text" ? "" : rules, secretText(field)].filter((text) => text !== "").join(
    "; ",
  );
}

function Hint({ field }: { readonly field: Leaf }) {
  const rules = hintText(field);
  return (
    <>
      {field.description === undefined ? null : (
        <span class="about">
          <UserText text={field.description} />
        </span>
      )}
      <UserText text={rules} lengthMax={500} />
    </>
  );
}

function secretText({ isSecret }: Field): string {
  return isSecret ? "secret: the journal does not hold it" : "";
}

/** The member that a pointer leads into. */
function nearestIn({ fields }: GroupField, pointer: string): Field | undefined {
  return fields.find((member) => isWithin(pointer, member.pointer));
}

function isWithin(pointer: string, of: string): boolean {
  return pointer === of || pointer.startsWith(`${of}/`);
}

function fieldId({ pointer }: Field): string {
  return `field${encodeURIComponent(pointer.toWellFormed())}`;
}
