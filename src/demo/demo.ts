/**
 * Runs the demo: a Daybook with the definitions, situations and background work of a small shop.
 */

import { serverUrl } from "../server/banner.ts";
import { configurationOf } from "../settings/configuration.ts";
import { errorMessage } from "../core/thrown.ts";
import { Daybook } from "../server/daybook.ts";
import type { Clock, Random } from "../engine/ports.ts";
import { BLOCKED_CARD, CLOSED_DEPOT, ShopServices } from "./services.ts";
import { ShopClient, shopDefinitions } from "./shop.ts";
import {
  makeSituations,
  order,
  payout,
  shipment,
  type Situation,
  submitPictures,
} from "./situations.ts";

const HOSTNAME = "127.0.0.1";
const PORT_DEFAULT = 8_000;
/** Few enough that a queue forms, and enough that other work continues beside it. */
const WORKERS = 6;

interface DemoSettings {
  /** The folder of the journal. Jobs already in it are served too. */
  readonly folder: string;
  /** `undefined`: the default port, or a free one if it is taken. */
  readonly port: number | undefined;
  /** New jobs per second; 0 for none. */
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
    this.url = serverUrl(server.addr);
    this.#settings = settings;
    this.#daybook = daybook;
    this.#server = server;
  }

  static async open(settings: DemoSettings): Promise<Demo> {
    const { clock, random, warn, onJournalFailed } = settings;
    const port = settings.port ?? usualPortOrAny();
    const daybook = await Daybook.open({
      ...demoConfiguration(settings.folder, port),
      clock,
      random,
      definitions: shopDefinitions(new ShopServices(clock, random)),
      warn,
      onJournalFailed,
    });
    try {
      const server = Deno.serve({ hostname: HOSTNAME, port, onListen: () => {} }, daybook.fetch);
      daybook.work();
      for (const warning of await daybook.found()) warn(warning);
      await daybook.journal.announce(serverUrl(server.addr));
      return new Demo(settings, daybook, server);
    } catch (error) {
      await daybook.stop(() => Promise.resolve());
      throw error;
    }
  }

  /**
   * Creates a job in each situation, and then starts the background work; `undefined` if it was
   * stopped before that.
   */
  async play(): Promise<readonly Situation[] | undefined> {
    const { signal } = this.#calls;
    const shop = new ShopClient(this.url, signal);
    try {
      const situations = await makeSituations(shop, this.#settings.clock.now());
      await shop.verify();
      signal.throwIfAborted();
      this.#trade(shop);
      return situations;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  #trade(shop: ShopClient): void {
    const { clock, random, rate, warn } = this.#settings;
    if (rate === 0) return;
    const warnOf = (error: unknown) => warn(errorMessage(error));
    this.#trickle = new Trickle({ shop, clock, random, rate, warn: warnOf });
    this.#trickle.start();
  }

  async stop(): Promise<void> {
    this.#trickle?.stop();
    this.#calls.abort();
    await this.#daybook.stop(() => this.#server.shutdown());
  }
}

/** The defaults, ignoring the environment, so that each demo is the same. */
function demoConfiguration(folder: string, port: number) {
  const given = { port: `${port}`, journal: folder, "max-running": `${WORKERS}`, drain: "1s" };
  const result = configurationOf(given);
  if (result.kind !== "run") throw new TypeError(`Cannot configure the demo: ${result.kind}`);
  const { configuration, origins } = result;
  return { configuration, origins };
}

/** The usual port, or 0 for any free one if it is taken. */
function usualPortOrAny(): number {
  try {
    Deno.listen({ hostname: HOSTNAME, port: PORT_DEFAULT }).close();
    return PORT_DEFAULT;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return 0;
    throw error;
  }
}

const FIRST_ORDER = 3_001;
/** How often a new season brings many picture jobs at once, and how many. */
const SEASON_MS = 90_000;
const SEASON_PICTURES = 30;
/** The time from an order to its shipment. */
const SHIPMENT_MS = 4_000;
/** How many orders may await shipment. Beyond that, a new order is not shipped. */
const PARCELS_MAX = 1_000;

const SUPPLIERS = ["Hansen", "Okafor", "Petrov", "Silva", "Tanaka"] as const;

interface TrickleOptions {
  readonly shop: ShopClient;
  readonly clock: Clock;
  readonly random: Random;
  /** New jobs per second. */
  readonly rate: number;
  /** Called once when a call fails; later calls are made anyway. */
  readonly warn: (error: unknown) => void;
}

/** Generates work at a steady rate, with an occasional burst. */
class Trickle {
  readonly #dropTimers = new Set<() => void>();
  #parcels = 0;
  #number = FIRST_ORDER;
  #isStopped = false;

  constructor(private readonly options: TrickleOptions) {}

  start(): void {
    this.#every(1_000 / this.options.rate, () => this.#next());
    this.#every(SEASON_MS, async () => {
      await submitPictures(this.options.shop, SEASON_PICTURES);
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const drop of this.#dropTimers) drop();
  }

  /** Repeats work forever, whether or not it succeeds. */
  #every(intervalMs: number, action: () => Promise<void>): void {
    this.#later(intervalMs, () => {
      this.#every(intervalMs, action);
      return action();
    });
  }

  #later(delayMs: number, action: () => Promise<void>): void {
    if (this.#isStopped) return;
    const drop = this.options.clock.setTimer(delayMs, () => {
      this.#dropTimers.delete(drop);
      action().catch((error) => this.#isStopped || this.options.warn(error));
    });
    this.#dropTimers.add(drop);
  }

  /** Mostly orders that succeed. */
  async #next(): Promise<void> {
    const number = this.#number++;
    const turn = this.options.random.fraction();
    if (turn < 0.6) return await this.#order(`${number}`, "card");
    if (turn < 0.63) return await this.#order(`${number}`, BLOCKED_CARD);
    if (turn < 0.64) return await this.#order(`${CLOSED_DEPOT}${number}`, BLOCKED_CARD);
    if (turn < 0.72) return await this.#payout(number);
    if (turn < 0.82) return await this.#customer(`c-${number}`);
    await this.options.shop.submit({
      type: "shop.newsletter",
      input: {
        subject: `What is new, number ${number}`,
        list: turn < 0.9 ? "customers" : "suppliers",
      },
    });
  }

  async #order(orderId: string, paymentMethod: string): Promise<void> {
    const { shop } = this.options;
    const amount = 500 + Math.floor(this.options.random.fraction() * 20_000);
    await shop.submit(order(orderId, amount, { paymentMethod }));
    if (this.#parcels >= PARCELS_MAX) return;
    this.#parcels++;
    this.#later(SHIPMENT_MS * (0.5 + this.options.random.fraction()), async () => {
      this.#parcels--;
      await shop.event("ec.shipment.ShipmentCompleted", shipment(orderId));
    });
  }

  async #payout(number: number): Promise<void> {
    const supplier = SUPPLIERS[number % SUPPLIERS.length] ?? SUPPLIERS[0];
    const isClosed = this.options.random.fraction() < 0.1;
    await this.options.shop.submit(payout(supplier, number, isClosed ? { closed: true } : {}));
  }

  /** Nine of ten customers confirm their address. */
  async #customer(customerId: string): Promise<void> {
    const { shop, random } = this.options;
    await shop.event("shop.customer.SignedUp", { customerId });
    if (random.fraction() > 0.9) return;
    this.#later(SHIPMENT_MS * random.fraction(), async () => {
      await shop.event("shop.customer.AddressConfirmed", { customerId });
    });
  }
}
