/** The journal as tests see it. */

import type { JsonObject } from "../core/json.ts";

/** An entry of the journal, as `GET /events` returns it. */
export interface RecordedEvent {
  /** Its position: 1, 2, 3, ... */
  readonly logId: number;
  /** `framework` for what Daybook itself records, `domain` for what others report. */
  readonly stratum: "framework" | "domain" | "coordination";
  /** Unique in the journal. */
  readonly eventId: string;
  /** Such as `job.TaskCompleted`, or `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** RFC 3339, by the manual clock unless the sender gives another time. */
  readonly occurredAt: string;
  /** RFC 3339, by the manual clock. */
  readonly receivedAt: string;
  /** The job it is about. */
  readonly jobId?: string;
  /** The step it is about. */
  readonly taskId?: string;
  /** The attempt it is about. */
  readonly executionId?: string;
  /** Its trace, if it has one. */
  readonly traceId?: string;
  /** Its span in that trace. */
  readonly spanId?: string;
  /** Who caused it: the name beside the token. */
  readonly actor?: string;
  /** The position of the entry that caused it. */
  readonly causedBy?: number;
  /** Its content. */
  readonly attributes: JsonObject;
}
