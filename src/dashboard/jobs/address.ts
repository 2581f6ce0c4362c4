/**
 * The address of the jobs screen, which holds all that is chosen on it: a link to it, a form
 * that leads back, and a page that is loaded again show the same.
 */

import { choice, cursor, type Query, single, text } from "../../documents/parameters.ts";
import { BULK_CONTROLS } from "../../core/controls.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { readQuery } from "../../http/requests/query.ts";
import { FILTER_PARAMETERS } from "../../documents/job_filter.ts";
import { parseTime } from "../../documents/fields.ts";
import { NOTE_PARAMETER } from "../parts/note_line.tsx";

export const JOBS_PATH = "/ui/jobs";

const SCREEN_PARAMETERS = {
  ...FILTER_PARAMETERS,
  ...NOTE_PARAMETER,
  cursor: single(cursor("jobs"), "Where the page begins: jobs that are older."),
  newer: single(cursor("jobs"), "Where the page ends: jobs that are newer."),
  group: single(choice(["error"]), "Failures by their kind, in place of jobs."),
  do: single(choice(BULK_CONTROLS), "What is about to be done with all jobs that match."),
  /** What a live page shows already, which stays where it is. */
  shown: single(text, "Positions of jobs, or fingerprints."),
};

export type ScreenQuery = Query<typeof SCREEN_PARAMETERS>;

/**
 * What is chosen: which jobs, and how they are shown. What else an address holds is of a moment.
 */
const CHOICES = [...Object.keys(FILTER_PARAMETERS), "group", "cursor", "newer"] as const;
const FILTERS: readonly string[] = Object.keys(FILTER_PARAMETERS);

/** For a part of a list only. */
const PLACES = ["cursor", "newer"] as const;

/** What changes in an address: a value in place of what is there, or nothing. */
type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

export class JobsAddress {
  readonly #params: URLSearchParams;

  private constructor(params: URLSearchParams) {
    this.#params = params;
  }

  /** As a browser sends it: fields that were not filled in are blank. */
  static of(params: URLSearchParams): JobsAddress {
    const filled = [...params]
      .map(([name, value]): [string, string] => [name, inForm(name, value.trim())])
      .filter(([, value]) => value !== "");
    return new JobsAddress(new URLSearchParams(filled));
  }

  /** @throws {Problem} `invalid-request` for what is unknown or wrong. */
  read(): ScreenQuery {
    return readQuery(new Request(`http://daybook.invalid/?${this.#params}`), SCREEN_PARAMETERS);
  }

  get(name: string): string | undefined {
    return this.#params.get(name) ?? undefined;
  }

  all(name: string): readonly string[] {
    return this.#params.getAll(name);
  }

  /** What is chosen, with changes. Other jobs than before are shown from the first page on. */
  with(changes: Changes = {}): string {
    const params = new URLSearchParams();
    for (const name of CHOICES) {
      const value = name in changes ? changes[name] : this.all(name);
      const values = typeof value === "string" ? [value] : value ?? [];
      for (const one of values) params.append(name, one);
    }
    for (const [name, value] of Object.entries(changes)) {
      if (typeof value === "string" && !params.has(name)) params.set(name, value);
    }
    if (Object.keys(changes).some((name) => name === "group" || FILTERS.includes(name))) {
      for (const name of PLACES) if (!(name in changes)) params.delete(name);
    }
    return params.size === 0 ? JOBS_PATH : `${JOBS_PATH}?${params}`;
  }

  /** The filters alone, as `GET /jobs` takes them. */
  filters(changes: Changes = {}): URLSearchParams {
    const params = new URLSearchParams();
    for (const name of FILTERS) {
      const value = name in changes ? changes[name] : this.all(name);
      for (const one of typeof value === "string" ? [value] : value ?? []) params.append(name, one);
    }
    return params;
  }

  /** The filters as members of a body, as `POST /jobs/bulk` takes them. */
  filterBody(): JsonObject {
    const filters = FILTERS.flatMap((name) => {
      const values = this.all(name);
      return values.length === 0 ? [] : [[name, filterValue(name, values)] as const];
    });
    return Object.fromEntries(filters);
  }

  /** Each filter that is in force, in the order in which they are offered. */
  get active(): readonly (readonly [name: string, value: string])[] {
    return [...this.filters()];
  }
}

function filterValue(name: string, values: readonly string[]): JsonValue {
  const { form } = FILTER_PARAMETERS[name as keyof typeof FILTER_PARAMETERS];
  if (form === "list") return values.flatMap((value) => value.split(","));
  if (form === "repeated") return values;
  const [value = ""] = values;
  return name === "retried" && ["true", "false"].includes(value) ? value === "true" : value;
}

/** A field for a date and time gives neither seconds nor a zone; times are UTC here. */
function inForm(name: string, value: string): string {
  if (!name.startsWith("created") || parseTime(value) !== undefined) return value;
  for (const end of ["Z", ":00Z"]) {
    if (parseTime(value + end) !== undefined) return value + end;
  }
  return value;
}
