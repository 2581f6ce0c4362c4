/** Restate: its server, and a Node process that runs the code. */

import { post } from "../server/http.ts";
import { pause } from "../system.ts";
import { freePort, type LocalServer, startLocal } from "./local_server.ts";
import { HttpPeer } from "./http_peer.ts";
import { Packages, PLATFORM } from "./packages.ts";
import type { Peer, PeerSystem } from "./peer.ts";

const HANDLER = { path: "/bench/three", body: JSON.stringify({ payload: "x".repeat(100) }) };
/** Without these it prints two lines for each job. */
const ENVIRONMENT = { NODE_ENV: "production", RESTATE_LOGGING: "ERROR" };

export const restate: PeerSystem = {
  name: "Restate",
  steps: "three steps",
  durability: "its log, before each answer",
  async install() {
    const names = ["@restatedev/restate-server@1", "@restatedev/restate-sdk@1"];
    const packages = await Packages.install(names);
    if (typeof packages === "string") return packages;
    await packages.add(new URL("restate.mjs", import.meta.url));
    return {
      start: () => startRestate(packages),
      [Symbol.asyncDispose]: () => packages[Symbol.asyncDispose](),
    };
  },
};

async function startRestate(packages: Packages): Promise<Peer> {
  const ingressPort = freePort();
  await using started = new AsyncDisposableStack();
  const code = started.use(await startCode(packages));
  const server = started.use(
    await startLocal(async (folder, port) => {
      const configuration = `${folder}/restate.toml`;
      await Deno.writeTextFile(configuration, configurationOf({ folder, port, ingressPort }));
      return {
        program: packages.program(`@restatedev/restate-server-${PLATFORM}`, "restate-server"),
        args: ["--config-file", configuration],
      };
    }),
  );
  await register(server, code);
  return new HttpPeer({
    ...HANDLER,
    port: ingressPort,
    pids: [server.pid, code.pid],
    started: started.move(),
  });
}

function startCode(packages: Packages): Promise<LocalServer> {
  return startLocal((_, port) => ({
    program: packages.node,
    args: [`${packages.folder}/restate.mjs`, `${port}`],
    env: ENVIRONMENT,
  }));
}

/** Default settings, except for the address and no telemetry. */
function configurationOf(
  { folder, port, ingressPort }: {
    readonly folder: string;
    readonly port: number;
    readonly ingressPort: number;
  },
): string {
  return `base-dir = "${folder}/data"
node-name = "bench"
disable-telemetry = true
log-filter = "error"
listen-mode = "tcp"
bind-ip = "127.0.0.1"
bind-port = ${freePort()}
[admin]
bind-port = ${port}
[ingress]
bind-port = ${ingressPort}
`;
}

const ATTEMPTS = 100;
const BETWEEN_MS = 100;

/** Tells the server where the code runs; the server listens before it accepts this. */
async function register(server: LocalServer, code: LocalServer): Promise<void> {
  const url = `http://127.0.0.1:${server.port}/deployments`;
  for (let attempt = 1;; attempt++) {
    try {
      await post(url, { uri: `http://127.0.0.1:${code.port}` });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await pause(BETWEEN_MS);
    }
  }
}
