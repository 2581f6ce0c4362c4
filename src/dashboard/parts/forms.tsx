/**
 * The parts of forms, which work without scripts: inputs with their labels, hints and errors, and
 * buttons with an action.
 */

import type { Child } from "hono/jsx";
import { randomBytes } from "node:crypto";
import { UserText } from "./text.tsx";
import { REASON_LENGTH_MAX } from "../../documents/fields.ts";
import type { PointedIssue } from "../../core/json.ts";

interface LabelledInputProps {
  readonly id: string;
  readonly label: string;
  readonly isOptional?: boolean;
  readonly hint?: Child;
  /** All issues of the form; those of other inputs are ignored. */
  readonly issues: readonly PointedIssue[];
  /** The pointer of the input in the document. */
  readonly at: string;
  readonly children: Child;
}

/** What the name of a field does not say. */
export function FieldNote({ text }: { readonly text: string }) {
  return <span class="field-note">{` ${text}`}</span>;
}

export function LabelledInput(props: LabelledInputProps) {
  const { id, label, isOptional = false, hint, issues, at, children } = props;
  return (
    <div class="field">
      <label for={id}>
        <UserText text={label} />
        {isOptional && <FieldNote text="optional" />}
      </label>
      {children}
      <Issues id={`${id}-issues`} issues={issuesAt(issues, at)} at={at} />
      {hint !== undefined && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

interface JsonInputProps extends Omit<LabelledInputProps, "children"> {
  readonly name: string;
  readonly text: string;
  readonly placeholder?: string | undefined;
  readonly isRequired?: boolean;
}

/** An input for JSON, or any text of several lines. */
export function JsonInput({ name, text, placeholder, isRequired, ...labelled }: JsonInputProps) {
  return (
    <LabelledInput {...labelled}>
      <textarea
        {...inputState(labelled)}
        name={name}
        rows={Math.min(18, Math.max(4, text.split("\n").length))}
        placeholder={placeholder}
        required={isRequired}
        spellcheck={false}
        dir="ltr"
      >
        {`\n${text}`}
      </textarea>
    </LabelledInput>
  );
}

interface LineInputProps extends Omit<LabelledInputProps, "children"> {
  readonly name: string;
  readonly text: string | undefined;
  /** HTML attributes: type, constraints, placeholder. */
  readonly rules?: Readonly<Record<string, string | number | boolean>>;
}

export function LineInput({ name, text, rules, ...labelled }: LineInputProps) {
  return (
    <LabelledInput {...labelled}>
      <input type="text" {...inputState(labelled)} {...rules} name={name} value={text} />
    </LabelledInput>
  );
}

/** The attributes that associate an input with its label, hint and errors. */
export function inputState(
  { id, hint, issues, at }: Pick<LabelledInputProps, "id" | "hint" | "issues" | "at">,
) {
  const isWrong = issuesAt(issues, at).length > 0;
  const described = [
    ...isWrong ? [`${id}-issues`] : [],
    ...hint === undefined ? [] : [`${id}-hint`],
  ];
  return {
    id,
    "aria-invalid": isWrong ? "true" as const : undefined,
    "aria-describedby": described.length === 0 ? undefined : described.join(" "),
  };
}

interface IssuesProps {
  readonly id: string;
  readonly issues: readonly PointedIssue[];
  /** Issues at this pointer are shown without their pointer. */
  readonly at: string;
}

export function Issues({ id, issues, at }: IssuesProps) {
  if (issues.length === 0) return null;
  return (
    <div class="field-issues" id={id} role="alert">
      {issues.map(({ pointer, detail }) => (
        <p>
          <UserText text={`${pointer.slice(at.length)} ${detail}`.trim()} lengthMax={500} />
        </p>
      ))}
    </div>
  );
}

/** The issues at or below a pointer. */
export function issuesAt(issues: readonly PointedIssue[], at: string): readonly PointedIssue[] {
  return issues.filter(({ pointer }) => pointer === at || pointer.startsWith(`${at}/`));
}

interface HiddenFieldsProps {
  /** The values by the names of the fields; one that is absent is not sent. */
  readonly fields: Readonly<Record<string, string | number | undefined>>;
}

export function HiddenFields({ fields }: HiddenFieldsProps) {
  return (
    <>
      {Object.entries(fields).map(([name, value]) =>
        value !== undefined && <input type="hidden" name={name} value={value} />
      )}
    </>
  );
}

interface ActionFormProps {
  /**
   * The id on its page, so that an update of the page never makes another form of it, such as one
   * whose button has the focus.
   */
  readonly id?: string | undefined;
  /** A path under `/ui/`. */
  readonly action: string;
  readonly label: string;
  /** Hidden fields. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Where to redirect afterwards; sent in the field `return`. */
  readonly returnTo: string;
  /** The fields that the user fills in. */
  readonly children?: Child;
}

export function ActionForm(props: ActionFormProps) {
  const { id, action, label, fields = {}, returnTo, children } = props;
  return (
    <form method="post" action={action} class="action row" id={id}>
      <HiddenFields fields={{ return: returnTo, ...fields }} />
      {children}
      <button type="submit">{label}</button>
    </form>
  );
}

interface ConfirmProps extends ActionFormProps {
  readonly id: string;
  /** What will be lost or undone. */
  readonly warning: string;
  readonly isOpen?: boolean;
}

/** An `ActionForm` behind a confirmation, for destructive actions. */
export function Confirm({ id, warning, isOpen = false, ...form }: ConfirmProps) {
  return (
    <details class="confirm" id={id} open={isOpen}>
      <summary role="button">{form.label} …</summary>
      <div class="confirm-box">
        <p>{warning}</p>
        <ActionForm {...form} label={`Yes, ${form.label.toLowerCase()}`} />
      </div>
    </details>
  );
}

interface ReasonFieldProps {
  /** The id of the input on its page. */
  readonly id: string;
  readonly required?: boolean;
  /** The text typed before, if the form is shown again. */
  readonly text?: string | undefined;
  readonly issues?: readonly PointedIssue[];
}

export function ReasonField({ id, required = false, text, issues = [] }: ReasonFieldProps) {
  return (
    <LineInput
      id={id}
      label="Reason (recorded)"
      name="reason"
      at="/reason"
      text={text}
      issues={issues}
      rules={{ required, maxlength: REASON_LENGTH_MAX }}
    />
  );
}

/** The name of the field that makes a form take effect once, however often it is sent. */
export const ONCE = "once";

/**
 * A browser that goes back restores what was typed, but must not restore this: what is then sent
 * would be taken for what was sent before.
 *
 * @param value That of a form that is shown again.
 */
export function OnceField({ value }: { readonly value?: string | undefined }) {
  const name = value ?? randomBytes(12).toString("base64url");
  return <input type="hidden" name={ONCE} value={name} autocomplete="off" />;
}
