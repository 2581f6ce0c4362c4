/** A real CSV file: 3,376 airports of the United States. */

// The package exports no data, so its file is found beside its code; the import makes
// Deno fetch it.
import "vega-datasets";
import { readFileSync } from "node:fs";

const file = new URL("../data/airports.csv", import.meta.resolve("vega-datasets"));

export const AIRPORTS_COUNT = 3_376;

export function airportsCsv(): string {
  return readFileSync(file, "utf8");
}
