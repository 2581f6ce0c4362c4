import assert from "node:assert/strict";
import { type Program, withCommand, withStart } from "../../src/settings/permission_advice.ts";

const ROOT = "file:///home/ada/daybook/";
const FOLDER = "/home/ada/daybook";

function programOf(module: string, args: readonly string[], more: Partial<Program> = {}): Program {
  return { mainModule: ROOT + module, root: ROOT, args, folder: FOLDER, env: () => "", ...more };
}

/** The variables of a process that may read them. */
function variables(values: Readonly<Record<string, string>>): Pick<Program, "env"> {
  return { env: (name) => values[name] };
}

function advice(
  module: string,
  args: readonly string[] = [],
  more: Partial<Program> = {},
): readonly string[] {
  const missing = { read: ["/data/my journal"], write: ["/data/my journal"] };
  const program = programOf(module, args, { ...variables({}), ...more });
  return withCommand("cannot write", [missing], program).split("\n");
}

/** The permissions of a suggested command, by name. */
function allowedIn(text: string): Readonly<Record<string, readonly string[]>> {
  const flags = [...text.matchAll(/--allow-(\w+)=([^\s']+)/g)];
  return Object.fromEntries(flags.map(([, name, values = ""]) => [name, values.split(",")]));
}

Deno.test("withCommand: the task's own permissions are kept, and missing ones added", () => {
  assert.deepEqual(advice("main.ts", ["--journal", "/data/my journal"]), [
    "cannot write",
    "The whole command, with the permission:",
    "  MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 deno run --quiet --no-prompt --v8-flags=--max-semi-space-size=16,--no-minor-gc-task,--heap-growing-percent=25,--initial-old-space-size=28,--no-allocation-site-pretenuring,--no-memory-reducer --allow-net=127.0.0.1 '--allow-env=DAYBOOK_*,PG*,INIT_CWD' " +
    "--allow-sys=statfs,setPriority " +
    "'--allow-read=journal,/data/my journal' '--allow-write=journal,/data/my journal' " +
    "main.ts --journal '/data/my journal'",
  ]);
});

Deno.test("withCommand: a flag that the task does not have at all is added", () => {
  const program = programOf("src/cli/daybook.ts", ["jobs"], variables({}));
  const text = withCommand("no", [{ net: ["192.0.2.1"] }], program);
  assert.match(text, /192\.0\.2\.1 src\/cli\/daybook\.ts jobs$/);
});

Deno.test("withCommand: a whole input is not repeated", () => {
  const line = advice("src/cli/daybook.ts", ["submit", "a", "x".repeat(1_000)]).at(-1);
  assert.match(line ?? "", /src\/cli\/daybook\.ts \.\.\.$/);
});

Deno.test("withCommand: for a program that no task runs there is only the message", () => {
  assert.deepEqual(advice("tests/some_test.ts"), ["cannot write"]);
  const elsewhere = { ...programOf("", []), mainModule: "file:///home/ada/shop/main.ts" };
  assert.equal(withCommand("no", [{ read: ["x"] }], elsewhere), "no");
});

Deno.test("withStart: the command has all permissions that the flags and variables need", () => {
  const args = ["--definitions", "/d/jobs.ts", "--journal=/j", "--token-file", "/t"];
  const env = variables({ DAYBOOK_WEBHOOK_HOSTS: "a.example, b.example:8443" });
  const program = programOf("main.ts", [...args, "--hostname", "0.0.0.0"], env);
  const { read, write, net } = allowedIn(withStart("no", {}, program));
  assert.deepEqual(read, ["journal", "/j", "/d/jobs.ts", "src", "/t"]);
  assert.deepEqual(write, ["journal", "/j"]);
  assert.deepEqual(net, ["127.0.0.1", "0.0.0.0", "a.example", "b.example:8443"]);
});

Deno.test("withCommand: for another current folder it changes to the folder of the task", () => {
  const typedIn = variables({ INIT_CWD: "/home/ada/my shop" });
  const line = advice("src/cli/journal.ts", ["head"], typedIn).at(-1) ?? "";
  assert.ok(
    line.startsWith("  (cd /home/ada/daybook && INIT_CWD='/home/ada/my shop' deno run "),
    line,
  );
  assert.match(line, / src\/cli\/journal\.ts head\)$/);
});

Deno.test("withCommand: outside the folder of deno.json the module path is relative to the current folder", () => {
  const args = ["--definitions", "jobs.ts"];
  const program = programOf("main.ts", args, { ...variables({}), folder: "/srv" });
  const line = withStart("no", { read: ["/data"] }, program).split("\n").at(-1) ?? "";
  assert.match(line, /=journal,jobs\.ts,\/home\/ada\/daybook\/src,\/data/);
  assert.match(line, / \/home\/ada\/daybook\/main\.ts --definitions jobs\.ts$/);
});
