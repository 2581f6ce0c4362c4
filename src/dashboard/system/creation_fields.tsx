/** The form that creates a job: its subject, options, and the equivalent curl call. */

import { Needs } from "../parts/viewing.tsx";
import type { Call, Commands } from "../parts/curl.tsx";
import { inputState, issuesAt, LabelledInput, LineInput, OnceField } from "../parts/forms.tsx";
import { UserText } from "../parts/text.tsx";
import type { FormTexts } from "../schema_form/form_texts.ts";
import { SchemaFields } from "../schema_form/schema_fields.tsx";
import {
  exampleDocument,
  formDocument,
  isUntouched,
  OPTION,
  SHOW,
  type Subject,
  subjectPointer,
  withoutSecrets,
} from "./creation_form.ts";
import { type FormRefusal, RefusalNote } from "../form.tsx";
import type { PointedIssue } from "../../core/json.ts";

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

interface OptionsProps {
  readonly texts: FormTexts;
  readonly issues: readonly PointedIssue[];
}

function Options({ texts, issues }: OptionsProps) {
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
