/** The types of jobs that can be submitted, and what else can be brought in. */

import type { DefinitionInfo } from "../../engine/requests.ts";
import { Empty } from "../parts/empty.tsx";
import { definitionPath } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";

export interface DefinitionsSectionProps {
  readonly definitions: readonly DefinitionInfo[];
  readonly maySubmit: boolean;
}

export function DefinitionsSection({ definitions, maySubmit }: DefinitionsSectionProps) {
  return (
    <section class="sheet" aria-labelledby="definitions-heading">
      <h2 id="definitions-heading">Definitions</h2>
      {definitions.length === 0
        ? (
          <Empty title="No definitions are loaded">
            <p>
              <code>--definitions my_jobs.ts</code> loads your own. A plan needs none.
            </p>
          </Empty>
        )
        : (
          <ul class="definitions">
            {definitions.map((definition) => (
              <Definition definition={definition} maySubmit={maySubmit} />
            ))}
          </ul>
        )}
      <p class="row">
        <a class="button" href="/ui/system/plan">A job without code</a>
        <a class="button" href="/ui/system/event">Send an event</a>
      </p>
    </section>
  );
}

interface DefinitionProps {
  readonly definition: DefinitionInfo;
  readonly maySubmit: boolean;
}

function Definition({ definition, maySubmit }: DefinitionProps) {
  const { type, version, description } = definition;
  const path = definitionPath(type);
  return (
    <li>
      <div>
        <a href={path} class="mono">
          <UserText text={type} lengthMax={200} />
        </a>{" "}
        <span class="soft">version {version}</span>
        {description === undefined ? null : (
          <p class="soft">
            <UserText text={description} lengthMax={300} />
          </p>
        )}
      </div>
      <a class="button" href={`${path}#submit-heading`}>{maySubmit ? "Submit" : "Form"}</a>
    </li>
  );
}
