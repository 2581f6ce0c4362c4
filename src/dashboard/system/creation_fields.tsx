/** The form that creates a job: its fields, its document for `POST /jobs`, and the curl call. */

import { createHash } from "node:crypto";

import { Needs } from "../parts/viewing.tsx";
import type { Call, Commands } from "../parts/curl.tsx";
import {
  inputState,
  issuesAt,
  LabelledInput,
  LineInput,
  ONCE,
  OnceField,
} from "../parts/forms.tsx";
import { UserText } from "../parts/text.tsx";
import {
  type FormTexts,
  inputName,
  parseForm,
  withPlainLineEnds,
} from "../schema_form/form_texts.ts";
import { SchemaFields } from "../schema_form/schema_fields.tsx";
import { type FormRefusal, RefusalNote, timeTyped } from "../form.tsx";
import { type JsonObject, type JsonValue, type PointedIssue, present } from "../../core/json.ts";
import { invalidRequest } from "../../documents/refusal.ts";
import type { CreateRequest } from "../../engine/requests.ts";
import { SECRET_LENGTH_MIN } from "../../engine/secrets/secret_guard.ts";
import { parseCreateRequest, type StartLimits } from "../../documents/create_request.ts";
import type { Example } from "../../documents/schema_example.ts";
import type { SchemaForm } from "../schema_form/field.ts";

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
const OPTION = {
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
function formDocument(subject: Subject, texts: FormTexts): CreationDocument {
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
function exampleDocument(subject: Subject): JsonObject | undefined {
  if (subject.kind === "plan" || subject.example.value === undefined) return undefined;
  return { type: subject.type, input: subject.example.value };
}

/** Fields that the form sends by itself. */
const UNFILLED: ReadonlySet<string> = new Set([OPTION.once, SHOW]);

/** Whether a form still has its initial content. */
function isUntouched(texts: FormTexts, atFirst: FormTexts): boolean {
  const said = (all: FormTexts, name: string) => withPlainLineEnds(all.get(name) ?? "").trim();
  return [...texts.keys(), ...atFirst.keys()].every((name) =>
    UNFILLED.has(name) || said(texts, name) === said(atFirst, name)
  );
}

function subjectPointer({ kind }: Subject): "/input" | "/plan" {
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

function withoutSecrets(form: SchemaForm, texts: FormTexts): FormTexts {
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

export interface CreationFormProps {
  readonly action: string;
  readonly subject: Subject;
  readonly texts: FormTexts;
  /** The initial content of the form. */
  readonly textsAtFirst: FormTexts;
  readonly refusal: FormRefusal | undefined;
}

export function CreationForm(props: CreationFormProps) {
  const { action, subject, texts, refusal } = props;
  const at = subjectPointer(subject);
  const issues = refusal?.issues ?? [];
  const own = issuesAt(issues, at)
    .map(({ pointer, detail }) => ({ pointer: pointer.slice(at.length), detail }));
  return (
    <form method="post" action={action} class="form" id="create">
      <OnceField value={texts.get(OPTION.once)} />
      {refusal !== undefined && <RefusalNote refusal={refusal} inputs={[at, ...OPTION_POINTERS]} />}
      <SchemaFields form={subject.form} texts={texts} issues={own} />
      {subject.kind === "type" && subject.form.fields.length > 0 && <TypingHint />}
      <Options texts={texts} issues={issues} />
      <Needs scope="submit" what="submitting jobs">
        <div class="row">
          <button type="submit" class="primary">Submit the job</button>
          <button
            type="submit"
            name={SHOW}
            value="curl"
            formaction={`${action}#calls`}
            formnovalidate
          >
            Show it as curl
          </button>
        </div>
      </Needs>
      <LackingHint {...props} />
    </form>
  );
}

function TypingHint() {
  return (
    <p class="hint">
      Blank fields are left out. Text in double quotes is read as JSON: <code>""</code>{" "}
      is an empty text, <code>"\t"</code> a tab.
    </p>
  );
}

/** The call for an example while the form is untouched; then for the form as filled in. */
export function creationCall(props: CreationFormProps, commands: Commands): Call {
  const { subject, texts } = props;
  const example = exampleIn(props);
  const document = example ?? formDocument(subject, withoutSecrets(subject.form, texts)).document;
  return {
    label: example === undefined ? "Submit the job as filled in here" : "Submit an example",
    command: commands.post("/jobs", document),
  };
}

function exampleIn({ subject, texts, textsAtFirst }: CreationFormProps) {
  return isUntouched(texts, textsAtFirst) ? exampleDocument(subject) : undefined;
}

function LackingHint(props: CreationFormProps) {
  const { subject } = props;
  if (subject.kind === "plan" || exampleIn(props) === undefined) return null;
  const { missing } = subject.example;
  return missing.length === 0 ? null : (
    <p class="hint">
      The example below lacks{" "}
      <UserText text={missing.join(", ")} lengthMax={500} />, for which no example could be
      generated.
    </p>
  );
}

const LINES = [
  {
    id: "job-id",
    name: OPTION.jobId,
    label: "Job id",
    hint: "Generated if blank.",
    rules: { maxlength: 128 },
  },
  {
    id: "priority",
    name: OPTION.priority,
    label: "Priority",
    hint: "Lower runs sooner; 0 if blank.",
    rules: { type: "number", step: 1, min: -1_000, max: 1_000 },
  },
  {
    id: "start-at",
    name: OPTION.startAt,
    label: "Start at (UTC)",
    hint: "Immediately if blank.",
    rules: { type: "datetime-local", step: 1 },
  },
] as const;
const LABELS = {
  id: "labels",
  label: "Labels",
  at: `/${OPTION.labels}`,
  hint: "One per line, such as team:north.",
};
const OPTION_POINTERS = [...LINES.map(({ name }) => `/${name}`), LABELS.at];

function Options(
  { texts, issues }: { readonly texts: FormTexts; readonly issues: readonly PointedIssue[] },
) {
  const isUsed = Object.values(OPTION).some((name) =>
    name !== OPTION.once && (texts.get(name) ?? "").trim() !== ""
  );
  const isWrong = OPTION_POINTERS.some((one) => issuesAt(issues, one).length > 0);
  const labels = { ...LABELS, issues };
  return (
    <details class="folded options" open={isUsed || isWrong}>
      <summary>Options: id, priority, labels, start</summary>
      <div class="options-grid">
        {LINES.map((line) => (
          <LineInput {...line} at={`/${line.name}`} text={texts.get(line.name)} issues={issues} />
        ))}
        <LabelledInput {...labels}>
          <textarea {...inputState(labels)} name={OPTION.labels} rows={2} spellcheck={false}>
            {`\n${texts.get(OPTION.labels) ?? ""}`}
          </textarea>
        </LabelledInput>
      </div>
      <label class="check">
        <input type="checkbox" name={OPTION.held} value="held" checked={texts.has(OPTION.held)} />
        create the job without starting it
      </label>
    </details>
  );
}
