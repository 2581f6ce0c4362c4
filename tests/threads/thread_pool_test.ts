/** The pool of threads, with real ones. */

import { ThreadPool } from "../../src/threads/thread_pool.ts";
import { namedError } from "../../src/threads/thrown_data.ts";
import { test } from "../support/sanitized.ts";
import { until } from "../support/until.ts";

const MODULE = new URL("../support/process/isolated_definitions.ts", import.meta.url).href;

test("threads: each that code has ended is made again before somebody asks", async () => {
  let made = 0;
  const hasRoom = () => ++made > 0;
  const pool = new ThreadPool({ max: 3, memoryMb: 48, hasRoom });
  try {
    const threads = await Promise.all([1, 2, 3].map(() => pool.take(MODULE)));
    const before = made;
    for (const thread of threads) thread.end(namedError("Error", "as code does that exits"));
    await until("three more are made", () => made === before + 3);
  } finally {
    pool.close();
  }
});
