/**
 * The classes of the Prometheus client that Daybook uses. The entry of the package also loads what
 * pushes and aggregates metrics, with `node:http` and more, which takes a tenth of a start.
 */

import type * as client from "@prometheus-io/client";
import buckets from "@prometheus-io/client/lib/bucketGenerators.js";
import CounterClass from "@prometheus-io/client/lib/counter.js";
import GaugeClass from "@prometheus-io/client/lib/gauge.js";
import HistogramClass from "@prometheus-io/client/lib/histogram.js";
import RegistryClass from "@prometheus-io/client/lib/registry.js";

export type Counter<Label extends string = never> = client.Counter<Label>;
export type Gauge<Label extends string = never> = client.Gauge<Label>;
export type Histogram<Label extends string = never> = client.Histogram<Label>;
export type Registry = client.Registry;

export const Counter: typeof client.Counter = CounterClass;
export const Gauge: typeof client.Gauge = GaugeClass;
export const Histogram: typeof client.Histogram = HistogramClass;
export const Registry: typeof client.Registry = RegistryClass;
export const exponentialBuckets: typeof client.exponentialBuckets = buckets.exponentialBuckets;
