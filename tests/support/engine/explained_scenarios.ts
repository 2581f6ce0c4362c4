/** Scenarios with a job in each condition, and with each kind of failure. */

import assert from "node:assert/strict";
import type { JobId } from "../../../src/core/ids.ts";
import { SharedLogDouble } from "../journal/shared_log_double.ts";
import { Explained } from "./explained.ts";
import { ALL, BELL, CHANGED_ORDER, STRICT_ORDER } from "./explained_definitions.ts";

/** Creates the job, and returns its Daybook. */
export interface Scenario {
  readonly name: string;
  readonly condition: string;
  arrange(daybook: Explained): Promise<Explained | void>;
}

const MATCHER = { eventType: "shop.PartArrived" };

/** A plan with one expectation. */
function parts(multiplicity: unknown = { times: 3 }) {
  return { expected: [{ id: "parts", ...MATCHER, multiplicity }] };
}

/** A plan that is compensated from outside. */
function undoable() {
  const correlation = { equals: { orderId: "42" } };
  return {
    ...parts(),
    policy: {
      errors: [{ eventType: "shop.OrderCancelled" }],
      compensation: {
        succeeded: { eventType: "shop.PartsReturned", correlation },
        failed: { eventType: "shop.PartsLost", correlation },
      },
    },
  };
}

/** A process that leads a shared journal. */
async function leading(): Promise<Explained> {
  const log = new SharedLogDouble();
  return await Explained.start({ definitions: ALL, sharing: { log, writer: "first" } });
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "created",
    condition: "created",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: parts(), start: false });
    },
  },
  {
    name: "scheduled",
    condition: "scheduled",
    arrange: async (daybook) => {
      const startAt = "2026-01-01T00:10:00.000Z";
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" }, { startAt });
    },
  },
  {
    name: "queued",
    condition: "queued",
    arrange: async (daybook) => {
      for (const name of ["a", "b", "c", "d"]) await daybook.submit(`busy-${name}`, "shop.busy");
      await daybook.submit("before", "shop.busy");
      await daybook.submit("later", "shop.busy", {}, { priority: 9 });
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" });
    },
  },
  {
    name: "queued_after_crash",
    condition: "queued",
    arrange: async (daybook) => {
      for (const name of ["a", "b", "c", "d"]) await daybook.submit(`busy-${name}`, "shop.busy");
      const started = daybook.clock;
      await daybook.post("/jobs/busy-a/cancel");
      await daybook.submit("job", "shop.busy", {}, { priority: 5 });
      await started.advance(2_000);
      return await daybook.crash({ ...daybook.options, maxRunning: 3 });
    },
  },
  {
    name: "queued_after_event",
    condition: "queued",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" }, { priority: 5 });
      for (const name of ["a", "b", "c", "d"]) await daybook.submit(`busy-${name}`, "shop.busy");
      await daybook.clock.advance(2_000);
      await daybook.event("shop.ParcelShipped", { orderId: "42", region: "EU" });
    },
  },
  {
    name: "parked_without_definition",
    condition: "parked",
    arrange: async (daybook) => {
      for (const name of ["a", "b", "c", "d"]) await daybook.submit(`busy-${name}`, "shop.busy");
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" });
      return await daybook.crash({ definitions: [] });
    },
  },
  {
    name: "executing",
    condition: "executing",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "wait" });
      await daybook.clock.advance(1_000);
    },
  },
  {
    name: "executing_with_time_limit",
    condition: "executing",
    arrange: async (daybook) => await daybook.submit("job", "shop.limited"),
  },
  {
    name: "executing_on_a_full_disk",
    condition: "executing",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.limited");
      daybook.fillDisk();
      await daybook.clock.advance(91_000);
    },
  },
  {
    name: "executing_after_crash",
    condition: "executing",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "wait" });
      await daybook.clock.advance(1_000);
      return await daybook.crash();
    },
  },
  {
    name: "waiting_text_for_number",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      await daybook.submit("other", "shop.order", { orderId: 43, region: "EU" });
      await daybook.clock.advance(60_000);
      await daybook.event("shop.ParcelShipped", { orderId: 43, region: "EU" });
      await daybook.event("shop.ParcelShipped", { orderId: "42", region: "EU" });
      await daybook.event("shop.ParcelShipped", { orderId: 44, region: "EU" });
    },
  },
  {
    name: "waiting_wrong_region",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      await daybook.clock.advance(60_000);
      await daybook.event("shop.ParcelShipped", { orderId: 42, region: "US" });
    },
  },
  {
    name: "waiting_came_before_start",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.event("shop.ParcelShipped", { orderId: 42, region: "EU" });
      await daybook.clock.advance(2_000);
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
    },
  },
  {
    name: "waiting_named_and_early",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: parts("ExactlyOnce"), start: false });
      await daybook.event("shop.PartArrived", {}, { jobId: "job" });
      await daybook.clock.advance(2_000);
      await daybook.post("/jobs/job/start", { reason: "the customer called" });
    },
  },
  {
    name: "waiting_others_came",
    condition: "waiting",
    arrange: async (daybook) => {
      const correlation = { equals: { orderId: "42" } };
      const plan = { expected: [{ id: "paid", eventType: "shop.Paid", correlation }] };
      await daybook.post("/jobs", { jobId: "job", plan });
      await daybook.event("shop.Paid", { orderId: "77" });
    },
  },
  {
    name: "waiting_taken_by_another_job",
    condition: "waiting",
    arrange: async (daybook) => {
      const paid = { id: "paid", eventType: "shop.Paid" };
      const audit = { expected: [{ ...paid, multiplicity: { times: 9 } }] };
      await daybook.post("/jobs", { jobId: "audit", plan: audit });
      const correlation = { equals: { orderId: "42" } };
      await daybook.post("/jobs", { jobId: "job", plan: { expected: [{ ...paid, correlation }] } });
      await daybook.event("shop.Paid", { orderId: 42 });
    },
  },
  {
    name: "waiting_taken_by_an_earlier_job",
    condition: "waiting",
    arrange: async (daybook) => {
      const correlation = { equals: { orderId: "42" } };
      const plan = { expected: [{ id: "paid", eventType: "shop.Paid", correlation }] };
      await daybook.post("/jobs", { jobId: "before", plan });
      await daybook.event("shop.Paid", { orderId: "42" });
      await daybook.post("/jobs", { jobId: "job", plan });
    },
  },
  {
    name: "waiting_counted_for_another_expectation",
    condition: "waiting",
    arrange: async (daybook) => {
      const correlation = { equals: { shelf: 7 } };
      const expected = [{ id: "parts", ...MATCHER }, { id: "shelved", ...MATCHER, correlation }];
      await daybook.post("/jobs", { jobId: "job", plan: { expected } });
      await daybook.event("shop.PartArrived", { shelf: "7" });
    },
  },
  {
    name: "waiting_for_many",
    condition: "waiting",
    arrange: async (daybook) => {
      const expected = Array.from({ length: 30 }, (_, n) => ({
        id: `part-${n}`,
        eventType: "shop.PartArrived",
        correlation: { equals: { n, region: "EU" } },
      }));
      await daybook.post("/jobs", { jobId: "job", plan: { expected } });
      for (let n = 0; n < 30; n++) await daybook.event("shop.PartArrived", { n: `${n}` });
    },
  },
  {
    name: "executing_beside_backing_off",
    condition: "executing",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.parallel");
    },
  },
  {
    name: "waiting_counting",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: parts() });
      await daybook.event("shop.PartArrived");
    },
  },
  {
    name: "waiting_after_run_ended",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.event("shop.UserSignedUp", { userId: "u1" });
    },
  },
  {
    name: "sleeping",
    condition: "sleeping",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.reminder", { beside: false });
      await daybook.clock.advance(86_400_000);
      return await daybook.crash();
    },
  },
  {
    name: "waiting_until_a_time",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.invoice");
      await daybook.clock.advance(86_400_000);
      return await daybook.crash();
    },
  },
  {
    name: "waiting_after_a_wait_that_ended",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.invoice");
      const later = await daybook.crash();
      await later.clock.advance(4 * 86_400_000);
      return later;
    },
  },
  {
    name: "succeeded_with_what_was_waived",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.invoice");
      await daybook.clock.advance(10 * 86_400_000);
    },
  },
  {
    name: "queued_after_a_wait_that_was_ended",
    condition: "queued",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.invoice");
      for (const name of ["a", "b", "c", "d"]) await daybook.submit(`busy-${name}`, "shop.busy");
      await daybook.post("/jobs/job/wake", { reason: "the customer asked for it" });
    },
  },
  {
    name: "succeeded_after_a_wait_that_was_ended",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.invoice");
      await daybook.post("/jobs/job/wake", { reason: "the customer asked for it" });
      await daybook.clock.advance(10 * 86_400_000);
    },
  },
  {
    name: "failed_at_a_deadline",
    condition: "failed",
    arrange: async (daybook) => {
      const within = { ms: 3 * 86_400_000, otherwise: "fail" };
      const expected = [{ id: "parts", ...MATCHER, within }];
      await daybook.post("/jobs", { jobId: "job", plan: { expected } });
      const later = await daybook.crash();
      await later.clock.advance(3 * 86_400_000);
      return later;
    },
  },
  {
    name: "waiting_beside_a_sleep",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.reminder", { beside: true });
    },
  },
  {
    name: "suspended_while_sleeping",
    condition: "suspended",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.reminder", { beside: false });
      await daybook.post("/jobs/job/suspend", { reason: "the shop moves" });
    },
  },
  {
    name: "succeeded_after_a_sleep",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.reminder", { beside: false });
      await daybook.clock.advance(3 * 86_400_000);
    },
  },
  {
    name: "succeeded_after_a_sleep_that_was_ended",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.reminder", { beside: false });
      await daybook.post("/jobs/job/wake", { reason: "the customer called" });
    },
  },
  {
    name: "backing_off",
    condition: "backingOff",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "deadLetter" });
      await daybook.clock.advance(1_500);
    },
  },
  {
    name: "backing_off_and_due",
    condition: "backingOff",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "deadLetter" });
      for (const name of ["a", "b", "c", "d"]) await daybook.submit(`busy-${name}`, "shop.busy");
      await daybook.clock.advance(1_500);
    },
  },
  {
    name: "suspended_while_executing",
    condition: "suspended",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "wait" });
      await daybook.post("/jobs/job/suspend");
    },
  },
  {
    name: "suspended_while_backing_off",
    condition: "suspended",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "deadLetter" });
      await daybook.post("/jobs/job/suspend");
      await daybook.clock.advance(1_500);
    },
  },
  {
    name: "waiting_event_of_another_type",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: parts() });
      await daybook.event("shop.PartsArrived", {}, { jobId: "job" });
    },
  },
  {
    name: "waiting_for_what_nobody_sends",
    condition: "waiting",
    arrange: async (daybook) => {
      const expected = [{ id: "packed", eventType: "job.TaskCompleted", taskId: "pack" }];
      await daybook.post("/jobs", { jobId: "job", plan: { expected } });
    },
  },
  {
    name: "waiting_for_a_control",
    condition: "waiting",
    arrange: async (daybook) => {
      const expected = [{ id: "held", eventType: "job.JobSuspended" }];
      await daybook.post("/jobs", { jobId: "job", plan: { expected } });
    },
  },
  {
    name: "waiting_beside_others_with_a_common_value",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      for (let orderId = 100; orderId < 120; orderId++) {
        await daybook.event("shop.ParcelShipped", { orderId, region: "EU" });
      }
    },
  },
  {
    name: "compensating_near_miss",
    condition: "compensating",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: undoable() });
      await daybook.event("shop.OrderCancelled");
      await daybook.event("shop.PartsReturned", { orderId: 42 });
    },
  },
  {
    name: "failed_compensation_from_outside",
    condition: "failed",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: undoable() });
      await daybook.event("shop.OrderCancelled");
      await daybook.clock.advance(1_000);
      await daybook.event("shop.PartsLost", { orderId: "42", message: "the van burned" });
    },
  },
  {
    name: "suspended",
    condition: "suspended",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      await daybook.clock.advance(1_000);
      await daybook.post("/jobs/job/suspend", { reason: "stocktaking until noon" });
    },
  },
  {
    name: "compensating",
    condition: "compensating",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "stuck" });
      await daybook.clock.advance(1_000);
    },
  },
  {
    name: "compensating_while_its_type_is_paused",
    condition: "compensating",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "stuck" });
      await daybook.post("/pauses", { type: "shop.trouble", reason: "the depot moves" });
      await daybook.clock.advance(6_000);
    },
  },
  {
    name: "compensating_from_outside",
    condition: "compensating",
    arrange: async (daybook) => {
      const policy = {
        errors: [{ eventType: "shop.OrderCancelled" }],
        compensation: {
          succeeded: { eventType: "shop.PartsReturned" },
          failed: { eventType: "shop.PartsLost" },
        },
      };
      await daybook.post("/jobs", { jobId: "job", plan: { ...parts(), policy } });
      await daybook.event("shop.OrderCancelled", { message: "the customer changed his mind" });
    },
  },
  {
    name: "succeeded",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      await daybook.clock.advance(60_000);
      await daybook.event("shop.ParcelShipped", { orderId: 42, region: "EU" });
    },
  },
  {
    name: "succeeded_by_event",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: parts({ times: 2 }) });
      await daybook.event("shop.PartArrived");
      await daybook.clock.advance(1_000);
      await daybook.event("shop.PartArrived");
    },
  },
  {
    name: "succeeded_empty_plan",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: { expected: [] } });
    },
  },
  {
    name: "succeeded_compensated",
    condition: "succeeded",
    arrange: async (daybook) => await daybook.submit("job", "shop.forgiving"),
  },
  {
    name: "failed_dead_letter",
    condition: "failed",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "deadLetter" });
      await daybook.clock.advance(60_000);
    },
  },
  {
    name: "failed_poison",
    condition: "failed",
    arrange: async (daybook) => await daybook.submit("job", "shop.trouble", { how: "poison" }),
  },
  {
    name: "failed_recovery_required",
    condition: "failed",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "stuck" });
      await daybook.clock.advance(60_000);
    },
  },
  {
    name: "parked_crashed",
    condition: "parked",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.busy");
      let now = daybook;
      for (let crash = 0; crash < 3; crash++) {
        await now.clock.advance(1_000);
        now = await now.crash();
      }
      return now;
    },
  },
  {
    name: "queued_for_a_place_of_its_key",
    condition: "queued",
    arrange: async (daybook) => {
      for (const name of ["long", "before"]) {
        await daybook.submit(name, "shop.print", { printer: "laser", isLong: true });
      }
      await daybook.submit("job", "shop.print", { printer: "laser", isLong: false });
    },
  },
  {
    name: "succeeded_after_it_waited_for_a_place",
    condition: "succeeded",
    arrange: async (daybook) => {
      await daybook.submit("long", "shop.print", { printer: "laser", isLong: true });
      await daybook.submit("job", "shop.print", { printer: "laser", isLong: false });
      await daybook.clock.advance(240_000);
      await daybook.post("/jobs/long/cancel", { reason: "out of paper" });
      await daybook.clock.advance(1_000);
    },
  },
  {
    name: "succeeded_after_a_pause_held_it",
    condition: "succeeded",
    arrange: async (daybook) => {
      const until = "2026-01-01T00:10:00.000Z";
      await daybook.post("/pauses", { type: "shop.print", reason: "out of paper", until });
      await daybook.submit("job", "shop.print", { printer: "laser", isLong: false });
      await daybook.clock.advance(601_000);
    },
  },
  {
    name: "queued_while_everything_is_paused",
    condition: "queued",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.busy");
      return await daybook.crash({ ...daybook.options, hold: true });
    },
  },
  {
    name: "queued_while_its_type_and_its_label_are_paused",
    condition: "queued",
    arrange: async (daybook) => {
      const until = "2026-01-01T00:30:00.000Z";
      await daybook.post("/pauses", { type: "shop.order", reason: "the depot is shut", until });
      await daybook.submit("free", "shop.limited");
      const labels = { shop: "berlin" };
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" }, { labels });
      await daybook.clock.advance(60_000);
      await daybook.post("/pauses", { label: "shop:berlin", reason: "stocktaking" });
      return await daybook.crash();
    },
  },
  {
    name: "queued_while_failures_pause_its_type",
    condition: "queued",
    arrange: async (daybook) => {
      for (const name of ["a", "b", "c"]) {
        await daybook.submit(`failing-${name}`, "shop.bank");
      }
      await daybook.clock.advance(100);
      await daybook.submit("job", "shop.bank");
      await daybook.clock.advance(60_000);
      return await daybook.crash();
    },
  },
  {
    name: "backing_off_while_failures_pause_its_type",
    condition: "backingOff",
    arrange: async (daybook) => {
      for (const name of ["a", "b"]) await daybook.submit(`failing-${name}`, "shop.bank");
      await daybook.submit("job", "shop.bank");
      await daybook.clock.advance(60_000);
      return await daybook.crash();
    },
  },
  {
    name: "queued_beside_one_that_runs_alone",
    condition: "queued",
    arrange: async (daybook) => {
      await daybook.submit("busy-a", "shop.busy");
      const second = await daybook.crash();
      await second.submit("job", "shop.busy");
      return await second.crash();
    },
  },
  {
    name: "queued_to_run_alone",
    condition: "queued",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.busy");
      let now = daybook;
      for (let ends = 0; ends < 3; ends++) now = await now.crash();
      await now.submit("busy-a", "shop.busy");
      await now.post("/jobs/job/resume");
      return now;
    },
  },
  {
    name: "failed_by_event",
    condition: "failed",
    arrange: async (daybook) => {
      const policy = { errors: [{ eventType: "shop.OrderCancelled" }] };
      await daybook.post("/jobs", { jobId: "job", plan: { ...parts(), policy } });
      await daybook.clock.advance(1_000);
      await daybook.event("shop.OrderCancelled", { message: "the customer changed his mind" });
    },
  },
  {
    name: "failed_run_threw",
    condition: "failed",
    arrange: async (daybook) => await daybook.submit("job", "shop.trouble", { how: "throw" }),
  },
  {
    name: "parked_diverged",
    condition: "parked",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      const changed = await daybook.crash({ definitions: [CHANGED_ORDER] });
      await changed.clock.advance(5_000);
      await changed.event("shop.ParcelShipped", { orderId: 42, region: "EU" });
      return changed;
    },
  },
  {
    name: "parked_and_cancelled",
    condition: "parked",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      const changed = await daybook.crash({ definitions: [CHANGED_ORDER] });
      await changed.clock.advance(5_000);
      await changed.post("/jobs/job/cancel", { reason: "ordered twice" });
      return changed;
    },
  },
  {
    name: "cancelled_and_left_in_place",
    condition: "cancelled",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      const changed = await daybook.crash({ definitions: [CHANGED_ORDER] });
      await changed.clock.advance(5_000);
      await changed.post("/jobs/job/cancel", { leave: true, reason: "settled by hand" });
      return changed;
    },
  },
  {
    name: "waiting_after_it_was_parked",
    condition: "waiting",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      const { definitions } = daybook.options;
      const gone = await daybook.crash({ definitions: [] });
      await gone.clock.advance(60_000);
      const back = await gone.crash(definitions === undefined ? {} : { definitions });
      await back.clock.advance(1_000);
      return back;
    },
  },
  {
    name: "failed_start_by_event",
    condition: "failed",
    arrange: async (daybook) => await daybook.event("shop.UserSignedUp", { userId: "bad" }),
  },
  {
    name: "cancelled",
    condition: "cancelled",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: 42, region: "EU" });
      await daybook.clock.advance(1_000);
      await daybook.post("/jobs/job/cancel", { reason: "ordered twice" });
    },
  },
  {
    name: "cancelled_while_a_task_runs",
    condition: "cancelled",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "wait" });
      await daybook.clock.advance(1_000);
      await daybook.post("/jobs/job/cancel", { reason: "ordered twice" });
    },
  },
  {
    name: "cancelled_and_a_task_completed",
    condition: "cancelled",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.deaf", { undoable: false });
      await daybook.post("/jobs/job/cancel");
      await daybook.clock.advance(1_000);
      BELL.dispatchEvent(new Event("ring"));
      await daybook.clock.settle();
    },
  },
  {
    name: "cancelled_and_a_task_runs_on",
    condition: "cancelled",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.deaf", { undoable: false });
      await daybook.post("/jobs/job/cancel");
    },
  },
  {
    name: "compensating_behind_a_task",
    condition: "compensating",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.deaf", { undoable: true });
      await daybook.clock.advance(1_000);
      await daybook.post("/jobs/job/cancel");
    },
  },
  {
    name: "queued_beside_backing_off",
    condition: "queued",
    arrange: async (daybook) => {
      await daybook.submit("busy", "shop.busy", {}, { priority: -1 });
      await daybook.submit("job", "shop.parallel");
      return await daybook.crash({ ...daybook.options, maxRunning: 1 });
    },
  },
  {
    name: "suspended_beside_backing_off",
    condition: "suspended",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.parallel");
      await daybook.post("/jobs/job/suspend");
      return await daybook.crash();
    },
  },
  {
    name: "suspended_plan",
    condition: "suspended",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: parts() });
      await daybook.event("shop.PartArrived");
      await daybook.post("/jobs/job/suspend");
    },
  },
  {
    name: "parked_and_suspended",
    condition: "parked",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" });
      await daybook.post("/jobs/job/suspend");
      return await daybook.crash({ definitions: [] });
    },
  },
  {
    name: "waiting_started_late",
    condition: "waiting",
    arrange: async (daybook) => {
      const startAt = "2026-01-01T00:10:00.000Z";
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" }, { startAt });
      daybook.clock.jump(15 * 60_000);
      const later = await daybook.crash();
      await later.clock.advance(1);
      return later;
    },
  },
  {
    name: "failed_invalid_input",
    condition: "failed",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.order", { orderId: "42", region: "EU" }, { start: false });
      const strict = await daybook.crash({ definitions: [STRICT_ORDER] });
      await strict.post("/jobs/job/start");
      return strict;
    },
  },
  {
    name: "cancelled_before_start",
    condition: "cancelled",
    arrange: async (daybook) => {
      await daybook.post("/jobs", { jobId: "job", plan: parts(), start: false });
      await daybook.clock.advance(1_000);
      await daybook.post("/jobs/job/cancel");
    },
  },
  {
    name: "failed_and_retried",
    condition: "failed",
    arrange: async (daybook) => {
      await daybook.submit("job", "shop.trouble", { how: "throw" });
      await daybook.post("/jobs/job/retry", { reason: "the order is mended" });
    },
  },
  {
    name: "executing_after_takeover",
    condition: "executing",
    arrange: async () => {
      const leader = await leading();
      await leader.submit("job", "shop.trouble", { how: "wait" });
      await leader.clock.advance(7_000);
      return await leader.takeover("second");
    },
  },
  {
    name: "queued_after_takeover",
    condition: "queued",
    arrange: async () => {
      const leader = await leading();
      for (const name of ["a", "b", "c"]) await leader.submit(`busy-${name}`, "shop.busy");
      await leader.submit("job", "shop.busy", {}, { priority: 5 });
      await leader.clock.advance(2_000);
      return await leader.takeover("second", { maxRunning: 3 });
    },
  },
  {
    name: "cancelled_after_takeover",
    condition: "cancelled",
    arrange: async () => {
      const leader = await leading();
      await leader.submit("job", "shop.busy");
      await leader.clock.advance(1_000);
      const second = await leader.takeover("second", { hold: true });
      await second.post("/jobs/job/cancel");
      return second;
    },
  },
  {
    name: "parked_after_takeovers",
    condition: "parked",
    arrange: async () => {
      let now = await leading();
      await now.submit("job", "shop.busy");
      for (const writer of ["second", "third", "fourth"]) {
        await now.clock.advance(1_000);
        now = await now.takeover(writer);
      }
      return now;
    },
  },
];

/** The job of a scenario; a job started by an event has an id derived from the event's. */
export function jobOf(daybook: Explained): string {
  if (daybook.engine.job("job" as JobId) !== undefined) return "job";
  return daybook.engine.lists.page({ limit: 1 }).jobs[0]?.jobId ?? assert.fail("there is no job");
}
