/** An input with its label above and its errors and hint below, for every form. */

import type { Child } from "hono/jsx";
import type { PointedIssue } from "../../documents/fields.ts";
import { UserText } from "./text.tsx";

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
export function issuesAt(
  issues: readonly PointedIssue[],
  at: string,
): readonly PointedIssue[] {
  return issues.filter(({ pointer }) => pointer === at || pointer.startsWith(`${at}/`));
}
