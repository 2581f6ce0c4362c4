/** The journal as tests read it. */

import type { JsonObject } from "../core/json.ts";

/** An entry of the journal, as `GET /events` gives it. */
export interface RecordedEvent {
  /** Its position: 1, 2, 3, ... */
  readonly logId: number;
  /** `framework` is what Daybook records itself; `domain` is what others tell. */
  readonly stratum: "framework" | "domain" | "coordination";
  /** Unique in the journal. */
  readonly eventId: string;
  /** Such as `job.TaskCompleted`, or `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** RFC 3339, by the manual clock unless the sender says otherwise. */
  readonly occurredAt: string;
  /** RFC 3339, by the manual clock. */
  readonly receivedAt: string;
  /** The job that it is about. */
  readonly jobId?: string;
  /** The step that it is about. */
  readonly taskId?: string;
  /** The attempt that it is about. */
  readonly executionId?: string;
  /** Its trace, where it has one. */
  readonly traceId?: string;
  /** Its place in that. */
  readonly spanId?: string;
  /** Who caused it, by the name beside a token. */
  readonly actor?: string;
  /** The position of the entry that made it happen. */
  readonly causedBy?: number;
  /** What it says. */
  readonly attributes: JsonObject;
}
