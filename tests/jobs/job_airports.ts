/**
 * A real CSV file: 3,376 airports of the United States, as in vega-datasets 3.2.1. The data is in
 * the public domain.
 */

import csv from "./airports.csv" with { type: "text" };

export const AIRPORTS_COUNT = 3_376;

export function airportsCsv(): string {
  return csv;
}
