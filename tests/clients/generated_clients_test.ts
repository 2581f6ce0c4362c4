/**
 * Clients that generators build from `/openapi.json` compile under the strictest TypeScript
 * settings, and work. Three generators are installed from npm, and each client calls ten operations
 * of a real server.
 */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolderKeptOnFailure } from "../support/temporary_folder.ts";

const WALKS = new URL("walks/", import.meta.url);

const PACKAGES = {
  "openapi-typescript": "7.13.0",
  "openapi-fetch": "0.17.0",
  "@hey-api/openapi-ts": "0.95.0",
  "orval": "7.13.2",
  "axios": "1.13.2",
  "typescript": "5.9.3",
};

/** The output of each generator, and its path. */
const GENERATORS: Readonly<Record<string, readonly string[]>> = {
  openapi_fetch: ["npm:openapi-typescript", "openapi.json", "-o", "openapi_typescript.ts"],
  hey_api: ["npm:@hey-api/openapi-ts", "-i", "openapi.json", "-o", "hey_api"],
  orval: ["npm:orval", "--input", "openapi.json", "--output", "orval.ts"],
};

/** Compiler options of the clients: everything that the TypeScript handbook calls strict. */
const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: false,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: true,
  target: "es2022",
  lib: ["es2022", "dom", "dom.iterable"],
  module: "preserve",
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  types: [],
};

async function deno(folder: string, args: readonly string[]): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: folder });
  const { success, stdout, stderr } = await command.output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  assert.ok(success, `deno ${args.join(" ")}:\n${text}`);
}

async function prepare(folder: string, { url }: DaybookProcess): Promise<void> {
  const write = (name: string, content: object) =>
    Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(content));
  await write("package.json", { private: true, type: "module", dependencies: PACKAGES });
  await write("tsconfig.json", { compilerOptions: COMPILER_OPTIONS, include: ["walks"] });
  await Deno.mkdir(`${folder}/walks`);
  for await (const { name } of Deno.readDir(WALKS)) {
    await Deno.copyFile(new URL(name, WALKS), `${folder}/walks/${name}`);
  }
  const document = await fetch(`${url}/openapi.json`);
  await Deno.writeTextFile(`${folder}/openapi.json`, await document.text());
  await deno(folder, ["install", "--quiet"]);
}

Deno.test("generated clients: those of three generators compile under strict and run ten operations", () =>
  inFolderKeptOnFailure(async (folder) => {
    const server = await DaybookProcess.start({ journal: `${folder}/journal` });
    try {
      await prepare(folder, server);
      for (const generate of Object.values(GENERATORS)) {
        await deno(folder, ["run", "--allow-all", ...generate]);
      }
      await deno(folder, ["run", "--allow-all", "npm:typescript/tsc"]);
      for (const walk of Object.keys(GENERATORS)) {
        const flags = ["--no-check", "--unstable-sloppy-imports", "--allow-net", "--allow-env"];
        await deno(folder, ["run", ...flags, `walks/${walk}.ts`, server.url]);
      }
    } finally {
      await server.kill();
    }
  }));
