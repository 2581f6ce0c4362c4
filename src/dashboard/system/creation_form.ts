/** The form that creates a job, and its document for `POST /jobs`. */

import { createHash } from "node:crypto";
import { invalidRequest } from "../../documents/refusal.ts";
import { type JsonObject, type JsonValue, type PointedIssue, present } from "../../core/json.ts";
import { timeTyped } from "../form.tsx";
import type { CreateRequest } from "../../engine/requests.ts";
import { SECRET_LENGTH_MIN } from "../../engine/secrets/secret_guard.ts";
import { parseCreateRequest, type StartLimits } from "../../documents/create_request.ts";
import type { Example } from "../schema_form/example.ts";
import type { SchemaForm } from "../schema_form/field.ts";
import {
  type FormTexts,
  inputName,
  parseForm,
  withPlainLineEnds,
} from "../schema_form/form_texts.ts";
import { ONCE } from "../parts/forms.tsx";

/** A job of a type, or a job with a plan. The form shows the input, or the plan. */
export type Subject =
  | {
    readonly kind: "type";
    readonly type: string;
    readonly form: SchemaForm;
    /** An example of the input. */
    readonly example: Example;
  }
  | { readonly kind: "plan"; readonly form: SchemaForm };

/** Names of the fields besides those of the subject. */
export const OPTION = {
  jobId: "jobId",
  priority: "priority",
  labels: "labels",
  startAt: "startAt",
  held: "held",
  once: ONCE,
} as const;

/** The name of the button that shows the form again. */
export const SHOW = "show";

interface CreationDocument {
  readonly document: JsonObject;
  /** Texts that are not valid JSON; pointers are relative to the document. */
  readonly issues: readonly PointedIssue[];
}

/** The document of a filled-in form, including values that the server will refuse. */
export function formDocument(subject: Subject, texts: FormTexts): CreationDocument {
  const member = subjectPointer(subject).slice(1);
  const { value, issues } = parseForm(subject.form, texts);
  const labels = parseLabels(texts.get(OPTION.labels) ?? "");
  const startAt = filled(texts, OPTION.startAt);
  const members: Record<string, JsonValue | undefined> = {
    ...(subject.kind === "type" ? { type: subject.type } : {}),
    [member]: value,
    jobId: filled(texts, OPTION.jobId),
    priority: numberOrText(filled(texts, OPTION.priority)),
    labels: labels.value,
    startAt: startAt && timeTyped(startAt),
    start: texts.has(OPTION.held) ? false : undefined,
  };
  return {
    document: present(members) as JsonObject,
    issues: [
      ...issues.map(({ pointer, detail }) => ({ pointer: `/${member}${pointer}`, detail })),
      ...labels.issues,
    ],
  };
}

/** The document of an empty form; `undefined` if there is no example. */
export function exampleDocument(subject: Subject): JsonObject | undefined {
  if (subject.kind === "plan" || subject.example.value === undefined) return undefined;
  return { type: subject.type, input: subject.example.value };
}

/** Fields that the form sends by itself. */
const UNFILLED: ReadonlySet<string> = new Set([OPTION.once, SHOW]);

/** Whether a form still has its initial content. */
export function isUntouched(texts: FormTexts, atFirst: FormTexts): boolean {
  const said = (all: FormTexts, name: string) => withPlainLineEnds(all.get(name) ?? "").trim();
  return [...texts.keys(), ...atFirst.keys()].every((name) =>
    UNFILLED.has(name) || said(texts, name) === said(atFirst, name)
  );
}

export function subjectPointer({ kind }: Subject): "/input" | "/plan" {
  return kind === "type" ? "/input" : "/plan";
}

/**
 * The request to the engine.
 *
 * @throws {Problem} `invalid-request`, with as many errors as can be determined.
 */
export function formRequest(
  subject: Subject,
  texts: FormTexts,
  limits: StartLimits,
): CreateRequest {
  const { document, issues } = formDocument(subject, texts);
  if (issues.length > 0) throw invalidRequest(issues);
  const once = texts.get(OPTION.once);
  const request = parseCreateRequest(document, limits);
  return once === undefined
    ? request
    : { ...request, idempotency: formIdempotency(once, document) };
}

/** The same form with another content is another job, for users who go back and change it. */
function formIdempotency(once: string, document: JsonObject) {
  const digest = createHash("sha256").update(JSON.stringify(document)).digest("hex");
  return { key: `form-${hashOf(once)}-${digest.slice(0, 32)}`, digest };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

export function withoutSecrets(form: SchemaForm, texts: FormTexts): FormTexts {
  const hidden = secretNames(form);
  const shown = (name: string, text: string) =>
    hidden.includes(name) && text.trim() !== "" ? "…" : text;
  return new Map([...texts].map(([name, text]) => [name, shown(name, text)]));
}

/** A text without the secrets of a form: error messages may quote them. */
export function redacted(text: string, form: SchemaForm, texts: FormTexts): string {
  const secrets = secretNames(form).map((name) => texts.get(name) ?? "")
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "…"), text);
}

function secretNames({ fields }: SchemaForm): readonly string[] {
  return fields.filter(({ isSecret }) => isSecret).map(inputName);
}

function filled(texts: FormTexts, name: string): string | undefined {
  const text = texts.get(name)?.trim() ?? "";
  return text === "" ? undefined : text;
}

function numberOrText(text: string | undefined): JsonValue | undefined {
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : text;
}

/** One `team:north` per line. */
function parseLabels(typed: string): {
  readonly value: JsonObject | undefined;
  readonly issues: readonly PointedIssue[];
} {
  const lines = withPlainLineEnds(typed).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  const wrong = lines.filter((line) => line.indexOf(":") < 1);
  const issues = wrong.map((line) => ({
    pointer: "/labels",
    detail: `must have a name and a value on each line, such as team:north: ${line.slice(0, 100)}`,
  }));
  const pairs = lines.filter((line) => line.indexOf(":") >= 1).map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
  });
  return { value: lines.length === 0 ? undefined : Object.fromEntries(pairs), issues };
}
