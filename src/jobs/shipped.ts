/** The definitions that Daybook ships. */

import type { AnyJobDefinition } from "../engine/definition.ts";
import { csvImport } from "./csv_import.ts";
import { demonstrationServices } from "./demonstration_services.ts";
import { orderFulfil } from "./order_fulfil.ts";
import { webhookDeliver, type WebhookOptions } from "./webhook_deliver.ts";

export interface ShippedOptions {
  readonly webhook: WebhookOptions;
}

/** @throws {TypeError} when an option of the webhooks cannot be used. */
export function shippedDefinitions({ webhook }: ShippedOptions): AnyJobDefinition[] {
  return [csvImport, orderFulfil(demonstrationServices()), webhookDeliver(webhook)];
}
