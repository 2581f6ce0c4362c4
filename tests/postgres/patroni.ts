/** Two nodes of PostgreSQL under Patroni, with etcd, each on a separate machine. */

import { until } from "../support/until.ts";
import { isFile, type Machine, missing, type Network, whyNoNetwork } from "./network.ts";
import { LEFT_OUT, ownedFolder, PROGRAMS, psql, wordsAsPostgres } from "./postgres_server.ts";

const PACKAGES = { patroni: "patroni", etcd: "etcd-server" };

/** What Patroni needs to talk to etcd; its package only suggests it. */
const ETCD_CLIENT = "/usr/lib/python3/dist-packages/etcd/__init__.py";

function leftOut(): string {
  const client = isFile(ETCD_CLIENT) ? [] : ["python3-etcd"];
  const packages = [...missing(PACKAGES), ...client];
  const why = packages.length > 0 ? `${packages.join(", ")} not installed` : whyNoNetwork();
  return why === "" ? "" : ` (LEFT OUT: ${why})`;
}

/** The reason in the name of a skipped test. */
export const CLUSTER_LEFT_OUT = LEFT_OUT || leftOut();

interface ClusterOptions {
  /** Whether commits wait for the other node, even while there is none. */
  readonly isSynchronous: boolean;
}

/** In seconds; the minimum of Patroni. */
const TTL_S = 20;

export class PatroniNode {
  #child: Deno.ChildProcess | undefined;

  constructor(
    readonly machine: Machine,
    private readonly folder: string,
    private readonly etcd: Machine,
    private readonly options: ClusterOptions,
  ) {}

  get #configuration() {
    const { name, address } = this.machine;
    const { isSynchronous } = this.options;
    return {
      scope: "daybook",
      name,
      restapi: { listen: `${address}:8008`, connect_address: `${address}:8008` },
      etcd3: { hosts: `${this.etcd.address}:2379` },
      bootstrap: {
        dcs: {
          ...{ ttl: TTL_S, loop_wait: 2, retry_timeout: 3, primary_start_timeout: 0 },
          ...{ synchronous_mode: isSynchronous, synchronous_mode_strict: isSynchronous },
          postgresql: { use_pg_rewind: true, parameters: { max_connections: 60 } },
        },
        initdb: [{ encoding: "UTF8" }],
      },
      postgresql: {
        ...{ listen: `${address}:5432`, connect_address: `${address}:5432` },
        ...{ bin_dir: PROGRAMS, data_dir: `${this.folder}/data` },
        pgpass: `${this.folder}/pgpass`,
        authentication: {
          superuser: { username: "postgres", password: "postgres" },
          replication: { username: "standby", password: "standby" },
        },
        pg_hba: ["local all all trust", "host all all all trust", "host replication all all trust"],
        parameters: { unix_socket_directories: this.folder },
      },
    };
  }

  /** JSON is valid YAML. */
  async start(): Promise<void> {
    const file = `${this.folder}/patroni.json`;
    await Deno.writeTextFile(file, JSON.stringify(this.#configuration));
    const log = `exec patroni ${file} >> ${this.folder}/log 2>&1`;
    const [program = "", ...args] = [
      ...this.machine.within,
      ...wordsAsPostgres(["sh", "-c", log]),
    ];
    this.#child = new Deno.Command(program, { args, cwd: "/", stdin: "null" }).spawn();
  }

  /** Patroni's answer about the role of this node. */
  async is(role: "primary" | "synchronous" | "replica"): Promise<boolean> {
    try {
      const response = await fetch(`http://${this.machine.address}:8008/${role}`, {
        signal: AbortSignal.timeout(2_000),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  /** PostgreSQL is killed, Patroni is not. */
  async killPostgres(): Promise<void> {
    await this.machine.kill(/^postgres/);
  }

  /** The whole machine. */
  async lose(): Promise<void> {
    await this.machine.lose();
    await this.#child?.status;
  }

  async restore(): Promise<void> {
    await this.machine.restore();
    await this.start();
  }

  async end(): Promise<void> {
    await this.machine.killAll();
    await this.#child?.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

export class PatroniCluster implements AsyncDisposable {
  readonly nodes: PatroniNode[] = [];
  readonly #options: ClusterOptions;
  #etcd: { readonly child: Deno.ChildProcess; readonly folder: string } | undefined;

  /** @param etcd The machine of etcd. */
  private constructor(readonly etcd: Machine, options: ClusterOptions) {
    this.#options = options;
  }

  static async start(network: Network, options: ClusterOptions): Promise<PatroniCluster> {
    const cluster = new PatroniCluster(await network.machine("etcd"), options);
    try {
      await cluster.#begin(network);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  async #begin(network: Network): Promise<void> {
    await this.#startEtcd();
    for (const name of ["one", "two"]) {
      const machine = await network.machine(name);
      this.nodes.push(new PatroniNode(machine, await ownedFolder(), this.etcd, this.#options));
      await this.nodes.at(-1)?.start();
      // So that the first node creates the database.
      await until("there is a primary", async () => await this.primary() !== undefined);
    }
    await this.whole();
  }

  async #startEtcd(): Promise<void> {
    const { within, address } = this.etcd;
    const folder = await Deno.makeTempDir({ prefix: "daybook-etcd-" });
    const [program = "", ...args] = [
      ...within,
      "etcd",
      `--data-dir=${folder}`,
      `--listen-client-urls=http://${address}:2379`,
      `--advertise-client-urls=http://${address}:2379`,
      "--unsafe-no-fsync",
    ];
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    this.#etcd = { child: new Deno.Command(program, { args, ...quiet }).spawn(), folder };
  }

  async primary(): Promise<PatroniNode | undefined> {
    for (const node of this.nodes) if (await node.is("primary")) return node;
    return undefined;
  }

  /** Resolves with primary and standby once both exist. */
  async whole(): Promise<{ readonly primary: PatroniNode; readonly standby: PatroniNode }> {
    const role = this.#options.isSynchronous ? "synchronous" : "replica";
    let [primary, standby]: (PatroniNode | undefined)[] = [];
    await until("there is a primary and a standby", async () => {
      primary = await this.primary();
      standby = this.nodes.find((node) => node !== primary);
      return primary !== undefined && await standby?.is(role) === true;
    }, 200);
    if (primary === undefined || standby === undefined) throw new Error("there is no primary");
    return { primary, standby };
  }

  /** Switches over to the standby in an orderly way. */
  async switchover(): Promise<void> {
    const { primary, standby } = await this.whole();
    const response = await fetch(`http://${primary.machine.address}:8008/switchover`, {
      method: "POST",
      body: JSON.stringify({ leader: primary.machine.name, candidate: standby.machine.name }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`no switchover: ${text}`);
  }

  /** Resolves when another node is the primary. */
  async movedFrom(node: PatroniNode): Promise<PatroniNode> {
    let primary: PatroniNode | undefined;
    await until(`another node than ${node.machine.name} is the primary`, async () => {
      primary = await this.primary();
      return primary !== undefined && primary !== node;
    }, 200);
    return primary ?? node;
  }

  get machines(): readonly Machine[] {
    return this.nodes.map(({ machine }) => machine);
  }

  get #hosts(): string {
    return this.machines.map(({ address }) => address).join();
  }

  /** The current primary of the two. */
  url(journal: string): string {
    const sync = this.#options.isSynchronous ? 1 : 0;
    return `postgres://postgres@${this.#hosts}:5432/postgres?journal=${journal}&sync=${sync}`;
  }

  /** The first column of each row, from the primary. */
  query(sql: string): Promise<readonly string[]> {
    const database = "dbname=postgres user=postgres target_session_attrs=read-write";
    return psql([`host=${this.#hosts} port=5432 ${database} connect_timeout=3`], sql);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node.end();
    this.#etcd?.child.kill("SIGKILL");
    await this.#etcd?.child.status;
    if (this.#etcd !== undefined) await Deno.remove(this.#etcd.folder, { recursive: true });
  }
}
