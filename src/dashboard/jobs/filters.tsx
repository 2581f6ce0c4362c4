/** The filters of the jobs screen: a form, the active filters, and counts by condition. */

import { CONDITIONS, conditionText } from "../../core/condition.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import type { JobCount } from "../../engine/job_pages.ts";
import { countText } from "../../core/counted.ts";
import { UserText } from "../parts/text.tsx";
import type { JobsAddress } from "./address.ts";
import { JOBS_PATH } from "../parts/links.tsx";

interface FilterFormProps {
  readonly address: JobsAddress;
  /** Types with a loaded definition. */
  readonly types: readonly string[];
}

/** Filters without a field in the form, which stay active. */
const KEPT = ["condition", "fingerprint", "retried", "label", "group"] as const;
const FURTHER = ["type", "label", "state", "createdAfter", "createdBefore"] as const;

export function FilterForm({ address, types }: FilterFormProps) {
  const isFurther = FURTHER.some((name) => address.get(name) !== undefined);
  return (
    <form method="get" action={JOBS_PATH} role="search" class="stack-wide">
      {KEPT.flatMap((name) =>
        address.all(name).map((value) => <input type="hidden" name={name} value={value} />)
      )}
      <div class="job-search">
        <label for="search" class="unseen">Search</label>
        <input
          id="search"
          name="search"
          type="search"
          value={address.get("search") ?? ""}
          placeholder="Search ids, types, labels and errors"
          maxlength={200}
          autocomplete="off"
          aria-keyshortcuts="/"
        />
        <button type="submit" class="primary">Search</button>
      </div>
      <details class="folded options" open={isFurther}>
        <summary>More filters</summary>
        <div class="job-fields">
          <Field name="type" label="Type">
            <input id="type" name="type" list="types" value={address.all("type").join(",")} />
            <datalist id="types">{types.map((type) => <option value={type}></option>)}</datalist>
          </Field>
          <Field name="label" label="Label">
            <input id="label" name="label" placeholder="name:value" pattern="[^:]+:.*" />
          </Field>
          <Field name="state" label="State">
            <StateSelect chosen={address.all("state")} />
          </Field>
          <Moment name="createdAfter" label="Created after (UTC)" address={address} />
          <Moment name="createdBefore" label="Created before (UTC)" address={address} />
          <button type="submit">Apply</button>
        </div>
      </details>
    </form>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly children: unknown;
}

function Field({ name, label, children }: FieldProps) {
  return (
    <div class="job-field">
      <label for={name}>{label}</label>
      {children}
    </div>
  );
}

function StateSelect({ chosen }: { readonly chosen: readonly string[] }) {
  const several = chosen.join(",");
  const isOne = chosen.length === 0 || STATE_NAMES.some((name) => name === several);
  return (
    <select id="state" name="state">
      <option value="">any</option>
      {STATE_NAMES.map((name) => <option value={name} selected={name === several}>{name}</option>)}
      {!isOne && <option value={several} selected>{several}</option>}
    </select>
  );
}

interface MomentProps {
  readonly name: "createdAfter" | "createdBefore";
  readonly label: string;
  readonly address: JobsAddress;
}

function Moment({ name, label, address }: MomentProps) {
  const time = Date.parse(address.get(name) ?? "");
  const text = Number.isNaN(time) ? "" : new Date(time).toISOString();
  // Seconds are shown only if set: most browsers have little room for them.
  const hasSeconds = text !== "" && !text.endsWith(":00.000Z");
  return (
    <Field name={name} label={label}>
      <input
        id={name}
        name={name}
        type="datetime-local"
        step={hasSeconds ? 1 : 60}
        value={text.slice(0, hasSeconds ? 19 : 16)}
      />
    </Field>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  createdAfter: "created after",
  createdBefore: "created before",
  fingerprint: "error",
};

interface ChipsProps {
  readonly address: JobsAddress;
  /** Whether the filters can no longer be removed. */
  readonly isSettled?: boolean;
}

/** The active filters, each with a link that removes it. */
export function Chips({ address, isSettled = false }: ChipsProps) {
  const { active } = address;
  if (active.length === 0) return isSettled ? <p>No filters: all jobs match.</p> : null;
  return (
    <ul class="row bare chips" aria-label="Filters in force">
      {active.map(([name, value]) => {
        if (isSettled) {
          return (
            <li class="chip">
              <ChipText name={name} value={value} />
            </li>
          );
        }
        const others = address.all(name).filter((other) => other !== value);
        return (
          <li>
            <a class="chip" href={address.with({ [name]: others })} title="Remove this filter">
              <ChipText name={name} value={value} />
              <span aria-hidden="true">×</span>
              <span class="unseen">, remove</span>
            </a>
          </li>
        );
      })}
      {active.length >= 2 && !isSettled && (
        <li>
          <a href={address.with(Object.fromEntries(active.map(([name]) => [name, undefined])))}>
            Remove all
          </a>
        </li>
      )}
    </ul>
  );
}

function ChipText({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <span>
      {NAMES[name] ?? name}: <UserText text={value} lengthMax={80} />
    </span>
  );
}

interface TabsProps {
  readonly address: JobsAddress;
  /** Counts of the jobs that match all other filters. */
  readonly count: JobCount;
}

/** The number of jobs in each condition; each condition has a fixed place. */
export function ConditionTabs({ address, count }: TabsProps) {
  const chosen = address.all("condition").join(",");
  const more = count.searched === undefined ? "" : "+";
  return (
    <nav id="job-tabs" class="job-tabs" aria-label="Conditions" data-live>
      <ul class="bare">
        {[undefined, ...CONDITIONS].map((condition) => {
          const jobs = condition === undefined ? count.jobs : count.conditions.get(condition) ?? 0;
          const tone = condition === undefined || jobs === 0 ? "" : ` condition-${condition}`;
          const isChosen = chosen === (condition ?? "");
          return (
            <li>
              <a href={address.with({ condition })} aria-current={isChosen ? "page" : undefined}>
                <span>
                  {condition === undefined ? "all" : conditionText(condition)}
                </span>
                <span class={`tab-count${tone}`}>{countText(jobs)}{more}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
