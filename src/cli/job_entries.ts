/** All entries of one job. */

import type { Client } from "./client.ts";
import { entriesPage, type EntryResource, expectShape } from "./resources.ts";

const PAGE_LIMIT = 1_000;

/** Oldest first, page by page. @param path The path of the job. */
export async function* jobEntries(path: string, client: Client): AsyncGenerator<EntryResource> {
  const query = new URLSearchParams({ limit: String(PAGE_LIMIT) });
  for (let cursor: string | null = ""; cursor !== null;) {
    if (cursor !== "") query.set("cursor", cursor);
    const page = expectShape(entriesPage, await client.get(`${path}/events?${query}`), client);
    yield* page.entries;
    cursor = page.nextCursor;
  }
}
