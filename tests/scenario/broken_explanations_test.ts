/**
 * Explanations that are broken on purpose, each in one place: the incidents must catch each of
 * them. The unbroken ones are tested in `incidents_test.ts`.
 */

import assert from "node:assert/strict";
import type { OutlinedHistory } from "../../src/explain/outlined_history.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { EvidenceSearch } from "../../src/engine/queries/evidence_search.ts";
import { JobLists } from "../../src/engine/queries/job_lists.ts";
import { FoundEvents } from "../../src/engine/views/past_events.ts";
import { type Incident, investigate, isWhole } from "./incident.ts";
import { type Break, replaced } from "../support/engine/replaced.ts";
import { incident as cityFromAMac } from "./incidents/city_from_a_mac.ts";
import { incident as customerInTwoForms } from "./incidents/customer_name_in_two_forms.ts";
import { incident as amountAsText } from "./incidents/amount_as_text.ts";
import { incident as misspeltType } from "./incidents/misspelt_type.ts";
import { incident as toAJobThatEnded } from "./incidents/addressed_to_a_job_that_ended.ts";
import { incident as toAnotherJob } from "./incidents/addressed_to_another_job.ts";
import { incident as tooFewToSay } from "./incidents/too_few_to_say.ts";

interface BrokenVariant {
  readonly name: string;
  readonly put: Break;
  /** All of these incidents must fail. */
  readonly incidents: readonly Incident[];
}

/** How many of the newest events an explanation by time examines. */
const NEWEST = 3;

/** Finds the latest events of the type instead of those with a value. */
const nearestByTime: Break = () => {
  const { ofType } = FoundEvents.prototype;
  let asked = "";
  const undoType = replaced(FoundEvents.prototype, "ofType", {
    value: function (this: FoundEvents, eventType: string, limit: number) {
      asked = eventType;
      return ofType.call(this, eventType, limit);
    },
  });
  const undoCarrying = replaced(FoundEvents.prototype, "carrying", {
    value: function (this: FoundEvents) {
      return asked === "" ? [] : ofType.call(this, asked, NEWEST);
    },
  });
  return () => {
    undoCarrying();
    undoType();
  };
};

/** Treats texts that look the same as different. */
const withoutNormalization: Break = () =>
  replaced(String.prototype, "normalize", {
    writable: true,
    value: function (this: string) {
      return String(this);
    },
  });

/** Ignores events addressed to another job. */
const withoutForeignAddresses: Break = () => {
  const { run } = EvidenceSearch.prototype;
  return replaced(EvidenceSearch.prototype, "run", {
    value: async function (this: EvidenceSearch, outlined: OutlinedHistory) {
      const found = await run.call(this, outlined);
      const candidates = [...found.candidates].map(([id, { events, ...rest }]) => {
        const own = events.filter(({ jobId }) =>
          jobId === undefined || jobId === outlined.job.jobId
        );
        return [id, { ...rest, events: own }] as const;
      });
      return { ...found, candidates: new Map(candidates) };
    },
  });
};

/** Compares too few jobs. */
const contrastOverTooFew: Break = () => {
  const { page } = JobLists.prototype;
  return replaced(JobLists.prototype, "page", {
    value: function (this: JobLists, query: Parameters<JobLists["page"]>[0]) {
      const { jobs, ...rest } = page.call(this, query);
      const many = (job: JobState) => Array.from({ length: 10 }, () => job);
      return { ...rest, jobs: query.createdAfter === undefined ? jobs : jobs.flatMap(many) };
    },
  });
};

const BROKEN: readonly BrokenVariant[] = [
  {
    name: "that relies on time",
    put: nearestByTime,
    incidents: [amountAsText, misspeltType, toAnotherJob],
  },
  {
    name: "that normalizes nothing",
    put: withoutNormalization,
    incidents: [cityFromAMac, customerInTwoForms],
  },
  {
    name: "that ignores events addressed to other jobs",
    put: withoutForeignAddresses,
    incidents: [toAnotherJob, toAJobThatEnded],
  },
  { name: "that compares too few jobs", put: contrastOverTooFew, incidents: [tooFewToSay] },
];

for (const { name, put, incidents } of BROKEN) {
  Deno.test(`incidents: an explanation ${name} is caught`, async () => {
    for (const incident of incidents) {
      assert.ok(isWhole(await investigate(incident)), `without a defect: ${incident.story}`);
      const undo = put();
      try {
        const finding = await investigate(incident);
        assert.ok(!isWhole(finding), `not caught: ${incident.story}\n${finding.texts[0]}`);
      } finally {
        undo();
      }
    }
  });
}
