/** What an open page does when its server is away for a while, or was replaced. */

import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { DESKTOP, inContext, testInBrowser } from "../support/process/chromium.ts";
import { DaybookProcess, type ProcessOptions } from "../support/process/daybook_process.ts";
import { HOSTILE } from "./hostile_definitions.ts";
import { sideBySide } from "./side_by_side.ts";
import { StandInProxy } from "./stand_in_proxy.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { ROOT } from "../support/process/task_process.ts";
import { until } from "../support/until.ts";

const TOKEN = "correct-horse-battery-staple";
const JOB = "job-1";
const PLAN = { expected: [{ id: "paid", eventType: "shop.Paid" }] };

/** Several servers, one after the other, at the same address, and a page that stays open. */
class Restarts {
  #server: DaybookProcess | undefined;

  private constructor(readonly page: Page, readonly url: string, server: DaybookProcess) {
    this.#server = server;
  }

  static async run(
    browser: Browser,
    options: Omit<ProcessOptions, "journal">,
    walk: (restarts: Restarts, folder: string) => Promise<void>,
  ): Promise<void> {
    await inFolder(async (folder) => {
      const server = await DaybookProcess.start({ ...options, journal: `${folder}/first` });
      await inContext(browser, { viewport: DESKTOP }, async (context) => {
        const restarts = new Restarts(await context.newPage(), server.url, server);
        try {
          await walk(restarts, folder);
        } finally {
          await restarts.kill();
        }
      });
    });
  }

  signal(signal: Deno.Signal): void {
    this.#server?.signal(signal);
  }

  async kill(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
  }

  /** Kills the server and starts it again. */
  async again(options: ProcessOptions): Promise<void> {
    await this.kill();
    const args = [`--port=${new URL(this.url).port}`, ...options.args ?? []];
    this.#server = await DaybookProcess.start({ ...options, args });
  }

  async post(path: string, body: unknown, status = 202, method = "POST"): Promise<void> {
    const headers = { "content-type": "application/json" };
    const init = { method, headers, body: JSON.stringify(body) };
    const response = await fetch(this.url + path, init);
    assert.equal(response.status, status, await response.text());
  }

  /** Opens pages beside the one that is there. */
  async openAll(paths: readonly string[]): Promise<readonly Page[]> {
    return await Promise.all(paths.map(async (path) => {
      const page = await this.page.context().newPage();
      await page.goto(this.url + path);
      return page;
    }));
  }

  /** Opens the page of a waiting job, and makes sure that it is live. */
  async openJob(url = this.url): Promise<void> {
    await this.post("/jobs", { plan: PLAN, jobId: JOB });
    await this.page.goto(`${url}/ui/jobs/${JOB}`);
    await this.page.locator(".condition-waiting").first().waitFor();
  }

  /** Changes the job, which a live page shows. */
  async cancelJob(): Promise<void> {
    await this.post(`/jobs/${JOB}/cancel`, {}, 200);
    await this.page.locator(".condition-cancelled").first().waitFor();
  }

  async signIn(next: string): Promise<void> {
    await this.page.goto(this.url + next);
    await this.page.getByLabel("Token").fill(TOKEN);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.waitForURL(this.url + next);
  }

  /** Waits until screen readers have been told the state of the page. */
  async announcing(state: string): Promise<void> {
    const news = this.page.locator("header [role=status]");
    await news.getByText(state, { exact: true }).waitFor({ state: "attached" });
  }

  /** Waits until the live control has this text. */
  async saying(state: string): Promise<void> {
    const text = new RegExp(`^${state}(?: since \\d\\d:\\d\\d:\\d\\d)?$`);
    await this.page.locator("#live-text").getByText(text).waitFor();
  }
}

/**
 * The text of a page, without its durations and ages, which differ by the second. An age may have
 * two parts: `1 min 5 s ago`. The time axis of an unfinished job has more of them the later it is
 * drawn.
 */
async function textOf(page: Page): Promise<string> {
  const text = await page.locator("main").innerText();
  return text.replaceAll(/just now|(?:\d[\d.]* (?:ms|s|min|h|d)\b ?)+(?:ago\b)?/g, "T")
    .replaceAll(" (T)", "").replaceAll(/^T\n/gm, "");
}

/** The lines from the first one in which two texts differ. */
function firstDifference(kept: string, reloaded: string): string | undefined {
  if (kept === reloaded) return undefined;
  const [lines, others] = [kept.split("\n"), reloaded.split("\n")];
  let at = 0;
  while (at < lines.length && lines[at] === others[at]) at++;
  const from = (text: readonly string[]) => JSON.stringify(text.slice(at, at + 5));
  return `${from(lines)} instead of ${from(others)}`;
}

type Walk = (browser: Browser) => Promise<void>;

const WITH_DEFINITIONS = {
  args: [`--definitions=${ROOT}tests/browser/hostile_definitions.ts`],
  permissions: [`--allow-read=${ROOT}`],
};
/** More than a page of entries. */
const EVENTS = 60;

const WALKS: Readonly<Record<string, Walk>> = {
  "a server that was killed is found again": (browser) =>
    Restarts.run(browser, {}, async (restarts, folder) => {
      await restarts.openJob();
      await restarts.saying("live");
      await restarts.kill();
      await restarts.saying("reconnecting");
      await restarts.announcing("reconnecting");
      await restarts.again({ journal: `${folder}/first` });
      await restarts.saying("live");
      await restarts.announcing("live");
      await restarts.cancelJob();
    }),

  "a server that hangs is noticed, although its streams stay open": (browser) =>
    Restarts.run(browser, {}, async (restarts) => {
      await restarts.page.clock.install();
      await restarts.openJob();
      await restarts.saying("live");
      restarts.signal("SIGSTOP");
      await restarts.page.clock.fastForward(60_000);
      await restarts.saying("reconnecting");
      restarts.signal("SIGCONT");
      await restarts.saying("live");
      await restarts.cancelJob();
    }),

  "a proxy that answers for a server that is away does not end the page": (browser) =>
    Restarts.run(browser, {}, async (restarts, folder) => {
      await using proxy = new StandInProxy(restarts.url);
      await restarts.openJob(proxy.url);
      await restarts.saying("live");
      await restarts.kill();
      await restarts.saying("reconnecting");
      // This request fails before the browser tries the stream again.
      await restarts.page.evaluate("document.dispatchEvent(new Event('daybook:refresh'))");
      await proxy.refusal;
      await restarts.again({ journal: `${folder}/first` });
      await restarts.saying("live");
      await restarts.cancelJob();
    }),

  "a session that ended with its server leads to the sign-in": (browser) =>
    Restarts.run(browser, { env: { DAYBOOK_TOKEN: TOKEN } }, async (restarts, folder) => {
      await restarts.signIn("/ui/jobs");
      await restarts.saying("live");
      await restarts.again({ journal: `${folder}/first`, env: { DAYBOOK_TOKEN: TOKEN } });
      await restarts.page.waitForURL(`${restarts.url}/ui/sign-in?next=%2Fui%2Fjobs`);
    }),

  "what was typed stays when the session is over, until its reader lets it go": (browser) =>
    Restarts.run(browser, { env: { DAYBOOK_TOKEN: TOKEN } }, async (restarts, folder) => {
      await restarts.signIn("/ui/jobs");
      await restarts.page.getByRole("searchbox").fill("half a tho");
      await restarts.again({ journal: `${folder}/first`, env: { DAYBOOK_TOKEN: TOKEN } });
      await restarts.saying("signed out");
      assert.equal(await restarts.page.getByRole("searchbox").inputValue(), "half a tho");
      await restarts.page.locator("#live-control").click();
      await restarts.page.waitForURL(`${restarts.url}/ui/sign-in?next=%2Fui%2Fjobs`);
    }),

  "a form that was filled in is not lost to a server that is away": (browser) =>
    Restarts.run(browser, {}, async (restarts, folder) => {
      const { page } = restarts;
      const field = page.getByLabel("orderId");
      const submit = page.getByRole("button", { name: "Submit the job" });
      await page.goto(`${restarts.url}/ui/system/definitions/order.fulfil`);
      await restarts.saying("live");
      await field.fill("typed at night");
      await page.getByLabel("amount").fill("42");
      await restarts.kill();
      await restarts.saying("reconnecting");
      const asked = page.waitForEvent("dialog").then((dialog) => dialog.dismiss());
      await submit.click();
      await asked;
      await restarts.again({ journal: `${folder}/first` });
      await restarts.saying("live");
      assert.equal(await field.inputValue(), "typed at night");
      await submit.click();
      await page.waitForURL(/\/ui\/jobs\//);
    }),

  "a form of a page that is not live is not lost to a session that has ended": (browser) =>
    Restarts.run(browser, { env: { DAYBOOK_TOKEN: TOKEN } }, async (restarts, folder) => {
      const { page } = restarts;
      const field = page.getByLabel("attributes");
      const send = page.getByRole("button", { name: "Send the event" });
      await restarts.signIn("/ui/system/event");
      await page.getByLabel("eventType").fill("shop.Seen");
      await field.fill('{"typed":"at night"}');
      await restarts.again({ journal: `${folder}/first`, env: { DAYBOOK_TOKEN: TOKEN } });
      const asked = page.waitForEvent("dialog").then(async (dialog) => {
        assert.match(dialog.message(), /^This page is signed out/);
        await dialog.dismiss();
      });
      await send.click();
      await asked;
      assert.equal(await field.inputValue(), '{"typed":"at night"}');

      const [other] = await restarts.openAll(["/ui/sign-in"]);
      await other?.getByLabel("Token").fill(TOKEN);
      await other?.getByRole("button", { name: "Sign in" }).click();
      await other?.waitForURL(`${restarts.url}/`);
      await send.click();
      await page.getByText("is recorded as entry").waitFor();
    }),

  "what was typed in a form is there again when its reader goes back": (browser) =>
    Restarts.run(browser, {}, async (restarts) => {
      const { page } = restarts;
      const [plan, once] = [
        page.getByRole("textbox", { name: "plan" }),
        page.locator("input[name=once]"),
      ];
      await page.goto(`${restarts.url}/ui/system/plan`);
      const text = JSON.stringify(PLAN);
      await plan.fill(text);
      const first = await once.inputValue();
      await page.getByRole("button", { name: "Submit the job" }).click();
      await page.waitForURL(/\/ui\/jobs\//);
      await page.goBack();
      assert.equal(await plan.inputValue(), text);
      assert.notEqual(await once.inputValue(), first);
    }),

  "the page of a job that is not in the journal any more says so": (browser) =>
    Restarts.run(browser, {}, async (restarts, folder) => {
      await restarts.openJob();
      await restarts.saying("live");
      await restarts.again({ journal: `${folder}/second` });
      await restarts.page.getByRole("heading", { name: "There is no such job" }).waitFor();
    }),

  "a page that is kept open shows what a reload shows": (browser) =>
    Restarts.run(browser, WITH_DEFINITIONS, async (restarts) => {
      const input = { text: "too late", how: "fail" };
      await restarts.post("/jobs", { type: HOSTILE.type, input, jobId: "fails", start: false });
      await restarts.post("/jobs", { plan: PLAN, jobId: JOB });
      const paths = ["fails", JOB].map((jobId) => `/ui/jobs/${jobId}`);
      const pages = await restarts.openAll(
        [...paths, `/ui/system/definitions/${HOSTILE.type}`],
      );
      await restarts.post("/jobs/fails/start", {}, 200);
      const event = { eventType: "shop.Seen", jobId: JOB };
      await restarts.post("/events", Array.from({ length: EVENTS }, () => event), 200);
      for (const page of pages) {
        await restarts.page.goto(page.url());
        let difference: string | undefined;
        await until(() => `${page.url()} shows what a reload shows: ${difference}`, async () => {
          await restarts.page.reload();
          difference = firstDifference(await textOf(page), await textOf(restarts.page));
          return difference === undefined;
        });
      }
    }),

  "ages count on while nothing changes, but not while the page is paused": (browser) =>
    Restarts.run(browser, {}, async (restarts) => {
      const { page } = restarts;
      const age = () => page.locator("dl.facts .ago").first().innerText();
      const minutes = async () => Number(/(\d+) min/.exec(await age())?.[1] ?? 0);
      await page.clock.install();
      await restarts.openJob();
      // Nothing updates the page any more.
      await restarts.kill();
      // Time passes on a busy machine, too.
      const before = await minutes();
      await page.clock.runFor(180_000);
      const counted = await minutes();
      assert.ok(counted >= before + 3, `${before}, then ${counted} minutes`);
      await page.locator("#live-control").click();
      const paused = await age();
      await page.clock.runFor(180_000);
      assert.equal(await age(), paused);
      await page.locator("#live-control").click();
      await page.clock.runFor(1_000);
      const resumed = await minutes();
      assert.ok(resumed >= counted + 3, `${counted}, then ${resumed} minutes`);
    }),

  "entry 51 does not replace entries in view, and the count is that of the list": (browser) =>
    Restarts.run(browser, {}, async (restarts) => {
      const { page } = restarts;
      const event = { eventType: "shop.Seen", jobId: JOB };
      const renew = () => page.evaluate("document.dispatchEvent(new Event('daybook:refresh'))");
      const count = page.locator("#entries-count");
      await restarts.openJob();
      await restarts.post("/events", Array.from({ length: 48 }, () => event), 200);
      await count.getByText("50 lines").waitFor();
      await page.locator("#entries > li").nth(40).scrollIntoViewIfNeeded();
      await restarts.post("/events", event, 200);
      await count.getByText("50 of 51, page 1 of 2").waitFor();
      assert.equal(await page.locator("#entries > li").count(), 50);
      await page.evaluate("scrollTo(0, 0)");
      await renew();
      await count.getByText("1 of 51, page 2 of 2").waitFor();

      await page.goto(`${restarts.url}/ui/jobs/${JOB}?order=newest`);
      await restarts.post("/events", { ...event, eventType: "shop.Paid" }, 200);
      await page.locator("#job-expectations").getByText("1 of 1").waitFor();
      assert.equal(await count.innerText(), "1 of 51, page 2 of 2: the newest.");
      assert.equal(await page.locator("#entries > li").count(), 1);
    }),

  "the form for a type without limits stops offering a type that has got some": (browser) =>
    Restarts.run(browser, WITH_DEFINITIONS, async (restarts) => {
      const { page } = restarts;
      await page.goto(`${restarts.url}/ui/limits`);
      const form = page.locator("#limit-type");
      await form.locator("summary").click();
      await form.getByLabel("Maximum running", { exact: true }).fill("3");
      const offered = form.locator(`option[value="${HOSTILE.type}"]`);
      await offered.waitFor({ state: "attached" });
      await restarts.post(
        `/limits/${HOSTILE.type}`,
        { maxRunning: 2, reason: "by the test" },
        200,
        "PUT",
      );
      await offered.waitFor({ state: "detached" });
      assert.equal(await form.getByLabel("Maximum running", { exact: true }).inputValue(), "3");
      assert.equal(await form.getByLabel("Type").inputValue(), "");
    }),

  "what is open stays open when something comes before it": (browser) =>
    Restarts.run(browser, WITH_DEFINITIONS, async (restarts) => {
      const { page } = restarts;
      const correlation = { equals: { orderId: "42" } };
      const plan = { expected: [{ id: "paid", eventType: "shop.Paid", correlation }] };
      await restarts.post("/jobs", { plan, jobId: JOB });
      const pay = (orderId: unknown) =>
        restarts.post("/events", { eventType: "shop.Paid", attributes: { orderId } }, 200);
      await pay(42);
      await page.goto(`${restarts.url}/ui/jobs/${JOB}`);
      const misses = page.locator(".miss");
      await misses.locator("summary").click();
      const once = page.locator("input[name=once]");
      const first = await once.inputValue();
      await pay(" 42 ");
      await page.evaluate("document.dispatchEvent(new Event('daybook:refresh'))");
      await misses.nth(1).waitFor();
      // Landmarks need different names.
      assert.equal(new Set(await misses.locator("caption").allTextContents()).size, 2);
      const open = await misses.locator("details[open]").allInnerTexts();
      assert.equal(open.length, 1);
      assert.match(open.join(), /"orderId": 42/);
      // Otherwise a form that is sent again because the answer is slow would be another event.
      assert.equal(await once.inputValue(), first);

      await restarts.post("/jobs", { type: "hostile.apart", input: {}, jobId: "apart" });
      await page.goto(`${restarts.url}/ui/jobs/apart`);
      const attempts = page.locator("#job-attempts tbody tr");
      await attempts.filter({ hasText: "second failed" }).locator("summary").click();
      await attempts.filter({ hasText: "2 of 9" }).waitFor();
      const stack = await attempts.filter({ has: page.locator("details[open]") }).allInnerTexts();
      assert.match(stack.join(), /^second/);
    }),

  "what has the focus is updated too, and never becomes another control": (browser) =>
    Restarts.run(browser, {}, async (restarts) => {
      const { page } = restarts;
      await restarts.openJob();
      const table = page.locator("#job-expectations .table-box");
      await table.focus();
      await restarts.post("/events", { eventType: "shop.Paid", jobId: JOB }, 200);
      await table.getByText("1 of 1").waitFor();

      await restarts.post("/jobs", { plan: PLAN, jobId: "second" });
      await page.goto(`${restarts.url}/ui/jobs/second`);
      await page.getByRole("button", { name: "Suspend" }).focus();
      await restarts.post("/jobs/second/cancel", {}, 200);
      await page.locator(".condition-cancelled").first().waitFor();
      assert.equal(
        await page.evaluate("document.activeElement.closest('form')?.action"),
        undefined,
      );
    }),

  "more windows than a browser has connections are all live, also when others are closed": (
    browser,
  ) =>
    Restarts.run(browser, {}, async (restarts) => {
      await restarts.openJob();
      const windows = await restarts.openAll(Array.from({ length: 8 }, () => `/ui/jobs/${JOB}`));
      for (const [at, page] of windows.entries()) {
        await page.locator('[data-state="live"]').waitFor();
        if (at < 4) await page.close();
      }
      const left = [restarts.page, ...windows.slice(4)];
      await restarts.post("/events", { eventType: "shop.Seen", jobId: JOB }, 200);
      await Promise.all(left.map((page) => page.getByText("shop.Seen").first().waitFor()));
      await restarts.kill();
      await Promise.all(left.map((page) => page.locator('[data-state="reconnecting"]').waitFor()));
    }),

  "a page for which there was no room gets its stream when there is": (browser) =>
    Restarts.run(browser, { limits: { streamsMax: 1 } }, async (restarts) => {
      const first = await restarts.page.context().newPage();
      await first.goto(`${restarts.url}/`);
      await first.locator('[data-state="live"]').waitFor();
      await restarts.openJob();
      await restarts.saying("reconnecting");
      await first.close();
      await restarts.saying("live");
      await restarts.cancelJob();
    }),
};

testInBrowser(
  "live: a page survives a restart of its server, reconnects, and says why it ended",
  (browser) =>
    sideBySide(Object.fromEntries(
      Object.entries(WALKS).map(([name, walk]) => [name, () => walk(browser)]),
    )),
);
