/** A PostgreSQL of a test's own. Where there is none installed, what needs it is left out. */

import { until } from "../support/until.ts";

const VERSIONS = "/usr/lib/postgresql";

/** The folder of its programs, of the newest version. */
function programs(): string | undefined {
  try {
    const versions = [...Deno.readDirSync(VERSIONS)].map(({ name }) => Number(name));
    const newest = Math.max(...versions.filter(Number.isFinite));
    return Number.isFinite(newest) ? `${VERSIONS}/${newest}/bin` : undefined;
  } catch {
    return undefined;
  }
}

export const PROGRAMS = programs();

/** As part of the name of a test that is left out. */
export const LEFT_OUT = PROGRAMS === undefined ? " (LEFT OUT: PostgreSQL is not installed)" : "";

/** Below those that the system gives to connections, one of which could take it before its server. */
const [PORT_MIN, PORTS] = [20_000, 12_000];

/** A port of this machine that nobody listens on. */
export function freePort(): number {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * PORTS);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

export class PostgresServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly settings: readonly string[],
    private readonly host = "127.0.0.1",
  ) {}

  /** With a database `postgres` of the user `postgres`, who needs no password. */
  static async start(settings: readonly string[] = []): Promise<PostgresServer> {
    const folder = await ownedFolder();
    await asPostgres(`${PROGRAMS}/initdb`, "-D", `${folder}/data`, "-A", "trust", "-U", "postgres");
    const server = new PostgresServer(freePort(), folder, settings);
    await server.begin();
    return server;
  }

  /** One that follows another, by the name `standby`; commits do not wait for it by themselves. */
  static async standbyOf(
    { port }: PostgresServer,
    host?: string,
    ownPort = freePort(),
  ): Promise<PostgresServer> {
    const folder = await ownedFolder();
    const from = `host=127.0.0.1 port=${port} user=postgres application_name=standby`;
    await asPostgres(...[`${PROGRAMS}/pg_basebackup`, "-D", `${folder}/data`, "-d", from], "-R");
    const server = new PostgresServer(ownPort, folder, [], host);
    await server.begin();
    return server;
  }

  /** It follows no more: it can be written to. */
  async promote(): Promise<void> {
    await asPostgres(`${PROGRAMS}/pg_ctl`, "-D", `${this.folder}/data`, "-w", "promote");
  }

  async begin(): Promise<void> {
    const options = [
      `-p ${this.port}`,
      `-k ${this.folder}`,
      `-c listen_addresses=${this.host}`,
      "-c max_connections=60",
      ...this.settings.map((setting) => `-c ${setting}`),
    ];
    const control = [`${PROGRAMS}/pg_ctl`, "-D", `${this.folder}/data`, "-w"];
    await asPostgres(...control, "-l", `${this.folder}/log`, "-o", options.join(" "), "start");
  }

  /** As a power switch would, but for the page cache. */
  async crash(): Promise<void> {
    await asPostgres(`${PROGRAMS}/pg_ctl`, "-D", `${this.folder}/data`, "-m", "immediate", "stop");
  }

  async end(): Promise<void> {
    await this.crash().catch(() => {});
    await Deno.remove(this.folder, { recursive: true });
  }

  /** @param port That of something in between, if not its own. */
  url(journal: string, port = this.port, user = "postgres"): string {
    return `postgres://${user}@${this.host}:${port}/postgres?journal=${journal}`;
  }

  /** Commits wait for a standby of this name, which is not there. */
  async awaitStandby(name: string): Promise<void> {
    await this.query(`alter system set synchronous_standby_names = '${name}'`);
    await this.query("select pg_reload_conf()");
    // The checkpointer passes it on in its own time: until then commits do not wait.
    await until("a commit waits", () => this.#isCommitHeld());
  }

  /** Commits wait for no standby. */
  async awaitNoStandby(): Promise<void> {
    await this.query("alter system reset synchronous_standby_names");
    await this.query("select pg_reload_conf()");
  }

  async #isCommitHeld(): Promise<boolean> {
    let isOver = false;
    const commit = this.query("select pg_logical_emit_message(true, 'held?', '')")
      .then(() => isOver = true);
    const held = "pg_stat_activity where wait_event = 'SyncRep' and query like '%held?%'";
    let isHeld = false;
    await until("a commit is over, or waits", async () => {
      isHeld = (await this.query(`select pg_cancel_backend(pid) from ${held}`)).length > 0;
      return isHeld || isOver;
    });
    await commit;
    return isHeld;
  }

  /** The first column of each row. */
  query(sql: string, user = "postgres"): Promise<readonly string[]> {
    return psql(["-h", this.host, "-p", `${this.port}`, "-U", user, "-d", "postgres"], sql);
  }
}

/** The first column of each row of what is asked somewhere. */
export async function psql(where: readonly string[], sql: string): Promise<readonly string[]> {
  const text = await run(`${PROGRAMS}/psql`, ...where, "-v", "ON_ERROR_STOP=1", "-Atqc", sql);
  return text.split("\n").filter((line) => line !== "");
}

export async function ownedFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-postgres-" });
  await asPostgres("chmod", "755", folder).catch(() => {});
  if (Deno.uid() === 0) await run("chown", "postgres", folder);
  return folder;
}

/** It does not run as root. */
function asPostgres(...words: readonly string[]): Promise<string> {
  return run(...wordsAsPostgres(words));
}

/** The same words, for a process of a test's own. */
export function wordsAsPostgres(words: readonly string[]): readonly string[] {
  return Deno.uid() === 0 ? ["setpriv", ...PRIVILEGES, ...words] : words;
}

const PRIVILEGES = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];

async function run(...[program = "", ...args]: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args, cwd: "/", stdin: "null" });
  // What pg_ctl starts keeps its output: so this waits for the process, and not for that.
  const isStart = args.at(-1) === "start";
  if (isStart) {
    const { code } = await new Deno.Command(program, {
      ...{ args, cwd: "/", stdin: "null", stdout: "null", stderr: "null" },
    }).spawn().status;
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    return "";
  }
  const { code, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${err}`);
  return out ?? "";
}

/** Declares a test that needs PostgreSQL. */
export function testWithPostgres(
  name: string,
  fn: (server: PostgresServer) => Promise<void>,
  settings: readonly string[] = [],
  leftOut = LEFT_OUT,
): void {
  Deno.test({
    name: name + leftOut,
    ignore: leftOut !== "",
    fn: async () => {
      const server = await PostgresServer.start(settings);
      try {
        await fn(server);
      } finally {
        await server.end();
      }
    },
  });
}
