/** Seals the inputs that the journal must not hold in plaintext, each with its own key; opens them. */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

import { parseJsonText } from "../../core/json_text.ts";
import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import type { JobId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import { sealedBoundTo, type SealedInput } from "../../core/sealed_input.ts";
import { JournalFailedError, type KeyStore } from "../ports.ts";
import type { Outcome, ShownInput } from "../requests.ts";
import { masked, type Protection, secretValues } from "./protection.ts";
import { NO_SECRETS, SecretGuard } from "./secret_guard.ts";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

export type OpenedInput =
  | { readonly ok: true; readonly input: JsonValue | undefined; readonly guard: SecretGuard }
  /** `reason` completes a sentence: `its key is missing`. */
  | { readonly ok: false; readonly reason: string };

/**
 * Masks a secret in other fields too, where it may also occur: the envelope has the input anyway.
 */
function shown(input: JsonValue, secrets: readonly string[]): JsonValue {
  return secretGuard(input, secrets).redacted(masked(input, secrets));
}

export function secretGuard(input: JsonValue | undefined, secrets: readonly string[]): SecretGuard {
  if (secrets.length === 0) return NO_SECRETS;
  const guard = new SecretGuard();
  if (input !== undefined) guard.watch(secretValues(input, secrets));
  return guard;
}

export type SealedJob = JobState & { readonly sealed: SealedInput };

export class Sealing {
  constructor(private readonly keys: KeyStore) {}

  /**
   * The attributes to record instead of those with a clear input. The key is durable when this
   * resolves. Rejects with `JournalFullError` when there is no room for it.
   */
  async seal(
    jobId: JobId,
    attributes: JobCreatedAttributes,
    protection: Protection,
  ): Promise<Outcome<JobCreatedAttributes>> {
    const { input, ...withoutInput } = attributes;
    const guard = secretGuard(input, protection.secrets);
    const pointer = guard.pointerIn({ ...withoutInput, jobId });
    if (pointer !== undefined) return visibleAt(pointer);
    const { idempotency } = attributes;
    const key = await this.keys.create(jobId);
    const visible = input === undefined || protection.retention !== "keep"
      ? withoutInput
      : { ...attributes, input: shown(input, protection.secrets) };
    const value = {
      ...visible,
      sealed: sealInput(jobId, input, protection, key),
      // A plain digest of the body would reveal a secret that can be guessed. A keyed one does not.
      ...(idempotency === undefined
        ? {}
        : { idempotency: { key: idempotency.key, digest: keyed(key, idempotency.digest) } }),
    };
    return { ok: true, value };
  }

  /** Discards the key of a job that is not recorded after all. */
  async keptIf<Value>(jobId: JobId, recording: Promise<Outcome<Value>>): Promise<Outcome<Value>> {
    try {
      const outcome = await recording;
      if (!outcome.ok) await this.discard(jobId);
      return outcome;
    } catch (error) {
      // After a journal failure, only the next startup can tell whether the job was recorded.
      if (!(error instanceof JournalFailedError)) await this.discard(jobId);
      throw error;
    }
  }

  /** If this fails, a start cleans up. */
  async discard(jobId: JobId): Promise<void> {
    await this.keys.remove(jobId).catch(() => {});
  }

  /** Opens a sealed input. Rejects when the key cannot be read. */
  async open(job: SealedJob): Promise<OpenedInput> {
    const { jobId, sealed } = job;
    const key = await this.keys.read(jobId);
    if (key === undefined) {
      return {
        ok: false,
        // Daybook removes only the keys of jobs that have ended.
        reason: isTerminal(job)
          ? "its input was removed, or its key lost"
          : "the key of its input is missing, and Daybook did not remove it",
      };
    }
    const text = decrypted(jobId, sealed, key);
    if (text === undefined) return { ok: false, reason: "its key is not the one of its input" };
    const input = text === "" ? undefined : parseJsonText(text) as JsonValue;
    return { ok: true, input, guard: secretGuard(input, sealed.secrets) };
  }

  /** The input of a job for people, without its secrets. */
  async show(job: JobState): Promise<Outcome<ShownInput>> {
    if (!isSealed(job)) return { ok: true, value: { input: job.input, secrets: [] } };
    const { jobId, sealed: { secrets } } = job;
    const opened = await this.open(job);
    if (!opened.ok) {
      return { ok: false, problem: { kind: "inputRemoved", jobId, reason: opened.reason } };
    }
    const { input } = opened;
    return {
      ok: true,
      value: { input: input === undefined ? input : shown(input, secrets), secrets },
    };
  }

  /**
   * Whether a job was created with a body of this digest; `undefined` when that is no longer known.
   */
  async cameWith({ jobId, idempotency }: JobState, digest: string): Promise<boolean | undefined> {
    const key = await this.keys.read(jobId);
    return key === undefined ? undefined : idempotency?.digest === keyed(key, digest);
  }
}

/** @param pointer Where else a secret of the input is, outside it; empty if in no single member. */
export function visibleAt(pointer: string): Outcome<never> {
  const place = pointer === "" ? "across several members" : `at ${pointer}`;
  const detail = `has a secret that would also be recorded ${place}, in plaintext`;
  return { ok: false, problem: { kind: "invalidInput", issues: [{ pointer: "", detail }] } };
}

/** The job with its clear input, as `run` receives it. */
export function withInput<Job extends JobState>(job: Job, input: JsonValue | undefined): Job {
  const { input: _, ...others } = job;
  return (input === undefined ? others : { ...others, input }) as Job;
}

export function isSealed(job: JobState): job is SealedJob {
  return job.sealed !== undefined;
}

function sealInput(
  jobId: JobId,
  input: JsonValue | undefined,
  { secrets, retention }: Protection,
  key: Uint8Array,
): SealedInput {
  // A key seals only one input, so an iv derived from it is never used twice.
  const iv = createHmac("sha256", key).update("daybook iv 1").digest().subarray(0, IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv);
  cipher.setAAD(new TextEncoder().encode(sealedBoundTo(jobId)));
  const text = input === undefined ? "" : JSON.stringify(input);
  const parts = [cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
  return {
    version: 1,
    iv: iv.toString("base64url"),
    ciphertext: Buffer.concat(parts).toString("base64url"),
    secrets,
    retention,
  };
}

/** `undefined` when the key, the job or the bytes are not those of the sealing. */
function decrypted(jobId: JobId, sealed: SealedInput, key: Uint8Array): string | undefined {
  const bytes = Buffer.from(sealed.ciphertext, "base64url");
  const end = bytes.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(sealed.iv, "base64url"));
    decipher.setAAD(new TextEncoder().encode(sealedBoundTo(jobId)));
    decipher.setAuthTag(bytes.subarray(end));
    return decipher.update(bytes.subarray(0, end), undefined, "utf8") + decipher.final("utf8");
  } catch {
    return undefined;
  }
}

function keyed(key: Uint8Array, digest: string): string {
  return createHmac("sha256", key).update(`daybook body 1 ${digest}`).digest("hex");
}
