/** What looks back at jobs, events and the queue. */

import { AboutSearch } from "./about_search.ts";
import { EventExplainer } from "./event_explainer.ts";
import { Explainer } from "./explainer.ts";
import { LimitsWhatIfs } from "./limits_what_ifs.ts";
import type { QueryParts } from "./query_parts.ts";
import { QueueExplainer } from "./queue_explainer.ts";
import { Replays } from "./replays.ts";

export class Explanations {
  /** Why jobs are as they are, now or at a point. */
  readonly explainer: Explainer;
  /** Jobs as they were, and as they would have been under a supposition. */
  readonly replays: Replays;
  /** The outcome of events. */
  readonly eventExplainer: EventExplainer;
  /** Why no job continues, or that jobs do. */
  readonly queueExplainer: QueueExplainer;
  /** Everything that carries a value, and the outcome of each. */
  readonly about: AboutSearch;

  constructor(parts: QueryParts) {
    this.explainer = new Explainer(parts);
    this.replays = new Replays(parts, new LimitsWhatIfs(parts, this.explainer));
    this.eventExplainer = new EventExplainer(parts, this.replays);
    this.queueExplainer = new QueueExplainer(parts);
    this.about = new AboutSearch(parts, this.explainer, this.eventExplainer);
  }
}
