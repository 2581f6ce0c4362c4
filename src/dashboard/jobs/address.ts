/**
 * The URL of the jobs screen. It holds all choices, so that links, redirects and reloads show the
 * same page.
 */

import { choice, cursor, type Query, single, text } from "../../documents/parameters.ts";
import { BULK_CONTROLS } from "../../core/controls.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { readQuery } from "../../http/requests/request.ts";
import { FILTER_PARAMETERS } from "../../documents/job_filter.ts";
import { filledParameters, timeTyped } from "../form.tsx";
import { NOTE_PARAMETER } from "../page.tsx";
import { JOBS_PATH } from "../parts/links.tsx";

const SCREEN_PARAMETERS = {
  ...FILTER_PARAMETERS,
  ...NOTE_PARAMETER,
  cursor: single(cursor("jobs"), "The page shows only jobs older than this one."),
  newer: single(cursor("jobs"), "The page shows only jobs newer than this one."),
  group: single(choice(["error"]), "Show failures by kind instead of jobs."),
  do: single(choice(BULK_CONTROLS), "The action to confirm for all matching jobs."),
  /** The rows that a live page already shows, which stay in place. */
  shown: single(text, "Positions of jobs, or fingerprints."),
};

export type ScreenQuery = Query<typeof SCREEN_PARAMETERS>;

/** Parameters that choose the jobs and how they are shown. All others are transient. */
const CHOICES = [...Object.keys(FILTER_PARAMETERS), "group", "cursor", "newer"] as const;
const FILTERS: readonly string[] = Object.keys(FILTER_PARAMETERS);

/** Parameters that select a page of the list. */
const PLACES = ["cursor", "newer"] as const;

/** Changes to a URL: a new value of a parameter, or `undefined` to remove it. */
type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

export class JobsAddress {
  readonly #params: URLSearchParams;

  private constructor(params: URLSearchParams) {
    this.#params = params;
  }

  static of(params: URLSearchParams): JobsAddress {
    const filled = [...filledParameters(params)].map((
      [name, value],
    ) => [name, name.startsWith("created") ? timeTyped(value) : value]);
    return new JobsAddress(new URLSearchParams(filled));
  }

  /** @throws {Problem} `invalid-request` for unknown or invalid parameters. */
  read(): ScreenQuery {
    return readQuery(new Request(`http://daybook.invalid/?${this.#params}`), SCREEN_PARAMETERS);
  }

  get(name: string): string | undefined {
    return this.#params.get(name) ?? undefined;
  }

  all(name: string): readonly string[] {
    return this.#params.getAll(name);
  }

  /** The URL with changes. A change of filters goes back to the first page. */
  with(changes: Changes = {}): string {
    const params = this.#chosen(CHOICES, changes);
    for (const [name, value] of Object.entries(changes)) {
      if (typeof value === "string" && !params.has(name)) params.set(name, value);
    }
    if (Object.keys(changes).some((name) => name === "group" || FILTERS.includes(name))) {
      for (const name of PLACES) if (!(name in changes)) params.delete(name);
    }
    return params.size === 0 ? JOBS_PATH : `${JOBS_PATH}?${params}`;
  }

  /** The filters alone, as `GET /jobs` takes them. */
  filters(): URLSearchParams {
    return this.#chosen(FILTERS, {});
  }

  #chosen(names: readonly string[], changes: Changes): URLSearchParams {
    const params = new URLSearchParams();
    for (const name of names) {
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

  /** The active filters, in the order of the form. */
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
