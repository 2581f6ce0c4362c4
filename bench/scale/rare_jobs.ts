/** A few jobs with labels that fail among very many that do not, for lists that must find them. */

import { post } from "../server/http.ts";

const EVERY_MS = 200;

export const REGIONS: readonly string[] = ["north", "east", "south", "west"];

/** Submits one for each region again and again, until it is disposed of. */
export function submitRareJobs(url: string): Disposable {
  const jobs = REGIONS.map((region) => ({
    type: "bench.failing",
    input: { region },
    labels: { region },
  }));
  const submitting = setInterval(() => void post(`${url}/jobs`, jobs), EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(submitting) };
}
