/**
 * The definitions of a server that records which of the project's functions it calls, and how deep.
 * At SIGUSR2 it writes what it recorded to a file in the folder of the journal, and starts again.
 */

import { type Profiler, Session } from "node:inspector";
import { RECORDED, type Recorded } from "./hops.ts";

export { threeTasks } from "../server/definitions.ts";

const SAMPLE_US = 50;
const OWN = /\/src\/(.+)$/;

const session = new Session();
session.connect();

// deno-lint-ignore no-explicit-any -- each method has another answer
function call(method: string, parameters: object = {}): Promise<any> {
  return new Promise((resolve, reject) =>
    session.post(method, parameters, (error, result) => error ? reject(error) : resolve(result))
  );
}

async function begin(): Promise<void> {
  await call("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await call("Profiler.start");
}

async function end(): Promise<Recorded> {
  const { profile } = await call("Profiler.stop") as { profile: Profiler.Profile };
  const { result } = await call("Profiler.takePreciseCoverage") as {
    result: Profiler.ScriptCoverage[];
  };
  await call("Profiler.stopPreciseCoverage");
  const called = result.map(({ url, functions }) => ({
    file: fileIn(url),
    functions: functions.filter(isCalled).length,
  })).filter(({ file, functions }) => file !== undefined && functions > 0);
  return {
    files: called.map(({ file }) => file ?? "").sort(),
    functions: called.reduce((sum, { functions }) => sum + functions, 0),
    deepest: deepestIn(profile),
  };
}

/** `undefined` for files outside `src`. */
function fileIn(url: string): string | undefined {
  return url.includes("/node_modules/") ? undefined : OWN.exec(url)?.[1];
}

/** A module itself counts as a function without a name that begins at offset 0. */
function isCalled({ functionName, ranges: [range] }: Profiler.FunctionCoverage): boolean {
  return (range?.count ?? 0) > 0 && (functionName !== "" || (range?.startOffset ?? 0) > 0);
}

function deepestIn({ nodes }: Profiler.Profile): readonly string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id] as const)),
  );
  let deepest: string[] = [];
  for (const { id, hitCount } of nodes) {
    if (hitCount === 0) continue;
    const stack: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const { functionName = "", url = "" } = byId.get(at)?.callFrame ?? {};
      const file = fileIn(url);
      if (file !== undefined) stack.unshift(`${functionName} ${file}`);
    }
    if (stack.length > deepest.length) deepest = stack;
  }
  return deepest;
}

const folder = Deno.args[Deno.args.indexOf("--journal") + 1] ?? "";

Deno.addSignalListener("SIGUSR2", async () => {
  const temporary = `${folder}/${RECORDED}.tmp`;
  await Deno.writeTextFile(temporary, JSON.stringify(await end()));
  await begin();
  await Deno.rename(temporary, `${folder}/${RECORDED}`);
});

await call("Profiler.enable");
await call("Profiler.setSamplingInterval", { interval: SAMPLE_US });
await begin();
