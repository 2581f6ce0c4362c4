/** The types of jobs that can be submitted, and what else can be brought in. */

import type { DefinitionInfo } from "../../engine/requests.ts";
import { CopyCurl } from "../parts/curl.tsx";
import { Empty } from "../parts/empty.tsx";
import { UserText } from "../parts/text.tsx";
import type { Commands } from "../commands.ts";

export interface DefinitionsSectionProps {
  readonly definitions: readonly DefinitionInfo[];
  readonly maySubmit: boolean;
  readonly commands: Commands;
}

export function DefinitionsSection({ definitions, maySubmit, commands }: DefinitionsSectionProps) {
  return (
    <section class="sheet" aria-labelledby="definitions-heading">
      <div class="row row-between">
        <h2 id="definitions-heading">Definitions</h2>
        <CopyCurl command={commands.get("/definitions")} />
      </div>
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

/** The path of the page of a definition. */
export function definitionPath(type: string): string {
  return `/ui/system/definitions/${encodeURIComponent(type)}`;
}
