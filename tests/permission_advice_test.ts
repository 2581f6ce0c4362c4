import assert from "node:assert/strict";
import { withCommand } from "../src/permission_advice.ts";

const ROOT = "file:///home/ada/daybook/";

function advice(module: string, args: readonly string[] = []): readonly string[] {
  const missing = { read: ["/data/my journal"], write: ["/data/my journal"] };
  const program = { mainModule: ROOT + module, root: ROOT, args };
  return withCommand("cannot write", missing, program).split("\n");
}

Deno.test("withCommand: the task's own permissions are kept, and those that lack are added", () => {
  assert.deepEqual(advice("main.ts", ["--journal", "/data/my journal"]), [
    "cannot write",
    "The whole command, with it:",
    "  deno run --no-prompt --allow-net=127.0.0.1 '--allow-env=DAYBOOK_*' " +
    "'--allow-read=journal,/data/my journal' '--allow-write=journal,/data/my journal' " +
    "main.ts --journal '/data/my journal'",
  ]);
});

Deno.test("withCommand: a flag that the task does not have at all is added", () => {
  const program = { mainModule: `${ROOT}src/cli/replay_test.ts`, root: ROOT, args: [] };
  const text = withCommand("no", { net: ["192.0.2.1"] }, program);
  assert.match(text, /--allow-net=192\.0\.2\.1 src\/cli\/replay_test\.ts$/);
});

Deno.test("withCommand: a whole input is not repeated", () => {
  const line = advice("src/cli/daybook.ts", ["submit", "a", "x".repeat(1_000)]).at(-1);
  assert.match(line ?? "", /src\/cli\/daybook\.ts \.\.\.$/);
});

Deno.test("withCommand: of a program that no task runs, only the message is there", () => {
  assert.deepEqual(advice("tests/some_test.ts"), ["cannot write"]);
  const elsewhere = { mainModule: "file:///home/ada/shop/main.ts", root: ROOT, args: [] };
  assert.equal(withCommand("no", { read: ["x"] }, elsewhere), "no");
});
