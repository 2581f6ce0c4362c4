/** The real process with tokens, as exposed to hostile clients that have some of them. */

import { DaybookProcess, type ProcessOptions } from "../support/process/daybook_process.ts";
import type { Target } from "./hostile_clients.ts";
import { inFolder } from "../support/temporary_folder.ts";

/** The tokens of a hostile client and of its victims. */
const TOKENS = {
  insider: "insider-token-0123456789",
  operator: "operator-token-0123456789",
} as const;

export interface HostedServer {
  readonly server: DaybookProcess;
  readonly pid: number;
  /** Kills it, and starts another one with the same journal and without tokens. */
  restarted(): Promise<DaybookProcess>;
  readonly target: Target;
  /** Another token, with all scopes. */
  readonly operator: string;
}

export async function withHostedServer(
  limits: NonNullable<ProcessOptions["limits"]>,
  use: (hosted: HostedServer) => Promise<void>,
  script?: string,
): Promise<void> {
  await inFolder(async (folder) => {
    const file = `${folder}/tokens`;
    const lines = [`${TOKENS.insider} read,submit`, `${TOKENS.operator} read,submit,operate`];
    await Deno.writeTextFile(file, `${lines.join("\n")}\n`);
    const journal = `${folder}/journal`;
    const server = await DaybookProcess.start({
      journal,
      args: [`--token-file=${file}`],
      limits,
      permissions: [`--allow-read=${folder}`],
      script,
    });
    let running = server;
    try {
      await use({
        server,
        async restarted() {
          await running.kill();
          return running = await DaybookProcess.start({ journal });
        },
        pid: Number(/process (\d+)/.exec(server.output.join("\n"))?.[1]),
        target: { port: Number(new URL(server.url).port), token: TOKENS.insider },
        operator: TOKENS.operator,
      });
    } finally {
      await running.kill();
    }
  });
}
