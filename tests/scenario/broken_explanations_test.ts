/**
 * Explanations that are broken on purpose, each in one place: the incidents must catch each of
 * them. The unbroken ones are tested in `incidents_test.ts`.
 */

import assert from "node:assert/strict";
import type { OutlinedHistory } from "../../src/explain/history/outlined_history.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { EvidenceSearch } from "../../src/engine/queries/evidence_search.ts";
import { JobLists } from "../../src/engine/queries/job_lists.ts";
import { FoundEvents } from "../../src/engine/views/past_events.ts";
import { type Incident, investigate, isWhole } from "./incident.ts";
import { type Break, replaced } from "../support/engine/replaced.ts";
import { tooFewToSay } from "./incidents/compared.ts";
import { addressedToAJobThatEnded, addressedToAnotherJob } from "./incidents/other_job.ts";
import { misspeltType } from "./incidents/other_type_or_path.ts";
import {
  amountAsText,
  cityFromAMac,
  customerNameInTwoForms,
} from "./incidents/written_otherwise.ts";

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
    incidents: [amountAsText, misspeltType, addressedToAnotherJob],
  },
  {
    name: "that normalizes nothing",
    put: withoutNormalization,
    incidents: [cityFromAMac, customerNameInTwoForms],
  },
  {
    name: "that ignores events addressed to other jobs",
    put: withoutForeignAddresses,
    incidents: [addressedToAnotherJob, addressedToAJobThatEnded],
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
