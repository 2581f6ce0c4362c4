/** The demo: a Daybook of its own with the shop's definitions, its situations and its trickle. */

import { urlOf } from "../server/banner.ts";
import { readConfiguration } from "../settings/configuration.ts";
import { messageOf } from "../core/thrown.ts";
import { Daybook } from "../server/daybook.ts";
import type { Clock, Random } from "../engine/ports.ts";
import { ShopServices } from "./services.ts";
import { shopDefinitions } from "./shop.ts";
import { ShopClient } from "./shop_client.ts";
import { makeSituations, type Situation } from "./situations.ts";
import { Trickle } from "./trickle.ts";

const HOSTNAME = "127.0.0.1";
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
    const port = settings.port ?? usualPortOrAny();
    const daybook = await Daybook.open({
      ...configurationOf(settings.folder, port),
      clock,
      random,
      definitions: shopDefinitions(new ShopServices(clock, random)),
      warn,
      onJournalFailed,
    });
    try {
      const server = Deno.serve({ hostname: HOSTNAME, port, onListen: () => {} }, daybook.fetch);
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
    await shop.verify();
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
function configurationOf(folder: string, port: number) {
  const given = { port, journal: folder, "max-running": WORKERS, drain: "1s" };
  const result = readConfiguration({
    args: Object.entries(given).map(([flag, value]) => `--${flag}=${value}`),
    env: () => undefined,
    readTextFile: Deno.readTextFileSync,
  });
  if (result.kind !== "run") throw new TypeError(`Cannot configure the demo: ${result.kind}`);
  const { configuration, origins } = result;
  return { configuration, origins };
}

/** The usual port, or 0 for any that is free when somebody has that already. */
function usualPortOrAny(): number {
  try {
    Deno.listen({ hostname: HOSTNAME, port: PORT_DEFAULT }).close();
    return PORT_DEFAULT;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return 0;
    throw error;
  }
}
