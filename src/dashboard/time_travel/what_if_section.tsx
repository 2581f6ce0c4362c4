/** The what-if form, with its errors. */

import type { Child } from "hono/jsx";
import type { PointedIssue } from "../../documents/fields.ts";
import {
  inputState,
  Issues,
  issuesAt,
  JsonInput,
  LabelledInput,
} from "../parts/labelled_input.tsx";
import { UserText } from "../parts/text.tsx";
import { WHAT_IF_FORM } from "./entry_table.tsx";
import { timePath, type TimeQuery } from "../parts/links.tsx";
import type { WhatIfForm } from "./what_if.ts";

interface WhatIfSectionProps {
  readonly jobId: string;
  readonly query: TimeQuery;
  readonly form: WhatIfForm;
  /** Whether its type can have limits, which needs code. */
  readonly hasLimits: boolean;
  /** Whether the plan of the job is too long to be edited in a page. */
  readonly planIsTooLong: boolean;
  readonly issues: readonly PointedIssue[];
  /** A draft of an event. */
  readonly sampleEvent: string;
  /** The result, if one was requested. */
  readonly children?: Child;
}

export function WhatIfSection(props: WhatIfSectionProps) {
  const { jobId, query, issues, children } = props;
  return (
    <section id="what-if" class="sheet" aria-labelledby="what-if-title">
      <h2 id="what-if-title">What if</h2>
      <p class="hint">
        What would have happened to the job with other entries, another plan, or other limits of its
        type. Nothing is recorded, and no code is run.
      </p>
      {issues.length !== 0 && (
        <p class="note note-bad" role="alert">
          Cannot compute this: {issues.length === 1 ? "one field is" : "some fields are"} wrong.
        </p>
      )}
      {children}
      <form
        id={WHAT_IF_FORM}
        method="post"
        action={`${timePath(jobId, query)}#what-if`}
        class="what-if-form"
      >
        <LeftOut {...props} />
        <Fields {...props} />
        <div>
          <button type="submit" class="primary">Show what if</button>
        </div>
      </form>
    </section>
  );
}

/** The boxes are in the list of entries. */
function LeftOut({ form, issues }: WhatIfSectionProps) {
  return (
    <div class="field">
      <p class="label">Leave out</p>
      <p class="hint">
        {form.without.length === 0 ? "Tick entries in the list of entries." : (
          <>
            Ticked in the list of entries: <UserText text={form.without.join(", ")} />
          </>
        )}
      </p>
      <Issues id="without-issues" issues={issuesAt(issues, "/without")} at="/without" />
    </div>
  );
}

const EVENTS_HINT = (
  <>
    One event or an array. <code>after</code>{" "}
    is the position after which it is inserted; without it, at the end.
  </>
);

const UP_TO = {
  id: "upTo",
  label: "Up to",
  at: "/upTo",
  hint: "A logId, an eventId or a time; if empty, up to now.",
};

const LIMITS_HINT = (
  <>
    Limits of its type, without other changes: whether the job would start now, or would have waited
    less. A limit that is left out stays in force; <code>null</code> means no limit.
  </>
);

function Fields({ form, issues, planIsTooLong, hasLimits, sampleEvent }: WhatIfSectionProps) {
  const upTo = { ...UP_TO, issues };
  return (
    <>
      <JsonInput
        id="with"
        name="with"
        label="Add events, as JSON"
        at="/with"
        issues={issues}
        hint={EVENTS_HINT}
        text={form.with}
        placeholder={sampleEvent}
      />
      <JsonInput
        id="plan"
        name="plan"
        label="Another plan, as JSON"
        at="/plan"
        issues={issues}
        hint={planIsTooLong
          ? "The plan of this job is too long to edit here. A plan that you enter here replaces it."
          : "This is the plan of the job; unchanged, it has no effect."}
        text={form.plan}
      />
      <LabelledInput {...upTo}>
        <input {...inputState(upTo)} name="upTo" value={form.upTo} />
      </LabelledInput>
      {hasLimits && (
        <JsonInput
          id="limits"
          name="limits"
          label="Other limits, as JSON"
          at="/limits"
          issues={issues}
          hint={LIMITS_HINT}
          text={form.limits}
          placeholder='{"maxRunning": 6}'
        />
      )}
    </>
  );
}
