/** The demo: a Daybook of its own with the shop's definitions, its situations and its trickle. */

import { urlOf } from "../banner.ts";
import { type Configuration, readConfiguration } from "../configuration.ts";
import { messageOf } from "../core/thrown.ts";
import { Daybook } from "../daybook.ts";
import type { Clock, Random } from "../engine/ports.ts";
import { ShopServices } from "./services.ts";
import { shopDefinitions } from "./shop.ts";
import { ShopClient } from "./shop_client.ts";
import { makeSituations, type Situation } from "./situations.ts";
import { Trickle } from "./trickle.ts";

const PORT_DEFAULT = 8_000;
/** Few enough that a queue is seen, enough that the rest goes on beside it. */
const WORKERS = 6;

export interface DemoSettings {
  /** Of the journal; what is in it already is served too. */
  readonly folder: string;
  /** `undefined`: the default one, or a free one when that is taken. */
  readonly port: number | undefined;
  /** New jobs in a second; 0 for none. */
  readonly rate: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly warn: (message: string) => void;
  readonly onJournalFailed: (error: Error) => void;
}

export class Demo {
  readonly url: string;
  readonly #daybook: Daybook;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #calls = new AbortController();
  readonly #settings: DemoSettings;
  #trickle: Trickle | undefined;

  private constructor(
    settings: DemoSettings,
    daybook: Daybook,
    server: Deno.HttpServer<Deno.NetAddr>,
  ) {
    this.url = urlOf(server.addr);
    this.#settings = settings;
    this.#daybook = daybook;
    this.#server = server;
  }

  /** Opens the journal and listens. */
  static async open(settings: DemoSettings): Promise<Demo> {
    const { clock, random, warn, onJournalFailed } = settings;
    const daybook = await Daybook.open({
      configuration: configurationOf(settings.folder),
      clock,
      random,
      definitions: shopDefinitions(new ShopServices(clock, random)),
      warn,
      onJournalFailed,
    });
    try {
      const server = listen(settings.port, daybook);
      await daybook.journal.announce(urlOf(server.addr));
      return new Demo(settings, daybook, server);
    } catch (error) {
      await daybook.stop(() => Promise.resolve());
      throw error;
    }
  }

  /** Brings about a job in each situation, and then lets the shop go on. */
  async play(): Promise<readonly Situation[]> {
    const { clock, random, rate, warn } = this.#settings;
    const shop = new ShopClient(this.url, this.#calls.signal);
    const situations = await makeSituations(shop, clock.now());
    if (rate > 0) {
      const warnOf = (error: unknown) => warn(messageOf(error));
      this.#trickle = new Trickle({ shop, clock, random, rate, warn: warnOf });
      this.#trickle.start();
    }
    return situations;
  }

  async stop(): Promise<void> {
    this.#trickle?.stop();
    this.#calls.abort();
    await this.#daybook.stop(() => this.#server.shutdown());
  }
}

/** The defaults, whatever the environment says: each demo is the same. */
function configurationOf(folder: string): Configuration {
  const result = readConfiguration({
    args: ["--journal", folder, "--max-running", String(WORKERS), "--drain", "1s"],
    env: () => undefined,
    readTextFile: Deno.readTextFileSync,
  });
  if (result.kind !== "run") throw new TypeError(`Cannot configure the demo: ${result.kind}`);
  return result.configuration;
}

function listen(port: number | undefined, { fetch }: Daybook): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", onListen: () => {} };
  try {
    return Deno.serve({ ...options, port: port ?? PORT_DEFAULT }, fetch);
  } catch (error) {
    if (port !== undefined || !(error instanceof Deno.errors.AddrInUse)) throw error;
    return Deno.serve({ ...options, port: 0 }, fetch);
  }
}
