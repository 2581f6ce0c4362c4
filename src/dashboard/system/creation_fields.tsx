/** The form that creates a job: its subject, options, and the call that does the same. */

import { randomBytes } from "node:crypto";
import type { Scope } from "../../http/guard/access.ts";
import type { PointedIssue } from "../../http/requests/issues.ts";
import { CopyCurl } from "../parts/curl.tsx";
import { MissingScope } from "../parts/missing_scope.tsx";
import { UserText } from "../parts/text.tsx";
import { type FormTexts, textsOf } from "../schema_form/field_texts.ts";
import { Issues, LabelledInput, SchemaFields } from "../schema_form/schema_fields.tsx";
import type { Commands } from "../commands.ts";
import {
  documentOf,
  exampleDocument,
  isUntouched,
  OPTION,
  SHOW,
  type Subject,
  subjectPointer,
  withoutSecrets,
} from "./creation_form.ts";

/** What came of a form that created nothing. */
export interface Refusal {
  readonly message: string;
  readonly issues: readonly PointedIssue[];
}

export interface CreationFormProps {
  readonly action: string;
  readonly subject: Subject;
  readonly texts: FormTexts;
  /** What the form held before anybody had filled it in. */
  readonly textsAtFirst: FormTexts;
  readonly refusal: Refusal | undefined;
  readonly commands: Commands;
  readonly scopes: readonly Scope[];
}

export function CreationForm(props: CreationFormProps) {
  const { action, subject, texts, refusal, scopes } = props;
  const at = subjectPointer(subject);
  const issues = refusal?.issues ?? [];
  const own = issues.filter(({ pointer }) => isWithin(pointer, at))
    .map(({ pointer, detail }) => ({ pointer: pointer.slice(at.length), detail }));
  return (
    <form method="post" action={action} class="form" id="create" autocomplete="off">
      <input type="hidden" name={OPTION.once} value={texts.get(OPTION.once) ?? newName()} />
      {refusal === undefined ? null : <RefusalNote refusal={refusal} at={at} />}
      <SchemaFields
        field={subject.field}
        texts={texts}
        issues={own}
        examples={exampleTexts(subject)}
      />
      {subject.kind === "type" ? <TypingHint /> : null}
      <Options texts={texts} issues={issues} />
      {scopes.includes("submit")
        ? (
          <div class="row">
            <button type="submit" class="primary">Submit the job</button>
            <button type="submit" name={SHOW} value="curl" formnovalidate>Show it as curl</button>
          </div>
        )
        : <MissingScope scope="submit" what="submitting jobs" />}
      <CreationCurl {...props} />
    </form>
  );
}

function TypingHint() {
  return (
    <p class="hint">
      What is blank is left out. A text in double quotes is read as JSON: <code>""</code>{" "}
      is an empty one, <code>"\t"</code> a tab.
    </p>
  );
}

function newName(): string {
  return randomBytes(12).toString("base64url");
}

/** An example that works until something is filled in; then that, with whatever it lacks. */
function CreationCurl({ subject, texts, textsAtFirst, commands }: CreationFormProps) {
  const example = isUntouched(texts, textsAtFirst) ? exampleDocument(subject) : undefined;
  const document = example ?? documentOf(subject, withoutSecrets(subject.field, texts)).document;
  const missing = example === undefined || subject.kind === "plan" ? [] : subject.example.missing;
  return (
    <>
      <CopyCurl
        command={commands.post("/jobs", document)}
        label={example === undefined ? "curl: the same as filled in here" : "curl: an example"}
      />
      {missing.length === 0 ? null : (
        <p class="hint">
          The example lacks{" "}
          <UserText text={missing.join(", ")} lengthMax={500} />, whose rules ask for more than can
          be made up.
        </p>
      )}
    </>
  );
}

function exampleTexts(subject: Subject): FormTexts | undefined {
  return subject.kind === "plan" ? undefined : textsOf(subject.field, subject.example.value);
}

/** What is wrong with the whole, or with what has no input here. */
function RefusalNote({ refusal, at }: { readonly refusal: Refusal; readonly at: string }) {
  const { message, issues } = refusal;
  const known = [at, ...OPTION_POINTERS];
  const others = issues.filter(({ pointer }) => !known.some((one) => isWithin(pointer, one)));
  return (
    <div class="note note-bad" role="alert">
      <p>
        <UserText text={message} lengthMax={500} />
      </p>
      <Issues id="other-issues" issues={others} at="" />
    </div>
  );
}

const OPTION_POINTERS = ["/jobId", "/priority", "/labels", "/startAt", "/start"];

interface OptionsProps {
  readonly texts: FormTexts;
  readonly issues: readonly PointedIssue[];
}

function Options({ texts, issues }: OptionsProps) {
  const of = (...pointers: string[]) =>
    issues.filter(({ pointer }) => pointers.some((one) => isWithin(pointer, one)));
  const isUsed = Object.values(OPTION).some((name) =>
    name !== OPTION.once && (texts.get(name) ?? "").trim() !== ""
  );
  return (
    <details class="options" open={isUsed || of(...OPTION_POINTERS).length > 0}>
      <summary>Options: id, priority, labels, start</summary>
      <div class="options-grid">
        <LabelledInput
          id="job-id"
          label="Job id"
          issues={of("/jobId")}
          at="/jobId"
          hint="A new one is made when this is blank."
        >
          <input id="job-id" name={OPTION.jobId} value={texts.get(OPTION.jobId)} maxlength={128} />
        </LabelledInput>
        <LabelledInput
          id="priority"
          label="Priority"
          issues={of("/priority")}
          at="/priority"
          hint="Lower goes first; 0 when blank."
        >
          <input
            id="priority"
            name={OPTION.priority}
            value={texts.get(OPTION.priority)}
            type="number"
            step={1}
            min={-1_000}
            max={1_000}
          />
        </LabelledInput>
        <LabelledInput
          id="start-at"
          label="Start at (UTC)"
          issues={of("/startAt", "/start")}
          at="/startAt"
          hint="At once when blank."
        >
          <input
            id="start-at"
            name={OPTION.startAt}
            value={texts.get(OPTION.startAt)}
            type="datetime-local"
            step={1}
          />
        </LabelledInput>
        <LabelledInput
          id="labels"
          label="Labels"
          issues={of("/labels")}
          at="/labels"
          hint="One on each line, as in team:north."
        >
          <textarea id="labels" name={OPTION.labels} rows={2} spellcheck={false}>
            {`\n${texts.get(OPTION.labels) ?? ""}`}
          </textarea>
        </LabelledInput>
      </div>
      <label class="tick">
        <input type="checkbox" name={OPTION.held} value="held" checked={texts.has(OPTION.held)} />
        only create it; it starts when somebody says so
      </label>
    </details>
  );
}

function isWithin(pointer: string, of: string): boolean {
  return pointer === of || pointer.startsWith(`${of}/`);
}
