// Sees an RxJS Observable end, without importing RxJS, and runs what it does in a span.

import type { Span } from "opentracing";
import type { ScopeManager } from "./scope-manager.ts";

/** As much of RxJS 6 and 7 as we use: `lift` is what every operator of RxJS itself is made with. */
export interface PlainObservable {
  lift(operator: { call(subscriber: Subscriber, source: PlainObservable): unknown }): unknown;
  subscribe(subscriber: Subscriber): unknown;
}

interface Subscriber {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
  add(teardown: () => void): unknown;
}

/**
 * Whether it is an Observable and no more than that. A Subject or a ConnectableObservable is more: an Observable made
 * from it would lack what its owner calls.
 */
export function isPlainObservable(value: unknown): value is PlainObservable {
  if (typeof value !== "object" || value === null) return false;
  try {
    const prototype: object | null = Object.getPrototypeOf(value);
    return prototype !== null && METHODS.every((name) => typeof ownValue(prototype, name) === "function");
  } catch {
    return false; // a proxy of the application that does not like to be looked at
  }
}

const METHODS = ["lift", "subscribe", "pipe"] as const;

function ownValue(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

/**
 * Answers an Observable that does the same. Its first subscription runs in `span`, what that one calls back runs in what
 * is active for the subscriber, and `onEnd` is called once when it completes, fails (after `onError`) or is unsubscribed.
 * Later subscriptions are left alone; without any, `onEnd` is not called. The two must not throw.
 */
export function followObservable(
  observable: PlainObservable,
  span: Span,
  scope: ScopeManager,
  onEnd: () => void,
  onError: (error: unknown) => void,
): unknown {
  let isFirst = true;
  return observable.lift({
    call(subscriber, source) {
      if (!isFirst) return source.subscribe(subscriber);
      isFirst = false;
      const owner = scope.active();
      const { next, error, complete } = subscriber;
      // The same subscriber goes on to the source, not one of ours before it: RxJS ends an endless source by it.
      subscriber.next = (value) => scope.run(owner, call, next, subscriber, value);
      subscriber.error = (reason) => {
        onError(reason);
        scope.run(owner, call, error, subscriber, reason);
      };
      subscriber.complete = () => scope.run(owner, call, complete, subscriber, undefined);
      subscriber.add(onEnd);
      return scope.run(span, subscribe, source, subscriber);
    },
  });
}

function call(method: (value?: unknown) => void, subscriber: Subscriber, value: unknown): void {
  method.call(subscriber, value);
}

function subscribe(source: PlainObservable, subscriber: Subscriber): unknown {
  return source.subscribe(subscriber);
}
