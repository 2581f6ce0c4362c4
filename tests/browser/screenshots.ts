/**
 * `deno task screenshots`: the pictures of the README and the manual, from the demo as it is
 * after a while. Each in light and in dark.
 */

import type { Browser, Page } from "playwright-core";
import { DESKTOP, inContext, withBrowser } from "../support/process/chromium.ts";
import { type DemoProcess, withDemo } from "../support/process/demo_process.ts";
import { ROOT } from "../support/process/task_process.ts";

const FOLDER = `${ROOT}src/manual/screenshots`;
/** The maximum size of all pictures, because every reader of the README loads them. */
const BYTES_MAX = 150_000;
const QUALITY = 85;
/** Waits, so that the charts show something. */
const PLAY_MS = 100_000;

interface Shot {
  readonly name: string;
  readonly path: string;
  /** In pixels; that of a usual window by default. */
  readonly height?: number;
}

function shotsOf(demo: DemoProcess): readonly Shot[] {
  const job = (situation: string) => `/ui/jobs/${encodeURIComponent(demo.jobIn(situation))}`;
  return [
    { name: "overview", path: "/" },
    { name: "jobs", path: "/ui/jobs" },
    { name: "failures", path: "/ui/jobs?group=error" },
    { name: "job", path: job("waiting"), height: 960 },
    { name: "timeline", path: `${job("dead letter")}#timeline-heading`, height: 900 },
    { name: "time-travel", path: `${job("recovery required")}/time` },
    { name: "limits", path: "/ui/limits" },
    { name: "stream", path: "/ui/stream" },
    { name: "system", path: "/ui/system" },
  ];
}

/** Converts to WebP, a third of the size of a PNG, which Playwright cannot write. */
async function pictureOf(page: Page): Promise<Uint8Array> {
  const cdp = await page.context().newCDPSession(page);
  const { data } = await cdp.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  return Uint8Array.fromBase64(data);
}

async function shoot(browser: Browser, demo: DemoProcess): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const { name, path, height = DESKTOP.height } of shotsOf(demo)) {
      // A screenshot just after a change of size may fail.
      await inContext(
        browser,
        { viewport: { ...DESKTOP, height }, colorScheme },
        async (context) => {
          const page = await context.newPage();
          await page.goto(demo.url + path, { waitUntil: "load" });
          await keep(`${name}-${colorScheme}.webp`, await pictureOf(page));
        },
      );
    }
  }
}

async function keep(name: string, picture: Uint8Array): Promise<void> {
  if (picture.byteLength > BYTES_MAX) {
    throw new Error(`Cannot keep ${name}: it has ${picture.byteLength} bytes`);
  }
  await Deno.writeFile(`${FOLDER}/${name}`, picture);
  console.log(`${name}: ${picture.byteLength} bytes`);
}

await Deno.mkdir(FOLDER, { recursive: true });
await withDemo(async (demo) => {
  await new Promise((resolve) => setTimeout(resolve, PLAY_MS));
  await withBrowser((browser) => shoot(browser, demo));
}, ["--rate", "3"]);
