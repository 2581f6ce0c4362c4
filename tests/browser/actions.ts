/** What people do on the screens: the walks do the same, by the texts on the page. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { DemoProcess } from "../support/process/demo_process.ts";
import { until } from "../support/until.ts";

export interface Action {
  readonly name: string;
  /** Expected statuses of refused requests. */
  readonly refusals?: readonly number[];
  /** Whether it requires a script. */
  readonly needsScripts?: boolean;
  readonly run: (page: Page, demo: DemoProcess) => Promise<void>;
}

async function gotoJob(page: Page, demo: DemoProcess, situation: string): Promise<void> {
  await page.goto(`${demo.url}/ui/jobs/${encodeURIComponent(demo.jobIn(situation))}`);
}

/** The condition of a job, as the engine has it. */
async function conditionOf(demo: DemoProcess, jobId: string): Promise<string> {
  const response = await fetch(`${demo.url}/jobs/${encodeURIComponent(jobId)}`);
  const job: { readonly condition: string } = await response.json();
  return job.condition;
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("button", { name }).first().click();
}

/** What an action says that it did. */
async function noteOn(page: Page): Promise<string> {
  return await page.locator(".note").first().innerText();
}

/** Opens a folded element by its summary. */
async function unfold(page: Page, text: string | RegExp): Promise<void> {
  await page.locator("summary").filter({ hasText: text }).first().click();
}

/** How often pages are reloaded at most: without scripts, none refreshes itself. */
const RELOADS_MAX = 200;

async function intactOn(page: Page): Promise<void> {
  const state = page.locator("#verification-state");
  for (let turn = 0; turn < RELOADS_MAX; turn++) {
    if (/intact/i.test(await state.innerText())) return;
    await page.reload();
  }
  assert.fail(`no verdict: ${await state.innerText()}`);
}

const JOB_ACTIONS: readonly Action[] = [
  {
    name: "a job is suspended and resumed",
    run: async (page, demo) => {
      await gotoJob(page, demo, "plan without code");
      await press(page, "Suspend");
      assert.equal(await conditionOf(demo, demo.jobIn("plan without code")), "suspended");
      await press(page, "Resume");
      assert.equal(await conditionOf(demo, demo.jobIn("plan without code")), "waiting");
      assert.match(await noteOn(page), /resumed|continues/i);
    },
  },
  {
    name: "a sleep shows its end, and is ended early",
    run: async (page, demo) => {
      await gotoJob(page, demo, "sleeping");
      assert.match(await page.locator("main").innerText(), /sleeps? until|is sleeping/i);
      await press(page, "Wake now");
      assert.match(await noteOn(page), /a sleep .* has ended/);
      assert.notEqual(await conditionOf(demo, demo.jobIn("sleeping")), "sleeping");
    },
  },
  {
    name: "a job is cancelled, once that is confirmed",
    run: async (page, demo) => {
      await gotoJob(page, demo, "scheduled");
      await unfold(page, /Cancel/);
      assert.equal(await conditionOf(demo, demo.jobIn("scheduled")), "scheduled");
      await page.getByLabel(/Reason/).first().fill("by the walk");
      await press(page, /Yes, cancel/);
      assert.equal(await conditionOf(demo, demo.jobIn("scheduled")), "cancelled");
    },
  },
  {
    name: "a job is started",
    run: async (page, demo) => {
      await gotoJob(page, demo, "created");
      await press(page, "Start now");
      assert.notEqual(await conditionOf(demo, demo.jobIn("created")), "created");
    },
  },
  {
    name: "a failed job is retried, as a new job",
    run: async (page, demo) => {
      await gotoJob(page, demo, "poison");
      await press(page, "Retry as a new job");
      assert.notEqual(new URL(page.url()).pathname, `/ui/jobs/${demo.jobIn("poison")}`);
      assert.match(await page.locator("main").innerText(), /payout-hansen/);
    },
  },
  {
    name: "the event that a job waits for is sent from its page",
    run: async (page, demo) => {
      await gotoJob(page, demo, "waiting");
      await unfold(page, "Send this event from here");
      await press(page, "Send the event");
      await page.waitForLoadState("load");
      const response = await fetch(`${demo.url}/jobs/${demo.jobIn("waiting")}`, {
        headers: { prefer: "wait=60" },
      });
      const job: { readonly condition: string } = await response.json();
      assert.equal(job.condition, "succeeded");
    },
  },
];

const TIME_ACTIONS: readonly Action[] = [
  {
    name: "a job is seen as it was before",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/jobs/${demo.jobIn("recovery required")}/time`);
      await page.getByRole("link", { name: "First" }).click();
      await page.waitForURL(/at=/);
      assert.match(await page.locator("main").innerText(), /JobCreated/);
    },
  },
  {
    name: "two points are compared",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/jobs/${demo.jobIn("recovery required")}/time`);
      await page.locator('input[type="radio"][name="from"]').first().check();
      await page.locator('input[type="radio"][name="to"]').last().check();
      await press(page, "Compare");
      await page.locator("#changes").waitFor();
      assert.match(await page.locator("#changes").innerText(), /Failed/);
    },
  },
  {
    name: "a what-if is requested",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/jobs/${demo.jobIn("suspended")}/time`);
      const event = {
        eventType: "ec.shipment.ShipmentLost",
        attributes: { orderId: "2008" },
      };
      await page.getByLabel("Add events, as JSON").fill(JSON.stringify([event]));
      await press(page, "Show what if");
      await page.waitForLoadState("load");
      assert.match(await page.locator("#what-if").innerText(), /Compensating|Failed/);
      await page.getByLabel("Add events, as JSON").fill("");
      await page.getByLabel("Other limits, as JSON").fill('{"maxRunning": 6}');
      await press(page, "Show what if");
      await page.waitForLoadState("load");
      const told = await page.locator("#what-if-result").innerText();
      assert.match(told, /With maxRunning 6 instead of none, job .* would have waited/);
      assert.equal(await conditionOf(demo, demo.jobIn("suspended")), "suspended");
    },
  },
  {
    name: "the slider moves through the entries",
    needsScripts: true,
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/jobs/${demo.jobIn("recovery required")}/time`);
      const slider = page.getByRole("slider");
      await slider.focus();
      const shown = () => page.locator("main h2").first().innerText();
      assert.match(await shown(), /Failed/);
      await page.keyboard.press("Home");
      await page.locator("main h2").filter({ hasText: "Created" }).first().waitFor();
    },
  },
];

const LIST_ACTIONS: readonly Action[] = [
  {
    name: "jobs are searched, and the filter stays in the address",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/jobs`);
      await page.getByRole("searchbox").fill("card is blocked");
      await press(page, "Search");
      await page.waitForURL(/search=card/);
      const jobs = page.locator('main tbody a[href^="/ui/jobs/"]');
      const ids = await jobs.allInnerTexts();
      assert.ok(ids.some((id) => id.includes("order-2004")), ids.join());
      assert.ok(!ids.some((id) => id.includes("order-2001")), ids.join());
    },
  },
  {
    name: "ticked jobs are suspended, and resumed",
    run: async (page, demo) => {
      const id = demo.jobIn("plan without code");
      await page.goto(`${demo.url}/ui/jobs?search=${encodeURIComponent(id)}`);
      await page.getByRole("checkbox", { name: `Tick ${id}`, exact: true }).check();
      await press(page, "Suspend");
      await noteOn(page);
      assert.equal(await conditionOf(demo, id), "suspended");
      await page.getByRole("checkbox", { name: `Tick ${id}`, exact: true }).check();
      await press(page, "Resume");
      await page.waitForLoadState("load");
      assert.equal(await conditionOf(demo, id), "waiting");
    },
  },
  {
    name: "jobs are filtered by condition",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/jobs`);
      await page.getByRole("navigation", { name: "Conditions" })
        .getByRole("link", { name: /backing off/ }).click();
      await page.waitForURL(/backingOff/);
      // It is listed except while an attempt runs.
      await until("the job that backs off is listed", async () => {
        if (/press-release/.test(await page.locator("main").innerText())) return true;
        await page.reload();
        return false;
      });
    },
  },
  {
    name: "failures of one kind are retried together, after their number is confirmed",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/jobs`);
      await page.getByRole("link", { name: "Failures by kind" }).click();
      const group = page.locator("tr").filter({ hasText: "the bank is closed" });
      await group.getByRole("link", { name: /Retry 1/ }).click();
      await press(page, /^Retry 1/);
      await page.waitForLoadState("load");
      assert.match(await page.locator("main").innerText(), /1/);
      const jobs = await fetch(`${demo.url}/jobs?limit=500`);
      assert.match(await jobs.text(), /"retryOf":"payout-petrov"/);
    },
  },
];

const SYSTEM_ACTIONS: readonly Action[] = [
  {
    name: "a job is submitted by the form of its schema",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/system`);
      await page.locator('a[href$="/ui/system/definitions/shop.pictures"]').first().click();
      await page.getByLabel(/product/i).first().fill("walking-stick");
      await press(page, /Submit|Create/);
      await page.waitForURL(/\/ui\/jobs\//);
      assert.match(await page.locator("main").innerText(), /walking-stick/);
    },
  },
  {
    name: "an event is sent, and its receipt is shown",
    run: async (page, demo) => {
      await sendEvent(page, demo);
      assert.match(await noteOn(page), /recorded|matched/i);
    },
  },
  {
    name: "the journal is verified",
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/system`);
      await press(page, /Verify/);
      await intactOn(page);
    },
  },
];

const LIMITS_ACTIONS: readonly Action[] = [
  {
    name: "limits are changed with a reason, and restored",
    run: async (page, demo) => {
      const limits = async () => {
        const answer = await (await fetch(`${demo.url}/limits`)).json();
        return answer.limits[0].limits.maxRunning;
      };
      await page.goto(`${demo.url}/ui/limits`);
      await unfold(page, "Change the limits");
      const form = page.locator('form[action="/ui/limits"]').filter({
        hasText: "change the limits",
      });
      await form.getByLabel("Maximum running", { exact: true }).fill("2");
      await form.getByLabel("Reason").fill("by the walk");
      await press(page, /Yes, change the limits/);
      assert.match(await noteOn(page), /limits of shop\.newsletter are changed: maxRunning 2/);
      assert.equal(await limits(), 2);
      await unfold(page, "Restore the limits");
      await press(page, /Yes, restore the limits/);
      await page.waitForLoadState("load");
      assert.equal(await limits(), 6);
    },
  },
  {
    name: "jobs of a type are paused with a corrected form, and the pause is ended",
    refusals: [422],
    run: async (page, demo) => {
      const paused = async () => (await (await fetch(`${demo.url}/pauses`)).json()).pauses.length;
      await page.goto(`${demo.url}/ui/limits`);
      await unfold(page, "Pause jobs");
      const form = page.locator("#begin-pause");
      await form.getByLabel("Type").selectOption("shop.welcome");
      await form.getByLabel("Reason").fill("by the walk");
      await form.getByLabel("For").fill("soon");
      await press(page, /Yes, pause jobs/);
      await page.waitForURL(/pauses$/);
      assert.match(await form.getByRole("alert").last().innerText(), /must be a duration/);
      assert.equal(await form.getByLabel("Reason").inputValue(), "by the walk");
      assert.equal(await form.getByLabel("Type").inputValue(), "shop.welcome");
      await form.getByLabel("For").fill("30m");
      await press(page, /Yes, pause jobs/);
      await page.locator(".note").getByText(/^Paused/).waitFor();
      assert.equal(await paused(), 1);
      await unfold(page, "End the pause");
      await press(page, /Yes, end the pause/);
      await page.waitForLoadState("load");
      assert.equal(await paused(), 0);
    },
  },
];

async function sendEvent(page: Page, demo: DemoProcess): Promise<void> {
  await page.goto(`${demo.url}/ui/system/event`);
  await page.getByLabel("eventType").fill("shop.DoorOpened");
  await press(page, /Send/);
}

const LIVE_ACTIONS: readonly Action[] = [
  {
    name: "what an action did is said once, and not again by a reload",
    needsScripts: true,
    run: async (page, demo) => {
      await sendEvent(page, demo);
      assert.match(await noteOn(page), /recorded|matched/i);
      await page.reload();
      assert.equal(await page.locator(".note").count(), 0);
      assert.match(page.url(), /\/ui\/system\/event\?like=\d+$/);
    },
  },
  {
    name: "while an entry of the stream is read, a new one is only counted",
    needsScripts: true,
    run: async (page, demo) => {
      await page.goto(`${demo.url}/ui/stream`);
      await page.locator("#stream-rows details > summary").first().click();
      const sent = await fetch(`${demo.url}/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ eventType: "shop.DoorOpened" }),
      });
      await sent.body?.cancel();
      // The seal of a quiet second may have come too.
      await page.locator("#stream-state").getByText(/^(1 newer entry|\d+ newer entries)$/)
        .waitFor();
    },
  },
  {
    name: "the page is paused, and continues",
    needsScripts: true,
    run: async (page, demo) => {
      await page.goto(`${demo.url}/`);
      const control = page.locator("#live-control");
      await control.click();
      assert.equal(await control.getAttribute("aria-pressed"), "true");
      await control.click();
      assert.equal(await control.getAttribute("aria-pressed"), "false");
    },
  },
  {
    name: "times are in the reader's zone, and in UTC on hover",
    needsScripts: true,
    run: async (page, demo) => {
      await gotoJob(page, demo, "done");
      for (const part of ["#job-head", "#job-explanation", "#entries"]) {
        const time = page.locator(`${part} time`).first();
        const utc = await time.getAttribute("title") ?? "";
        const shown = /\d\d:\d\d:\d\d/.exec(await time.innerText())?.[0];
        // The browser's time zone is nine hours ahead.
        const ahead = new Date(Date.parse(utc) + 9 * 3_600_000).toISOString();
        assert.equal(shown, ahead.slice(11, 19), part);
      }
      assert.match(await page.locator("#zone").innerText(), /Asia\/Tokyo/);
    },
  },
  {
    name: "a call of curl is copied",
    needsScripts: true,
    run: async (page, demo) => {
      await gotoJob(page, demo, "done");
      await unfold(page, "curl");
      await page.locator("button[data-copy]:visible").first().click();
      const copied = await page.evaluate<string>("navigator.clipboard.readText()");
      assert.match(copied, /^curl .*http:\/\/127\.0\.0\.1:\d+\/jobs\/order-2001/);
    },
  },
];

/** In an order in which each action finds what it needs. */
export const ACTIONS: readonly Action[] = [
  ...LIST_ACTIONS,
  ...TIME_ACTIONS,
  ...JOB_ACTIONS,
  ...SYSTEM_ACTIONS,
  ...LIMITS_ACTIONS,
  ...LIVE_ACTIONS,
];
