/** A button that does something, as a form: it works without scripts. */

import { type PointedIssue, REASON_LENGTH_MAX } from "../../documents/fields.ts";
import type { Child } from "hono/jsx";
import type { Scope } from "../../access/tokens.ts";
import { LineInput } from "./labelled_input.tsx";

interface ActionFormProps {
  /** A path under `/ui/`. */
  readonly action: string;
  readonly label: string;
  /** What is sent beside what the user fills in. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Where to go back to; the form says so in its field `return`. */
  readonly returnTo: string;
  /** Fields to be filled in. */
  readonly children?: Child;
}

export function ActionForm({ action, label, fields = {}, returnTo, children }: ActionFormProps) {
  return (
    <form method="post" action={action} class="action">
      <input type="hidden" name="return" value={returnTo} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {children}
      <button type="submit">{label}</button>
    </form>
  );
}

interface ConfirmProps extends ActionFormProps {
  /** On its page: else one that is open could become another when the page is renewed. */
  readonly id: string;
  /** What will be gone, or undone. */
  readonly warning: string;
  readonly isOpen?: boolean;
}

/** The same for what destroys: the button is behind a word of what it does. */
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
  /** On its page. */
  readonly id: string;
  readonly required?: boolean;
  /** What was typed before, in a form that is shown again. */
  readonly text?: string | undefined;
  readonly issues?: readonly PointedIssue[];
}

/** Why something is done, for the record. */
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

interface MissingScopeProps {
  readonly scope: Scope;
  /** What takes it. */
  readonly what: string;
}

/** Why a button is not there. */
export function MissingScope({ scope, what }: MissingScopeProps) {
  return (
    <p class="hint">
      Your token does not have the scope <code>{scope}</code>, which {what} takes.
    </p>
  );
}
