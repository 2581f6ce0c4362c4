/** `main.ts` with the limits that `DAYBOOK_TEST_LIMITS` holds, as JSON: no flag sets them. */

import { Daybook } from "../../../src/server/daybook.ts";

const limits = JSON.parse(Deno.env.get("DAYBOOK_TEST_LIMITS") ?? "{}");
const open = Daybook.open;

Daybook.open = (options) => open({ ...options, limits });

await import("../../../main.ts");
