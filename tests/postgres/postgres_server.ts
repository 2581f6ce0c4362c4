/** A PostgreSQL for tests. If it is not installed, tests that need it are skipped. */

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

/** The reason in the name of a skipped test. */
export const LEFT_OUT = PROGRAMS === undefined ? " (LEFT OUT: PostgreSQL is not installed)" : "";

/** Below the ports that the system gives to connections, which could take it first. */
const [PORT_MIN, PORTS] = [20_000, 12_000];

let nextPort = Math.floor(Math.random() * PORTS);

/**
 * A free port of this machine, and another one each time: a process that is down for a while must
 * find its port free.
 */
export function freePort(): number {
  for (;;) {
    const port = PORT_MIN + nextPort++ % PORTS;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** A folder with the files of an empty server, of which each starts with a copy. */
let template: Promise<string> | undefined;

async function makeTemplate(): Promise<string> {
  const folder = await ownedFolder();
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const options = ["-A", "trust", "-U", "postgres", "--encoding=UTF8", "--no-locale"];
  await asPostgres(`${PROGRAMS}/initdb`, "-D", `${folder}/data`, "--no-sync", ...options);
  return folder;
}

export class PostgresServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly settings: readonly string[],
    private readonly host = "127.0.0.1",
  ) {}

  /** A server with a database `postgres` of the user `postgres`, without a password. */
  static async start(settings: readonly string[] = []): Promise<PostgresServer> {
    const folder = await ownedFolder();
    await asPostgres("cp", "-r", `${await (template ??= makeTemplate())}/data`, folder);
    const server = new PostgresServer(freePort(), folder, settings);
    await server.begin();
    return server;
  }

  /** A standby of another server, named `standby`; commits do not wait for it by default. */
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

  /** Promotes it: it accepts writes. */
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

  /** Ends it like a power cut, except for the page cache. */
  async crash(): Promise<void> {
    await asPostgres(`${PROGRAMS}/pg_ctl`, "-D", `${this.folder}/data`, "-m", "immediate", "stop");
  }

  /** All its processes stand still, as on a paused machine, until `thaw`. */
  async freeze(): Promise<void> {
    await this.#signal("SIGSTOP");
  }

  async thaw(): Promise<void> {
    await this.#signal("SIGCONT");
  }

  async #signal(signal: Deno.Signal): Promise<void> {
    const [first = ""] = (await Deno.readTextFile(`${this.folder}/data/postmaster.pid`)).split(
      "\n",
    );
    const children = await Deno.readTextFile(`/proc/${first}/task/${first}/children`);
    for (const pid of [first, ...children.trim().split(" ")]) Deno.kill(Number(pid), signal);
  }

  async end(): Promise<void> {
    await this.crash().catch(() => {});
    await Deno.remove(this.folder, { recursive: true });
  }

  /** @param port The port of a proxy, instead of its own. */
  url(journal: string, port = this.port, user = "postgres", database = "postgres"): string {
    return `postgres://${user}@${this.host}:${port}/${database}?journal=${journal}`;
  }

  /** Commits wait for a standby of this name, which does not exist. */
  async awaitStandby(name: string): Promise<void> {
    await this.query(`alter system set synchronous_standby_names = '${name}'`);
    await this.query("select pg_reload_conf()");
    // The checkpointer applies it asynchronously: until then commits do not wait.
    await until("a commit waits", () => this.#isCommitHeld());
  }

  /** Commits do not wait for a standby. */
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

  /** Another database of the server. */
  async createDatabase(name: string, encoding: string): Promise<void> {
    await this.query(`create database ${name} encoding '${encoding}' template template0`);
  }

  /** The first column of each row. */
  query(sql: string, user = "postgres"): Promise<readonly string[]> {
    return psql(["-h", this.host, "-p", `${this.port}`, "-U", user, "-d", "postgres"], sql);
  }
}

/** The first column of each row of a query at an address. */
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

/** PostgreSQL does not run as root. */
function asPostgres(...words: readonly string[]): Promise<string> {
  return run(...wordsAsPostgres(words));
}

/** The same arguments, for a process that the test starts. */
export function wordsAsPostgres(words: readonly string[]): readonly string[] {
  return Deno.uid() === 0 ? ["setpriv", ...PRIVILEGES, ...words] : words;
}

const PRIVILEGES = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];

async function run(...[program = "", ...args]: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args, cwd: "/", stdin: "null" });
  // The server keeps the output of pg_ctl open, so this waits for the process, not for the output.
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
