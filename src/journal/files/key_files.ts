/**
 * Stores each key of a sealed input in a file of its own, beside the segments, so that deleting the
 * file deletes the only copy. Its name is a digest of the job id, so no id can lead out of the
 * folder.
 */

import type { JobId } from "../../core/ids.ts";
import { Lane } from "../../engine/turns.ts";
import { JournalFullError, type KeyStore } from "../../engine/ports.ts";
import { isOutOfRoom, orUnusable } from "../errors.ts";
import { type FileSystem, readText, removeIfThere, replaceFile } from "./file_system.ts";
import { requireKind } from "./folder.ts";
import { KEY, type Layout } from "../layout.ts";
import { keyIn, keyName, keyText, newKey } from "./wrapped_key.ts";

/** The name of a key file; other files in the folder are ignored. */
const NAME = /^[0-9a-f]{64}\.key(?:\.tmp)?$/;

/**
 * The most keys that are created at a time; a request may need a thousand. With more, the system's
 * answers about files keep coming, and Deno looks at connections only when there are none.
 */
const CREATED_MAX = 3;

export class KeyFiles implements KeyStore {
  readonly #secretKey: Uint8Array | undefined;
  readonly #lanes = Array.from({ length: CREATED_MAX }, () => new Lane());
  #created = 0;
  #folder: Promise<void> | undefined;

  /** @param secretKey Wraps every new key, if given; see `keyText`. */
  constructor(
    private readonly fileSystem: FileSystem,
    private readonly layout: Layout,
    secretKey?: Uint8Array,
  ) {
    this.#secretKey = secretKey;
  }

  async create(jobId: JobId): Promise<Uint8Array> {
    using _turn = await this.#lanes[this.#created++ % CREATED_MAX]?.enter();
    const key = newKey();
    const path = this.#pathOf(jobId);
    try {
      await (this.#folder ??= this.#makeFolder());
      await this.#write(path, keyText(key, nameOf(jobId), this.#secretKey));
    } catch (error) {
      this.#folder = undefined;
      if (!isOutOfRoom(error)) throw error;
      const message = `Cannot write ${path}: the disk is full. Nothing was recorded`;
      throw new JournalFullError(message, { cause: error });
    }
    return key;
  }

  async read(jobId: JobId): Promise<Uint8Array | undefined> {
    return await this.#keyAt(nameOf(jobId));
  }

  async remove(jobId: JobId): Promise<void> {
    await removeIfThere(this.fileSystem, this.#pathOf(jobId));
    if (await this.#exists()) await this.fileSystem.syncFolder(this.layout.keys);
  }

  async held(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    return (await this.#sorted(jobIds, "held")).held;
  }

  async keepOnly(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    const { held, others } = await this.#sorted(jobIds, "all");
    const { keys } = this.layout;
    await orUnusable("remove orphans from", keys, () => this.#removeAll(others));
    return held;
  }

  /** All keys, by `keyName`. */
  async all(): Promise<ReadonlyMap<string, Uint8Array>> {
    const keys = new Map<string, Uint8Array>();
    for (const file of (await this.#sorted([], "all")).others) {
      const key = file.endsWith(KEY) ? await this.#keyAt(file) : undefined;
      if (key !== undefined) keys.set(file.slice(0, -KEY.length), key);
    }
    return keys;
  }

  /** Stores a key under its `keyName`. */
  async put(name: string, key: Uint8Array): Promise<void> {
    await (this.#folder ??= this.#makeFolder());
    const file = name + KEY;
    await this.#write(`${this.layout.keys}/${file}`, keyText(key, file, this.#secretKey));
  }

  /** @param looked Which key files are checked to be regular files. */
  async #sorted(jobIds: readonly JobId[], looked: "held" | "all") {
    await requireKind(this.fileSystem, this.layout.keys, ["folder", "missing"]);
    if (!(await this.#exists())) return { held: new Set<JobId>(), others: [] };
    const { keys } = this.layout;
    const names = await orUnusable("list", keys, () => this.fileSystem.list(keys));
    const wanted = new Map(jobIds.map((jobId) => [nameOf(jobId), jobId]));
    const ours = names.filter((name) => NAME.test(name));
    const held = ours.filter((name) => wanted.has(name));
    for (const name of looked === "all" ? ours : held) {
      await requireKind(this.fileSystem, `${keys}/${name}`, ["file"]);
    }
    // With a wrong secret key no job could continue, so check it before anything else.
    const any = held[0] ?? ours.find((name) => name.endsWith(KEY));
    if (any !== undefined) await this.#keyAt(any);
    return {
      held: new Set(held.flatMap((name) => wanted.get(name) ?? [])),
      others: ours.filter((name) => !wanted.has(name)),
    };
  }

  async #keyAt(name: string): Promise<Uint8Array | undefined> {
    const path = `${this.layout.keys}/${name}`;
    await requireKind(this.fileSystem, path, ["file", "missing"]);
    const text = await this.#textAt(path);
    if (text === undefined) return undefined;
    return keyIn(text.trim(), name, this.#secretKey, path);
  }

  async #makeFolder(): Promise<void> {
    const { keys, folder } = this.layout;
    await requireKind(this.fileSystem, keys, ["folder", "missing"]);
    await this.fileSystem.makeFolder(keys);
    await this.fileSystem.syncFolder(folder);
  }

  async #write(path: string, text: string): Promise<void> {
    await replaceFile(this.fileSystem, path, new TextEncoder().encode(`${text}\n`));
  }

  /** `undefined` if there is none: another process may remove it at any time. */
  async #textAt(path: string): Promise<string | undefined> {
    try {
      return await readText(this.fileSystem, path);
    } catch (error) {
      if (await this.fileSystem.kind(path) === "missing") return undefined;
      throw error;
    }
  }

  async #removeAll(names: readonly string[]): Promise<void> {
    const { keys } = this.layout;
    for (const name of names) await removeIfThere(this.fileSystem, `${keys}/${name}`);
    if (names.length > 0) await this.fileSystem.syncFolder(keys);
  }

  async #exists(): Promise<boolean> {
    return await this.fileSystem.kind(this.layout.keys) === "folder";
  }

  #pathOf(jobId: JobId): string {
    return `${this.layout.keys}/${nameOf(jobId)}`;
  }
}

function nameOf(jobId: JobId): string {
  return keyName(jobId) + KEY;
}
