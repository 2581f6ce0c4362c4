/** `event`: delivers an event, and shows its effect. */

import { whyRecorded } from "../../engine/requests.ts";
import { EXIT } from "../../core/exit_codes.ts";
import { FIELD_OPTION, hintAtReceipt, JSON_NOTE, jsonInput } from "../json_input.ts";
import { plainText } from "../terminal.ts";
import { type Paint, painted } from "../render/marks.ts";
import { type ReceiptResource, receiptsAnswer } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";

export const EVENT_COMMAND: ServerCommand = {
  name: "event",
  summary: "deliver an event, and see which jobs it reached",
  positionals: "<type> [attributes]",
  options: [
    FIELD_OPTION,
    { name: "id", value: "eventId", help: "its id; the same id again changes nothing" },
    { name: "job", value: "jobId", help: "only for this job" },
    { name: "task", value: "taskId", help: "the task that it is about" },
    { name: "occurred-at", value: "time", help: "when it happened (RFC 3339); for reference only" },
  ],
  notes: [
    JSON_NOTE,
    "The exit code is 0 when the event matched, or was delivered before; 1 when it was " +
    "recorded\nbut matched nothing: it is in the journal, and counts for no job; 65 when it " +
    "was refused,\nsuch as when another event has its id.",
  ],
  examples: [
    `deno task daybook event ec.shipment.ShipmentCompleted -f 'orderId="42"' -f tracking=T-1`,
    `deno task daybook event shop.Paid '{"orderId":"7","amount":1999}' --id payment-7`,
    "deno task daybook event shop.Approved --job order-7",
    "deno task daybook event shop.Paid - < payment.json",
  ],
  run: deliver,
};

async function deliver(call: ServerCall): Promise<number> {
  const { input, surroundings, terminal } = call;
  const [eventType, argument] = input.positionals;
  const fields = input.all(FIELD_OPTION.name);
  const { receipts: [receipt] } = await call.client.send(receiptsAnswer, "POST", "/events", {
    eventType,
    attributes: await jsonInput("the attributes", argument, fields, surroundings),
    eventId: input.text("id"),
    jobId: input.text("job"),
    taskId: input.text("task"),
    occurredAt: input.text("occurred-at"),
  });
  if (receipt === undefined) throw call.client.notDaybook();
  call.print(receipt, () => receiptLines(receipt, terminal.style));
  const hint = hintAtReceipt(fields, receipt);
  if (hint !== undefined) input.warn(hint);
  return receipt.disposition === "recorded" ? EXIT.negative : EXIT.ok;
}

/** The effect of an event, in words. */
export function receiptLines(receipt: ReceiptResource, paint: Paint): readonly string[] {
  const { disposition, eventId, logId, jobs } = receipt;
  const at = logId === undefined ? "" : ` at ${logId}`;
  switch (disposition) {
    case "matched":
      return [...jobs.map((job) => reachedLine(job, paint)), ...moreLines(receipt)];
    case "duplicate":
      return [`duplicate: event ${eventId} was already recorded${at}, and changes nothing`];
    case "recorded":
      return [
        `recorded${at}, and matched nothing${
          because(receipt.reason && whyRecorded(receipt.reason))
        }`,
        ...jobs.map((job) => reachedLine(job, paint)),
        ...moreLines(receipt),
        ...nearestLines(receipt, paint),
      ];
    default:
      return [`${disposition}${because(receipt.reason)}`];
  }
}

function moreLines({ more = 0 }: ReceiptResource): readonly string[] {
  return more === 0 ? [] : [`${more} more ${more === 1 ? "is" : "are"} not listed`];
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${plainText(reason)}`;
}

/** `matched shipped of order-42: 1 of 1, the job is Done`, or another effect. */
function reachedLine(job: ReceiptResource["jobs"][number], paint: Paint): string {
  const { jobId, expectation, matched = 0, required = 0 } = job;
  if (expectation === undefined) {
    return `reached ${jobId}, which is ${painted(paint, job.state)}${because(job.reason)}`;
  }
  const count = `${matched} of ${required}`;
  const remark = job.reason === undefined ? "" : ` (${plainText(job.reason)})`;
  return `${paint("green", "matched")} ${expectation} of ${jobId}: ${count}${remark}, the job is ${
    painted(paint, job.state)
  }`;
}

/** Left out if the reason already says it. */
function nearestLines(receipt: ReceiptResource, paint: Paint): readonly string[] {
  const { nearest, jobs } = receipt;
  if (nearest === undefined) return [];
  const { expectation = "the policy", jobId, reason } = nearest;
  const said = [receipt.reason ?? "", ...jobs.map((job) => job.reason ?? "")];
  if (said.some((text) => text.includes(reason))) return [];
  return [paint("yellow", `nearest is ${expectation} of ${jobId}: ${plainText(reason)}`)];
}
