/** What the shipped webhooks use of this process: its network, within its permissions. */

import { lackText } from "../core/permissions.ts";
import type { WebhookOptions } from "../jobs/webhook_deliver.ts";
import type { Configuration } from "../settings/configuration.ts";
import { withStart } from "../settings/permission_advice.ts";
import { systemClock } from "./system.ts";

/** The modules are imported at first use, so that a start does not load `node:http`. */
export function webhookOptions(
  { webhookHosts: allowedHosts, webhookSecret: secret }: Configuration,
): WebhookOptions {
  return {
    allowedHosts,
    ...(secret === undefined ? {} : { secret }),
    async fetch(...request) {
      const { checkedFetch } = await import("./checked_fetch.ts");
      return await checkedFetch(...request);
    },
    now: systemClock.now,
    async lookup(host) {
      const { lookup } = await import("node:dns/promises");
      return (await lookup(host, { all: true })).map(({ address }) => address);
    },
  };
}

/** Reports missing permissions at the start, not when the first webhook is due. */
export async function warnAboutHosts(
  hosts: readonly string[],
  warn: (message: string) => void,
): Promise<void> {
  const missing: string[] = [];
  for (const host of hosts) {
    const { state } = await Deno.permissions.query({ name: "net", host });
    if (state !== "granted") missing.push(host);
  }
  if (missing.length === 0) return;
  const reason = lackText({ net: missing });
  warn(withStart(`webhooks to ${missing.join(", ")} will fail: ${reason}`, { net: missing }));
}
