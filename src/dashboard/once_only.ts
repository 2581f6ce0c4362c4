/** Events from forms: a button that is pressed twice sends one. */

import { createHash } from "node:crypto";
import type { EventId } from "../core/ids.ts";

/**
 * The same content from the same form is the same event, and other content another one.
 *
 * @param once What the form was given when it was made.
 */
export function onceOnly(once: string, content: string): EventId {
  const digest = createHash("sha256").update(`${once}\n${content}`).digest("base64url");
  return `evt_form_${digest.slice(0, 24)}` as EventId;
}
