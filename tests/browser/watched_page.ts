/** A page whose every error fails the test. */

import assert from "node:assert/strict";
import axe from "axe-core";
import type { BrowserContext, Page, Request } from "playwright-core";
import observer from "./page_observer.js" with { type: "text" };

/** The errors that a page has recorded. */
interface Observed {
  readonly violations: readonly string[];
  readonly shift: number;
  readonly shifted: readonly string[];
}

/** The used part of an axe finding. */
interface Finding {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly html: string }[];
}

const AXE = `globalThis.startAxe = () => {${axe.source}};`;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** These rules take most of the time, and depend only on the colours. */
const COLOURS = "color-contrast";
const AXE_PARTS = {
  all: { runOnly: RULES },
  "the colours": { runOnly: { type: "rule", values: [COLOURS] } },
  "all but the colours": { runOnly: RULES, rules: { [COLOURS]: { enabled: false } } },
};
type AxePart = keyof typeof AXE_PARTS;
/** A request that the page aborted itself: a navigation ends its stream and its refresh. */
const GIVEN_UP = "net::ERR_ABORTED";

export class WatchedPage {
  readonly #faults: string[] = [];
  #hasAxe = false;
  /** Statuses of 400 and more that are not errors. */
  expected: readonly number[];

  private constructor(readonly page: Page, expected: readonly number[]) {
    this.expected = expected;
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      if (this.expected.length > 0 && message.text().startsWith("Failed to load resource")) return;
      this.#faults.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.#faults.push(`error: ${error.message}`));
    page.on("requestfailed", (request) => this.#noteFailure(request));
    page.on("request", (request) => this.#noteForeign(request));
    page.on("response", (response) => {
      if (response.status() < 400 || this.expected.includes(response.status())) return;
      this.#faults.push(`answer: ${response.status()} ${response.url()}`);
    });
  }

  static async open(
    context: BrowserContext,
    expected: readonly number[] = [],
  ): Promise<WatchedPage> {
    const page = await context.newPage();
    await page.addInitScript({ content: observer });
    return new WatchedPage(page, expected);
  }

  /** Opens a page, and waits until it is complete. */
  async goto(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: "load" });
  }

  async observed(): Promise<Observed> {
    return await this.page.evaluate("globalThis.observedByTest()");
  }

  /** The errors since the last call, each with its page. */
  async newFaults(): Promise<readonly string[]> {
    const { violations } = await this.observed();
    this.#faults.push(...violations);
    await this.#noteSidewaysScroll();
    const view = this.page.viewportSize();
    const place = `${new URL(this.page.url()).pathname} at ${view?.width}`;
    return this.#faults.splice(0).map((fault) => `${place}: ${fault}`);
  }

  async check(): Promise<void> {
    const faults = await this.newFaults();
    assert.deepEqual(faults, [], faults.join("\n"));
  }

  /** The same, plus accessibility errors. */
  async checkWithAxe(part: AxePart = "all"): Promise<void> {
    this.#faults.push(...await this.axeFindings(part));
    await this.check();
  }

  /** Findings of axe about WCAG and best practices. */
  async axeFindings(part: AxePart = "all"): Promise<readonly string[]> {
    await this.#bringAxe();
    const options = JSON.stringify({ resultTypes: ["violations"], ...AXE_PARTS[part] });
    const findings = await this.page.evaluate<readonly Finding[]>(
      `startAxe(), axe.run(${options}).then(({ violations }) => violations)`,
    );
    return findings.map(textOf);
  }

  /** Sends it once, to this and all later pages of the tab. */
  async #bringAxe(): Promise<void> {
    if (this.#hasAxe) return;
    this.#hasAxe = true;
    await this.page.addInitScript({ content: AXE });
    await this.page.evaluate(AXE);
  }

  async #noteSidewaysScroll(): Promise<void> {
    const [needed, there] = await this.page.evaluate<[number, number]>(
      "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
    );
    if (needed > there) {
      this.#faults.push(`the page scrolls sideways: ${needed} in ${there} pixels`);
    }
  }

  #noteFailure(request: Request): void {
    const reason = request.failure()?.errorText ?? "";
    if (reason === GIVEN_UP) return;
    this.#faults.push(`request: ${request.method()} ${request.url()}: ${reason}`);
  }

  #noteForeign(request: Request): void {
    const { hostname, protocol } = new URL(request.url());
    if (hostname === "127.0.0.1" || protocol === "data:" || protocol === "blob:") return;
    this.#faults.push(`request to elsewhere: ${request.url()}`);
  }
}

function textOf({ id, help, nodes }: Finding): string {
  const places = nodes.slice(0, 3).map(({ target, html }) => `${target.join(" ")} ${html}`);
  return `axe: ${id}: ${help}\n    ${places.join("\n    ")}`;
}
