/** What there is to do about a job that is not there. */

import { ID_PATTERN, ID_RULE } from "../../core/ids.ts";
import { UserText } from "../parts/text.tsx";

const SHOWN_MAX = 150;

export function UnknownJob({ id }: { readonly id: string }) {
  const isLegal = ID_PATTERN.test(id);
  return (
    <section class="narrow">
      <h1>There is no such job</h1>
      <p class="lead">
        No job in this journal has the id{" "}
        <span class="id">
          <UserText text={id} lengthMax={SHOWN_MAX} />
        </span>
        .
      </p>
      <p>
        {isLegal
          ? "Was it cut when it was copied, or is the job in the journal of another server? A part of the id is enough to search for it."
          : `It cannot be the id of a job: those are ${ID_RULE}.`}
      </p>
      <form method="get" action="/ui/jobs" class="stack" role="search">
        <label for="search">Search for jobs by id, type, label or error</label>
        <input
          id="search"
          name="search"
          type="search"
          value={isLegal ? id : ""}
          maxlength={200}
          dir="ltr"
        />
        <button type="submit" class="primary">Search</button>
      </form>
      <p>
        <a href="/ui/jobs">All jobs</a>
      </p>
    </section>
  );
}
