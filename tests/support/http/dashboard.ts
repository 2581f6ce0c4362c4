/** Sends requests to the dashboard like a browser. */

import assert from "node:assert/strict";
import type { TestApp } from "./http_app.ts";

const BROWSER = { accept: "text/html,application/xhtml+xml", origin: "http://localhost" };

/** The text of a page; checks its status, and the headers that every page needs. */
export async function pageOf(
  app: Pick<TestApp, "get">,
  path: string,
  { status = 200, ...headers }: { status?: number; cookie?: string } = {},
): Promise<string> {
  const response = await app.get(path, { ...BROWSER, ...headers });
  return await pageText(response, status);
}

export async function pageText(response: Response, status = 200): Promise<string> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(response.headers.get("content-security-policy") ?? "", /script-src 'self'/);
  assert.doesNotMatch(text, /\sstyle=|<style|\son\w+="|<script>/);
  return text;
}

/** The element with this id, up to the next element with one. */
export function regionOf(html: string, id: string): string {
  const begin = html.indexOf(`id="${id}"`);
  assert.ok(begin >= 0, `there is nothing with the id ${id}`);
  const end = html.indexOf(' id="', begin + 1);
  return html.slice(begin, end < 0 ? undefined : end);
}

/** Sends a form like its page. */
export async function submitForm(
  app: Pick<TestApp, "app">,
  path: string,
  fields: Readonly<Record<string, string>> | readonly [name: string, value: string][],
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return await app.app.request(path, {
    method: "POST",
    redirect: "manual",
    headers: { ...BROWSER, "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(fields as Record<string, string>).toString(),
  });
}

/** The target of an action's redirect; checks its status. */
export async function locationOf(response: Response): Promise<string> {
  const text = await response.text();
  assert.equal(response.status, 303, text);
  return response.headers.get("location") ?? "";
}
