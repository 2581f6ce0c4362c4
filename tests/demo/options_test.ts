/** The options of `deno task demo`. */

import assert from "node:assert/strict";
import { parseDemoOptions } from "../../src/demo/main.ts";

Deno.test("demo options: by default a port is chosen, nothing is kept, and the shop keeps running", () => {
  assert.deepEqual(parseDemoOptions([]), {
    kind: "run",
    options: { port: undefined, keep: undefined, rate: 2 },
  });
});

Deno.test("demo options: --still means no orders, whatever --rate says", () => {
  const invocation = parseDemoOptions(["--rate", "9", "--still", "--port", "0", "--keep", "x"]);
  assert.deepEqual(invocation, { kind: "run", options: { port: 0, keep: "x", rate: 0 } });
});

Deno.test("demo options: invalid numbers, values out of range and unknown options are refused by name", () => {
  for (const args of [["--rate", "fast"], ["--rate", "501"], ["--port", "65536"], ["--loud"]]) {
    const invocation = parseDemoOptions(args);
    assert.equal(invocation.kind, "invalid");
    assert.ok(invocation.kind === "invalid" && invocation.problem.includes(args[0] ?? ""));
  }
  assert.deepEqual(parseDemoOptions(["--stil"]), {
    kind: "invalid",
    problem: "there is no option --stil; did you mean --still?",
  });
});
