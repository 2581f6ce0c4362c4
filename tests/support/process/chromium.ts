/** A real browser, one for all pages of a test. */

import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { PATIENCE_MS } from "../until.ts";
import { succeeds, testWhere } from "./tools.ts";

/** The first uses about two thirds of the processor time of the others. */
const PLACES = [
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
] as const;

async function firstThatRuns(): Promise<string | undefined> {
  for (const command of PLACES) {
    if (await succeeds(command, "--version")) return await pathOf(command);
  }
  return undefined;
}

async function pathOf(command: string): Promise<string> {
  const { stdout } = await new Deno.Command("which", { args: [command] }).output();
  return new TextDecoder().decode(stdout).trim();
}

const CHROMIUM = await firstThatRuns();
const MISSING = "there is no chromium to look at the pages with";

/** Without requests to the vendor, and without features that need a screen. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
] as const;

export async function withBrowser<Result>(
  run: (browser: Browser) => Promise<Result>,
): Promise<Result> {
  if (CHROMIUM === undefined) throw new Error(`Cannot open a browser: ${MISSING}`);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...FLAGS],
    timeout: PATIENCE_MS,
  });
  try {
    return await run(browser);
  } finally {
    await browser.close();
  }
}

/** Declares a test with a browser; it is skipped, with the reason, if there is none. */
export function testInBrowser(
  name: string,
  run: (browser: Browser, t: Deno.TestContext) => Promise<void>,
): void {
  testWhere(
    CHROMIUM !== undefined,
    MISSING,
    name,
    (t) => withBrowser((browser) => run(browser, t)),
  );
}

export const DESKTOP = { width: 1_280, height: 800 } as const;
export const PHONE = { width: 390, height: 844 } as const;
/** The narrowest supported width. */
export const NARROWEST = { width: 360, height: 640 } as const;

export interface View {
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: "light" | "dark";
}

/** Each of both sizes, in each of both colours. */
export const VIEWS: readonly View[] = [DESKTOP, PHONE].flatMap((viewport) =>
  (["light", "dark"] as const).map((colorScheme) => ({ viewport, colorScheme }))
);

/** A temporary profile without cookies. */
export async function inContext<Result>(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0],
  run: (context: BrowserContext) => Promise<Result>,
): Promise<Result> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  try {
    return await run(context);
  } finally {
    await context.close();
  }
}
