/** Reads lists to their end, page by page. */

import assert from "node:assert/strict";
import { jsonOf, type TestApp } from "../support/http/http_app.ts";

/** All items of a list, page by page; `between` happens after the first. */
export async function pages<Item>(
  app: TestApp,
  path: string,
  query: string,
  name: string,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor = "";
  for (let page = 0; page < 1_000; page++) {
    const body = await jsonOf<Record<string, unknown>>(
      await app.get(`${path}?${query}${cursor}`),
      200,
    );
    items.push(...body[name] as Item[]);
    if (body.nextCursor === null) return items;
    cursor = `&cursor=${body.nextCursor}`;
    if (page === 0) await between();
  }
  return assert.fail(`${path} has no end`);
}
