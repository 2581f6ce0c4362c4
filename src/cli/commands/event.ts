/** `event`: delivers an event, and says what it did. */

import type { JsonObject } from "../../core/json.ts";
import { notDaybook, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_NEGATIVE, EXIT_OK } from "../command.ts";
import { hintAtReceipt } from "../field_hint.ts";
import { FIELD_OPTION, JSON_NOTE, jsonInput } from "../json_input.ts";
import { FORM_OPTIONS, formOf, printJson, printLines } from "../presentation.ts";
import { receiptLines } from "../render/receipt.ts";
import { expectShape, receiptsAnswer } from "../resources.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";

export function eventCommand(surroundings: Surroundings): Command {
  return {
    name: "event",
    summary: "deliver an event, and see which jobs it reached",
    positionals: "<type> [attributes]",
    arity: [1, 2],
    options: [
      FIELD_OPTION,
      { name: "id", value: "eventId", help: "the same id again changes nothing" },
      { name: "job", value: "jobId", help: "only for this job" },
      { name: "task", value: "taskId", help: "the task that it is about" },
      { name: "occurred-at", value: "time", help: "when it happened, RFC 3339; for reference" },
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      JSON_NOTE,
      "The exit code is 0 when the event matched, or was there before; 1 when it was recorded and\n" +
      "matched nothing: it is in the journal then, and counts for no job; 1 also when another\n" +
      "event has its id; 65 when it was refused.",
    ],
    examples: [
      `deno task daybook event ec.shipment.ShipmentCompleted -f 'orderId="42"' -f tracking=T-1`,
      `deno task daybook event shop.Paid '{"orderId":"7","amount":1999}' --id payment-7`,
      "deno task daybook event shop.Approved --job order-7",
      "deno task daybook event shop.Paid - < payment.json",
    ],
    run: (input) => deliver(input, surroundings),
  };
}

async function deliver(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = formOf(input);
  const event = await eventOf(input, surroundings);
  const client = clientOf(input, surroundings);
  const answer = expectShape(receiptsAnswer, await client.post("/events", event), client);
  const [receipt] = answer.receipts;
  if (receipt === undefined) throw notDaybook(client.url);
  if (form === "json") printJson(input, receipt);
  else printLines(input, receiptLines(receipt, input.terminal.style));
  const hint = hintAtReceipt(input.all(FIELD_OPTION.name), receipt);
  if (hint !== undefined) input.terminal.err(`daybook: ${hint}`);
  return receipt.disposition === "recorded" ? EXIT_NEGATIVE : EXIT_OK;
}

async function eventOf(input: CommandInput, surroundings: Surroundings): Promise<JsonObject> {
  const [eventType = "", argument] = input.positionals;
  const fields = input.all(FIELD_OPTION.name);
  const attributes = await jsonInput("the attributes", argument, fields, surroundings);
  const references = Object.entries({
    attributes,
    eventId: input.text("id"),
    jobId: input.text("job"),
    taskId: input.text("task"),
    occurredAt: input.text("occurred-at"),
  });
  const given = references.filter(([, value]) => value !== undefined);
  return { eventType, ...Object.fromEntries(given) as JsonObject };
}
