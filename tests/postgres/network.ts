/**
 * Machines for tests: a network namespace for each, joined by a bridge. A machine can be cut off,
 * or lost with its processes. This needs root, and a kernel that allows it.
 */

import { until } from "../support/until.ts";

const PROGRAMS = { ip: "iproute2", nft: "nftables" };

/** Which of these programs, each with its package, are not installed. */
export function missing(programs: Readonly<Record<string, string>>): readonly string[] {
  const folders = Deno.env.get("PATH")?.split(":") ?? [];
  const isThere = (program: string) => folders.some((folder) => isFile(`${folder}/${program}`));
  return Object.entries(programs).flatMap(([program, name]) => isThere(program) ? [] : [name]);
}

export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Whether namespaces, bridges and rules that drop packets can be created. */
function isGranted(): boolean {
  if (Deno.uid() !== 0) return false;
  const [name, bridge] = [`daybook-${Deno.pid}-probe`, `daybook${Deno.pid}p`];
  const steps = [
    `ip netns add ${name}`,
    `ip netns exec ${name} nft add table ip cut`,
    `ip link add ${bridge} type bridge`,
  ];
  const isAll = steps.every(succeeds);
  for (const end of [`ip link delete ${bridge}`, `ip netns delete ${name}`]) succeeds(end);
  return isAll;
}

function succeeds(command: string): boolean {
  const [program = "", ...args] = command.split(" ");
  return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
}

/** Why there can be no network; empty if there can be one. */
export function whyNoNetwork(): string {
  const packages = missing(PROGRAMS);
  if (packages.length > 0) return `${packages.join(", ")} not installed`;
  return isGranted() ? "" : "no right to make network namespaces, bridges and rules";
}

async function run(...[program = "", ...args]: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${err}`);
  return out ?? "";
}

const MACHINES_MAX = 8;

export class Machine {
  /** @param link The link of the bridge to this machine. */
  constructor(
    readonly name: string,
    readonly address: string,
    private readonly namespace: string,
    private readonly link: string,
  ) {}

  /** A command prefix that runs a command on this machine. */
  get within(): readonly string[] {
    return ["ip", "netns", "exec", this.namespace];
  }

  /** All possible addresses of the network. */
  get neighbours(): readonly string[] {
    const prefix = this.address.slice(0, this.address.lastIndexOf("."));
    return Array.from({ length: MACHINES_MAX }, (_, index) => `${prefix}.${index + 2}`);
  }

  async begin(bridge: string): Promise<void> {
    await run("ip", "netns", "add", this.namespace);
    const peer = ["peer", "name", "eth0", "netns", this.namespace];
    await run("ip", "link", "add", this.link, "type", "veth", ...peer);
    await run("ip", "link", "set", this.link, "master", bridge, "up");
    const own = ["ip", "-n", this.namespace];
    await run(...own, "address", "add", `${this.address}/24`, "dev", "eth0");
    for (const link of ["lo", "eth0"]) await run(...own, "link", "set", link, "up");
  }

  /** Ends all processes on it at once. */
  async killAll(): Promise<void> {
    await this.kill(/./);
  }

  /** Ends all processes with this name at once. */
  async kill(name: RegExp): Promise<void> {
    for (const pid of await this.#pids()) {
      const comm = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
      if (name.test(comm)) await run("kill", "-KILL", `${pid}`).catch(() => {});
    }
  }

  async #pids(): Promise<readonly number[]> {
    return (await run("ip", "netns", "pids", this.namespace)).trim().split("\n").map(Number)
      .filter((pid) => pid > 0);
  }

  /** Turns the power off: no other machine is notified that its connections are closed. */
  async lose(): Promise<void> {
    await run("ip", "link", "set", this.link, "down");
    await this.killAll();
    await until(`${this.name} is empty`, async () => (await this.#pids()).length === 0);
  }

  /** Makes it reachable again. */
  async restore(): Promise<void> {
    await run("ip", "link", "set", this.link, "up");
  }

  /** Drops everything from these machines; packets to them still arrive. */
  async cutFrom(machines: readonly Machine[]): Promise<void> {
    const sources = machines.map(({ address }) => address).join(", ");
    const rule = `ip saddr { ${sources} } drop`;
    const chain = `chain in { type filter hook input priority 0; ${rule}; };`;
    await run(...this.within, "nft", `table ip cut { ${chain} }`);
  }

  async mend(): Promise<void> {
    await run(...this.within, "nft", "flush", "ruleset");
  }

  async end(): Promise<void> {
    await this.killAll();
    await run("ip", "netns", "delete", this.namespace);
    await run("ip", "link", "delete", this.link).catch(() => {});
  }
}

/** Cuts groups of machines off from each other, both ways. */
export async function part(
  some: readonly Machine[],
  others: readonly Machine[],
): Promise<void> {
  for (const machine of some) await machine.cutFrom(others);
  for (const machine of others) await machine.cutFrom(some);
}

export class Network implements AsyncDisposable {
  readonly #bridge = `daybook${Deno.pid}`;
  readonly #prefix = `10.${64 + (Deno.pid >> 8) % 64}.${Deno.pid % 256}`;
  readonly #machines: Machine[] = [];

  /** A network that includes this process. */
  static async begin(): Promise<Network> {
    const network = new Network();
    await run("ip", "link", "add", network.#bridge, "type", "bridge");
    await run("ip", "address", "add", `${network.#prefix}.1/24`, "dev", network.#bridge);
    await run("ip", "link", "set", network.#bridge, "up");
    return network;
  }

  async machine(name: string): Promise<Machine> {
    const number = this.#machines.length + 2;
    const namespace = `daybook-${Deno.pid}-${name}`;
    const link = `db${Deno.pid}-${number}`;
    const machine = new Machine(name, `${this.#prefix}.${number}`, namespace, link);
    this.#machines.push(machine);
    await machine.begin(this.#bridge);
    return machine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const machine of this.#machines) await machine.end().catch(() => {});
    await run("ip", "link", "delete", this.#bridge);
  }
}
