/** The filters of the stream, as a form that puts them into the path. */

import { STRATA } from "../../core/event.ts";
import { UserText } from "../parts/text.tsx";
import { type AskedStream, type FilterName, isFiltered } from "./stream_query.ts";

export function FilterForm({ asked }: { readonly asked: AskedStream }) {
  const { texts, issues } = asked;
  return (
    <form method="get" action="/ui/stream" class="stream-filters" aria-label="Filters">
      <div class="field field-wide">
        <label for="types">Event types</label>
        <input
          id="types"
          name="types"
          value={texts.types}
          placeholder="job.TaskFailed, shop.ParcelShipped"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={issues.has("types") ? "true" : undefined}
        />
        <Issue name="types" asked={asked} />
      </div>
      <div class="field">
        <label for="jobId">Job id</label>
        <input
          id="jobId"
          name="jobId"
          value={texts.jobId}
          autocomplete="off"
          spellcheck={false}
          aria-invalid={issues.has("jobId") ? "true" : undefined}
        />
        <Issue name="jobId" asked={asked} />
      </div>
      <div class="field">
        <label for="stratum">Stratum</label>
        <select id="stratum" name="stratum">
          <option value="">all</option>
          {STRATA.map((name) => (
            <option value={name} selected={name === texts.stratum}>{name}</option>
          ))}
        </select>
        <Issue name="stratum" asked={asked} />
      </div>
      <div class="field">
        <label class="check">
          <input
            type="checkbox"
            name="only"
            value="transitions"
            checked={texts.only === "transitions"}
          />
          Only what changed a job
        </label>
        <Issue name="only" asked={asked} />
      </div>
      <div class="row">
        <button type="submit" class="primary">Filter</button>
        {isFiltered(texts) ? <a class="button" href="/ui/stream">Clear</a> : null}
      </div>
    </form>
  );
}

function Issue({ name, asked }: { readonly name: FilterName; readonly asked: AskedStream }) {
  const detail = asked.issues.get(name);
  if (detail === undefined) return null;
  return (
    <p class="issues" data-issue={name}>
      <UserText text={`${name} ${detail}`} />
    </p>
  );
}
