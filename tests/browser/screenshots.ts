/**
 * `deno task screenshots`: the pictures of the README and the manual, from the demo as it is
 * after a while. Each in light and in dark.
 */

import type { Browser, Page } from "playwright-core";
import { DESKTOP, inContext, withBrowser } from "../support/chromium.ts";
import type { DemoProcess } from "../support/demo_process.ts";
import { withDemo } from "../support/demo_server.ts";
import { ROOT } from "../support/task_process.ts";

const FOLDER = `${ROOT}src/manual/screenshots`;
/** Whoever opens the README loads them all. */
const BYTES_MAX = 150_000;
const QUALITY = 85;
/** So that there is something in the charts. */
const PLAY_MS = 100_000;

interface Shot {
  readonly name: string;
  readonly path: string;
  /** In pixels; that of a usual window, when absent. */
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
    { name: "stream", path: "/ui/stream" },
    { name: "system", path: "/ui/system" },
  ];
}

/** Playwright itself makes no WebP, which is a third of a PNG. */
async function pictureOf(page: Page): Promise<Uint8Array> {
  const cdp = await page.context().newCDPSession(page);
  const { data } = await cdp.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  return Uint8Array.fromBase64(data);
}

async function shoot(browser: Browser, demo: DemoProcess): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await inContext(browser, { viewport: DESKTOP, colorScheme }, async (context) => {
      const page = await context.newPage();
      for (const { name, path, height = DESKTOP.height } of shotsOf(demo)) {
        await page.setViewportSize({ ...DESKTOP, height });
        await page.goto(demo.url + path, { waitUntil: "load" });
        const picture = await pictureOf(page);
        const file = `${FOLDER}/${name}-${colorScheme}.webp`;
        if (picture.byteLength > BYTES_MAX) {
          throw new Error(`Cannot keep ${file}: it has ${picture.byteLength} bytes`);
        }
        await Deno.writeFile(file, picture);
        console.log(`${file.slice(ROOT.length)}: ${picture.byteLength} bytes`);
      }
    });
  }
}

await Deno.mkdir(FOLDER, { recursive: true });
await withDemo(async (demo) => {
  await new Promise((resolve) => setTimeout(resolve, PLAY_MS));
  await withBrowser((browser) => shoot(browser, demo));
}, ["--rate", "3"]);
