import type { MessagePort } from "node:worker_threads";
import type { CarriedFailure } from "./carried-failure.ts";

/** What a thread is given when it begins. */
export interface ThreadData {
  /** Calls come in, outcomes and questions go out. */
  readonly port: MessagePort;
  /** Answers to questions come in; nobody listens: who has asked takes it out. */
  readonly answers: MessagePort;
  /** See {@link CANCELLED} and {@link ANSWERED}. */
  readonly flags: Int32Array;
}

/** The place among the flags that is 1 while the call under way is cancelled; written by the calling thread alone. */
export const CANCELLED = 0;

/** The place among the flags that counts the answers to questions, on which the thread that has asked sleeps. */
export const ANSWERED = 1;

/** A call, as a thread gets it. */
export interface CallMessage {
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What a thread says: the outcome of its call, or a question that the call stands still for. */
export type ThreadMessage =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "failure"; readonly failure: CarriedFailure }
  | { readonly kind: "uncloneable"; readonly failure: CarriedFailure }
  | { readonly kind: "question"; readonly name: string; readonly args: readonly unknown[] };

/** The answer to a question. */
export type AnswerMessage =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "failure"; readonly failure: CarriedFailure };
