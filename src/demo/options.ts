/** The options of `deno task demo`. */

import { parseArgs } from "node:util";
import { errorMessage } from "../core/thrown.ts";

export interface DemoOptions {
  /** `undefined`: 8000, or a free one if that is taken. */
  readonly port: number | undefined;
  /** The folder that keeps the journal; without it, the journal is deleted when the demo ends. */
  readonly keep: string | undefined;
  /** New jobs per second once the situations exist; 0 for none. */
  readonly rate: number;
}

type DemoInvocation =
  | { readonly kind: "run"; readonly options: DemoOptions }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly problem: string };

const PORT_MAX = 65_535;
const RATE_DEFAULT = 2;
const RATE_MAX = 500;

export const DEMO_HELP = `deno task demo: a small shop at work, to look around

  --port <number>   port to listen on; 0 picks one (8000, or a free one when that is taken)
  --keep <folder>   keep the journal in this folder, which must be new or empty
  --rate <number>   new jobs in a second, up to ${RATE_MAX} (${RATE_DEFAULT})
  --still           no new jobs once the situations are there
  --help            this text`;

export function parseDemoOptions(args: readonly string[]): DemoInvocation {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        keep: { type: "string" },
        rate: { type: "string" },
        still: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) return { kind: "help" };
    const port = values.port === undefined ? undefined : wholeNumber("port", values.port, PORT_MAX);
    const rate = wholeNumber("rate", values.rate ?? String(RATE_DEFAULT), RATE_MAX);
    const options = { port, keep: values.keep, rate: values.still === true ? 0 : rate };
    return { kind: "run", options };
  } catch (error) {
    return { kind: "invalid", problem: errorMessage(error) };
  }
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= max) return value;
  throw new RangeError(`--${flag} ${JSON.stringify(text)} must be a whole number from 0 to ${max}`);
}
