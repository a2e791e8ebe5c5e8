// Makes the listeners of an EventEmitter run in the right span, for emitters that emit from somebody else's call chain.

import type { EventEmitter } from "node:events";
import type { Span } from "opentracing";
import { patch, type Undo, undoAll } from "../patch.ts";
import { hasMethods } from "../settings.ts";
import { bindTo } from "./bind.ts";
import type { ScopeManager } from "./scope-manager.ts";

type Listener = (...args: unknown[]) => unknown;
type Wrapper = Listener & { listener?: unknown };
type AddListener = (this: unknown, event: string | symbol, listener: unknown) => unknown;
type Methods = Record<"on" | "addListener" | "prependListener" | "once" | "prependOnceListener", AddListener> & {
  rawListeners(event: string | symbol): unknown[];
};

const isEmitter = hasMethods("an EventEmitter", "on", "once", "emit", "removeListener", "rawListeners");
/** From each bound listener to the function that the user added. */
const originals = new WeakMap<Listener, Listener>();
/** Node's own wrappers around bound listeners, by `once`: an emitter that is bound twice meets each twice. */
const onceWrappers = new WeakSet<Listener>();

/**
 * From now on every listener added to this emitter runs in `span`. Without `span`: each in the span that was active when
 * it was added, in none where none was. With `undefined`: in none. Listeners that are there already are left alone.
 *
 * Removing, listing and counting go by the functions that were added, as without us. Binding twice is harmless: the later
 * binding decides. Undoing stops the binding of new listeners; those added keep their span.
 *
 * @throws TypeError where `emitter` is none
 */
export function bindEmitter(scope: ScopeManager, emitter: EventEmitter, ...span: [span?: Span | undefined]): Undo {
  const expected = isEmitter(emitter);
  if (expected !== undefined) throw new TypeError(`bindEmitter(emitter): the emitter must be ${expected}`);
  const methods = emitter as unknown as Methods;
  let stopped = false;

  function bound(listener: Listener): Listener {
    const wrapper: Wrapper = bindTo(scope, listener, span.length === 0 ? scope.active() : span[0]);
    // Node's emitters take the property `listener` for the function that was meant: in removeListener, listeners,
    // listenerCount and in the events newListener and removeListener.
    wrapper.listener = listener;
    originals.set(wrapper, listener);
    return wrapper;
  }

  // Node's `once` hands a wrapper of its own to `on`: what it wraps is bound already, so the wrapper is not.
  function binding(name: "on" | "addListener" | "prependListener" | "once" | "prependOnceListener"): Undo {
    const original = methods[name];
    return patch(methods, name, function add(this: unknown, event, listener) {
      const asIs = stopped || typeof listener !== "function" || isBound(listener as Wrapper);
      return original.call(this, event, asIs ? listener : bound(listener as Listener));
    });
  }

  const { rawListeners } = methods;
  const undo = undoAll([
    binding("on"),
    binding("addListener"),
    binding("prependListener"),
    binding("once"),
    binding("prependOnceListener"),
    patch(methods, "rawListeners", function unbound(this: unknown, event) {
      return rawListeners
        .call(this as Methods, event)
        .map((listener) => originals.get(listener as Listener) ?? listener);
    }),
  ]);
  return function stop() {
    stopped = true;
    undo();
  };
}

/** Whether a listener is bound, or is Node's wrapper around one that is. The latter is told what it is in truth for. */
function isBound(listener: Wrapper): boolean {
  if (originals.has(listener) || onceWrappers.has(listener)) return true;
  const original = typeof listener.listener === "function" ? originals.get(listener.listener as Listener) : undefined;
  if (original === undefined) return false;
  listener.listener = original;
  onceWrappers.add(listener);
  return true;
}
