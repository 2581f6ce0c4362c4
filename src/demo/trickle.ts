/** The shop goes on: new work at a steady rate, and now and then a lot at once. */

import type { Clock, Random } from "../engine/ports.ts";
import { BLOCKED_CARD, CLOSED_DEPOT } from "./services.ts";
import type { ShopClient } from "./shop_client.ts";
import { order, payout, shipment, submitPictures } from "./situations.ts";

const FIRST_ORDER = 3_001;
/** A new season has many pictures. */
const SEASON_MS = 90_000;
const SEASON_PICTURES = 30;
/** How long after its order a parcel leaves. */
const SHIPMENT_MS = 4_000;
/** Parcels that wait to leave; beyond it an order has to wait for somebody else. */
const PARCELS_MAX = 1_000;

const SUPPLIERS = ["Hansen", "Okafor", "Petrov", "Silva", "Tanaka"] as const;

export interface TrickleOptions {
  readonly shop: ShopClient;
  readonly clock: Clock;
  readonly random: Random;
  /** New jobs in a second. */
  readonly rate: number;
  /** Told once when a call fails; the next ones are made all the same. */
  readonly warn: (error: unknown) => void;
}

export class Trickle {
  readonly #options: TrickleOptions;
  readonly #dropTimers = new Set<() => void>();
  #parcels = 0;
  #number = FIRST_ORDER;
  #isStopped = false;

  constructor(options: TrickleOptions) {
    this.#options = options;
  }

  start(): void {
    this.#every(1_000 / this.#options.rate, () => this.#next());
    this.#every(SEASON_MS, async () => {
      await submitPictures(this.#options.shop, SEASON_PICTURES);
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const drop of this.#dropTimers) drop();
  }

  /** Does it again and again, whether or not it has succeeded. */
  #every(intervalMs: number, action: () => Promise<void>): void {
    this.#later(intervalMs, () => {
      this.#every(intervalMs, action);
      return action();
    });
  }

  #later(delayMs: number, action: () => Promise<void>): void {
    if (this.#isStopped) return;
    const drop = this.#options.clock.setTimer(delayMs, () => {
      this.#dropTimers.delete(drop);
      action().catch((error) => this.#isStopped || this.#options.warn(error));
    });
    this.#dropTimers.add(drop);
  }

  /** Most of it goes well. */
  async #next(): Promise<void> {
    const number = this.#number++;
    const turn = this.#options.random.fraction();
    if (turn < 0.6) return await this.#order(`${number}`, "card");
    if (turn < 0.63) return await this.#order(`${number}`, BLOCKED_CARD);
    if (turn < 0.64) return await this.#order(`${CLOSED_DEPOT}${number}`, BLOCKED_CARD);
    if (turn < 0.72) return await this.#payout(number);
    if (turn < 0.82) return await this.#customer(`c-${number}`);
    await this.#options.shop.submit({
      type: "shop.newsletter",
      input: {
        subject: `What is new, number ${number}`,
        list: turn < 0.9 ? "customers" : "suppliers",
      },
    });
  }

  async #order(orderId: string, paymentMethod: string): Promise<void> {
    const { shop } = this.#options;
    const amount = 500 + Math.floor(this.#options.random.fraction() * 20_000);
    await shop.submit(order(orderId, amount, { paymentMethod }));
    if (this.#parcels >= PARCELS_MAX) return;
    this.#parcels++;
    this.#later(SHIPMENT_MS * (0.5 + this.#options.random.fraction()), async () => {
      this.#parcels--;
      await shop.event("ec.shipment.ShipmentCompleted", shipment(orderId));
    });
  }

  async #payout(number: number): Promise<void> {
    const supplier = SUPPLIERS[number % SUPPLIERS.length] ?? SUPPLIERS[0];
    const isClosed = this.#options.random.fraction() < 0.1;
    await this.#options.shop.submit(payout(supplier, number, isClosed ? { closed: true } : {}));
  }

  /** Nine of ten confirm their address. */
  async #customer(customerId: string): Promise<void> {
    const { shop, random } = this.#options;
    await shop.event("shop.customer.SignedUp", { customerId });
    if (random.fraction() > 0.9) return;
    this.#later(SHIPMENT_MS * random.fraction(), async () => {
      await shop.event("shop.customer.AddressConfirmed", { customerId });
    });
  }
}
