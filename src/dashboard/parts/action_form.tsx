/** A button with an action, as a form that works without scripts. */

import type { Child } from "hono/jsx";
import { randomBytes } from "node:crypto";
import { type PointedIssue, REASON_LENGTH_MAX } from "../../documents/fields.ts";
import type { Scope } from "../../access/tokens.ts";
import { LineInput } from "./labelled_input.tsx";

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
    <form method="post" action={action} class="action" id={id}>
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

/** A field for the reason, which is recorded. */
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

interface MissingScopeProps {
  readonly scope: Scope;
  /** What needs the scope. */
  readonly what: string;
}

/** Explains why a button is missing. */
export function MissingScope({ scope, what }: MissingScopeProps) {
  return (
    <p class="hint">
      Your token does not have the scope <code>{scope}</code>, which {what} needs.
    </p>
  );
}
